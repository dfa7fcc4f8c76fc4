#include "lineas/cli/picture_output.h"

#include "lineas/base/error.h"
#include "lineas/picture/gif.h"
#include "lineas/picture/grid.h"

namespace lineas {
namespace {

constexpr Colour kFailed = {128, 128, 128};

bool is_gif(const std::string& path) {
  return path.ends_with(".gif");
}

// "out.png", 3 -> "out-3.png".
std::string numbered(const std::string& path, size_t number) {
  if (number == 1) return path;
  const size_t dot = path.rfind('.');
  return fmt::format("{}-{}{}", path.substr(0, dot), number, path.substr(dot));
}

// One word a fact, as the tools that show `parameters` expect it.
std::string describe_for_tools(const Json& recipe) {
  std::string text = recipe.value("prompt", "");
  if (recipe.contains("negative"))
    text += "\nNegative prompt: " + recipe["negative"].get<std::string>();
  text += fmt::format("\nSteps: {}, Sampler: {}, CFG scale: {}",
                      recipe.value("steps", 0),
                      recipe.value("scheduler", ""),
                      recipe.value("cfg_scale", 0.0));
  if (recipe.contains("seed"))
    text += fmt::format(", Seed: {}", recipe["seed"].get<uint64_t>());
  text += fmt::format(", Size: {}x{}, Model: {}",
                      recipe.value("width", 0),
                      recipe.value("height", 0),
                      recipe["model"].value("id", ""));
  for (const Json& map : recipe["maps"])
    text += fmt::format(
        ", Steering: {}:{}", map.value("map", ""), map.value("strength", 1.0));
  return text + ", Version: " + recipe.value("program", "");
}

// The run's recipe, of this picture alone.
Json recipe_of(const PictureOutput& output,
               const PictureRequest& request,
               const MadePicture& made) {
  Json recipe = output.recipe;
  recipe["prompt"] = request.prompts[made.prompt];
  recipe["sample"] = made.sample;
  if (!request.latents.defined()) recipe["seed"] = made.seed;
  return recipe;
}

// All as cells of one size.
std::vector<Picture> cells_of(const std::vector<MadePicture>& made) {
  std::vector<Picture> cells(made.size());
  Picture blank;
  for (size_t i = 0; i < made.size(); ++i)
    if (made[i].error.empty()) {
      cells[i] = to_bytes(made[i].picture_3HW);
      blank = blank_picture(cells[i].width, cells[i].height, kFailed);
    }
  for (Picture& cell : cells)
    if (cell.width == 0) cell = blank;
  return cells;
}

// What tells the rows of a grid apart: the prompt where there are several, the
// seed where there are several samples.
std::vector<std::string> row_labels(const PictureRequest& request,
                                    const std::vector<MadePicture>& made,
                                    size_t columns) {
  std::vector<std::string> labels;
  if (made.size() == columns) return labels;
  for (size_t i = 0; i < made.size(); i += columns) {
    std::string label;
    if (request.prompts.size() > 1) label = request.prompts[made[i].prompt];
    if (request.samples > 1)
      label +=
          fmt::format("{}seed {}", label.empty() ? "" : ", ", made[i].seed);
    labels.push_back(std::move(label));
  }
  return labels;
}

std::vector<Picture> frames_of(const std::vector<Picture>& cells,
                               const PictureOutput& output) {
  const size_t columns = output.strengths.size();
  std::vector<Picture> frames;
  for (size_t s = 0; s < columns; ++s) {
    std::vector<Picture> together;
    for (size_t i = s; i < cells.size(); i += columns)
      together.push_back(cells[i]);
    frames.push_back(together.size() == 1 ? together[0] : make_strip(together));
  }
  return make_frames(frames, output.strengths);
}

}  // namespace

void check_picture_output(const PictureOutput& output) {
  if (!output.path.ends_with(".png") && !is_gif(output.path))
    fail(ErrorKind::usage,
         "-o {}: pictures are written as .png, with --strengths also as .gif",
         output.path);
  if (is_gif(output.path) && output.strengths.empty())
    fail(ErrorKind::usage,
         "-o {}: an animation shows strengths: give --strengths "
         "0,0.25,0.5,0.75,1",
         output.path);
}

std::string write_alone(const PictureOutput& output,
                        const PictureRequest& request,
                        const MadePicture& made,
                        size_t number) {
  const std::string path = numbered(output.path, number);
  write_png(path,
            to_bytes(made.picture_3HW),
            recipe_texts(recipe_of(output, request, made)));
  return path;
}

void write_together(const PictureOutput& output,
                    const PictureRequest& request,
                    const std::vector<MadePicture>& made) {
  const std::vector<Picture> cells = cells_of(made);
  if (cells.empty() || cells[0].width == 0) return;
  if (is_gif(output.path))
    return write_gif(output.path, frames_of(cells, output));
  const size_t columns = output.strengths.size();
  Json recipe = output.recipe;
  if (request.prompts.size() == 1) recipe["prompt"] = request.prompts[0];
  if (!request.latents.defined()) recipe["seed"] = request.seed;
  write_png(output.path,
            make_grid(cells,
                      static_cast<int64_t>(columns),
                      {.columns = output.strengths,
                       .rows = row_labels(request, made, columns)}),
            recipe_texts(recipe));
}

std::vector<PngText> recipe_texts(const Json& recipe) {
  return {{kParametersKeyword, describe_for_tools(recipe)},
          {kRecipeKeyword, recipe.dump()}};
}

}  // namespace lineas
