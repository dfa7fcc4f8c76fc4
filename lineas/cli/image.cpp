// lineas image: draws prompts, steered or not, at one strength or as a slider.
#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/log.h"
#include "lineas/base/progress.h"
#include "lineas/base/version.h"
#include "lineas/cli/picture_arguments.h"
#include "lineas/cli/picture_output.h"
#include "lineas/cli/program.h"
#include "lineas/data/prompts.h"
#include "lineas/tensor/checkpoint.h"

namespace lineas {
namespace {

struct Arguments {
  ModelArguments model;
  SteerArguments steer;
  PictureArguments picture;
  std::vector<std::string> prompts;
  std::string file;
  uint64_t seed = 0;
  int64_t samples = 1;
  int64_t batch = 4;
  std::string output;
  std::string tensors;
};

std::vector<std::string> gather_prompts(const Arguments& arguments) {
  if (arguments.prompts.empty() == arguments.file.empty())
    fail(ErrorKind::usage, "image takes either -p PROMPT or -f FILE");
  if (arguments.file.empty()) return arguments.prompts;
  return picture_texts(read_prompts(arguments.file));
}

// `specs`: how the user named them, with the part of the denoising.
Json describe_maps(const std::vector<Steering>& steerings,
                   const std::vector<std::string>& specs) {
  Json maps = Json::array();
  for (size_t i = 0; i < steerings.size(); ++i)
    maps.push_back({{"map", steerings[i].name},
                    {"steer", specs[i]},
                    {"strength", steerings[i].strength},
                    {"guidance", to_string(steerings[i].set.rules.guidance)}});
  return maps;
}

// All that the pictures depend on.
Json make_recipe(const Arguments& arguments,
                 const PictureEngine& engine,
                 const std::vector<Steering>& steerings) {
  const PictureSettings& settings = arguments.picture.settings;
  const PictureEngine::Plan plan = engine.plan(settings);
  Json recipe{{"program", fmt::format("lineas {}", kVersion)},
              {"model", engine.identity()},
              {"maps", describe_maps(steerings, arguments.steer.maps)},
              {"width", plan.size.width},
              {"height", plan.size.height},
              {"steps", plan.steps},
              {"timesteps", plan.timesteps},
              {"scheduler", plan.scheduler},
              {"cfg_scale", settings.cfg_scale},
              {"samples", arguments.samples},
              {"dtype", name_of_dtype(engine.model().dtype())},
              {"noise_dtype", arguments.picture.noise_dtype}};
  if (!arguments.steer.strengths.empty())
    recipe["strengths"] = arguments.steer.strengths;
  if (settings.negative) recipe["negative"] = *settings.negative;
  if (!arguments.picture.latents.empty())
    recipe["latents"] = arguments.picture.latents;
  return recipe;
}

PictureRequest make_request(const Arguments& arguments,
                            std::vector<Steering> steerings) {
  PictureRequest request{.prompts = gather_prompts(arguments),
                         .settings = arguments.picture.settings,
                         .steerings = std::move(steerings),
                         .samples = arguments.samples,
                         .seed = arguments.seed,
                         .latents = read_latents(arguments.picture),
                         .noise = noise_options(arguments.picture),
                         .batch = arguments.batch,
                         .keeps_latents = !arguments.tensors.empty(),
                         .is_cancelled = interrupted};
  if (!arguments.steer.strengths.empty())
    request.strengths = arguments.steer.strengths;
  return request;
}

PictureOutput make_output(const Arguments& arguments,
                          const StrengthList& strengths) {
  PictureOutput output{.path = arguments.output};
  if (!arguments.steer.strengths.empty())
    for (const double strength : strengths.shown)
      output.strengths.push_back(fmt::format("{:.3g}", strength));
  return output;
}

// Whatever it writes can be written.
void check_outputs(const Arguments& arguments) {
  PictureOutput output{.path = arguments.output};
  if (!arguments.steer.strengths.empty()) output.strengths = {"given"};
  check_picture_output(output);
  check_writable(arguments.output);
  if (!arguments.tensors.empty()) check_writable(arguments.tensors);
}

// latents [steps + 1, N, ...], image [N, 3, H, W].
void save_tensors(const std::string& path,
                  const std::vector<MadePicture>& made) {
  std::vector<Tensor> latents, pictures;
  for (const MadePicture& picture : made) {
    if (!picture.error.empty()) continue;
    latents.push_back(at::stack(picture.latents));
    pictures.push_back(picture.picture_3HW);
  }
  if (pictures.empty()) return;
  write_safetensors(path,
                    {{"latents", at::stack(latents, 1).contiguous()},
                     {"image", at::stack(pictures)}});
}

// Draws, and writes each picture that stands alone as soon as it is there.
class Drawing {
 public:
  Drawing(const PictureEngine& engine,
          PictureRequest& request,
          const PictureOutput& output)
      : engine_(engine), request_(request), output_(output) {
    request.on_step = [this](int64_t done, int64_t total) {
      if (done == 1) progress_.begin("drawing", total);
      progress_.update(done, "");
    };
    if (output.strengths.empty())
      request.on_picture = [this](const MadePicture& made) { write(made); };
  }

  std::vector<MadePicture> run() {
    auto made = run_pictures(engine_, request_);
    if (!made.empty()) progress_.end();
    if (!output_.strengths.empty()) write_together(output_, request_, made);
    return made;
  }
  /// What is there now, in words.
  std::string files() const {
    if (!output_.strengths.empty() || last_file_ == output_.path)
      return output_.path;
    return fmt::format("{} ... {}", output_.path, last_file_);
  }

 private:
  void write(const MadePicture& made) {
    ++number_;
    if (made.error.empty())
      last_file_ = write_alone(output_, request_, made, number_);
  }

  const PictureEngine& engine_;
  PictureRequest& request_;
  const PictureOutput& output_;
  TerminalProgress progress_;
  size_t number_ = 0;
  std::string last_file_;
};

void run(const Arguments& arguments) {
  check_outputs(arguments);
  const PictureEngine engine =
      open_picture_engine(arguments.model, arguments.picture);
  PictureRequest request = make_request(
      arguments,
      load_steerings(engine, arguments.steer, arguments.picture.settings));
  PictureOutput output = make_output(
      arguments, list_strengths(arguments.steer, request.steerings));
  output.recipe = make_recipe(arguments, engine, request.steerings);
  const InterruptGuard guard;
  Drawing drawing(engine, request, output);
  const auto made = drawing.run();
  if (!arguments.tensors.empty()) save_tensors(arguments.tensors, made);
  check_none_failed(made);
  if (interrupted())
    fail(ErrorKind::cancelled,
         "stopped by ctrl-C with {} pictures made",
         made.size());
  log_info("{}: {} picture(s)", drawing.files(), made.size());
}

void add_run_options(CLI::App& command, Arguments& arguments) {
  command
      .add_option("-s,--seed",
                  arguments.seed,
                  "Of the first picture; the next ones count on from it. "
                  "Strength and batch change no noise")
      ->type_name("SEED")
      ->capture_default_str();
  command
      .add_option("-b,--samples", arguments.samples, "Pictures of each prompt")
      ->type_name("K")
      ->check(at_least_one())
      ->capture_default_str();
  command
      .add_option("--batch", arguments.batch, "Pictures of one denoiser call")
      ->type_name("N")
      ->check(at_least_one())
      ->capture_default_str();
}

}  // namespace

void add_image(CLI::App& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App& command =
      *program.add_subcommand("image", "Draw prompts, steered or not");
  add_model_options(command, arguments->model);
  command
      .add_option("-p,--prompt",
                  arguments->prompts,
                  "The prompt; several make the rows of a grid")
      ->type_name("PROMPT")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command
      .add_option("-f,--file",
                  arguments->file,
                  "Prompts: .txt, .jsonl, .csv, .json#subset; -: standard "
                  "input")
      ->type_name("FILE");
  add_map_options(command, arguments->steer);
  add_guidance_half_option(command, arguments->steer);
  add_strengths_option(command, arguments->steer);
  add_picture_options(command, arguments->picture, "--steps");
  add_run_options(command, *arguments);
  command
      .add_option("-o,--output",
                  arguments->output,
                  "The picture to write, further ones get a number (out-2.png);"
                  " with --strengths one strip of all, or as .gif an animation")
      ->type_name("OUT.png")
      ->required();
  command
      .add_option("--save-tensors",
                  arguments->tensors,
                  "Write `latents` [steps + 1, N, ...], start and after every "
                  "step, and `image` [N, 3, H, W] in [0, 1]")
      ->type_name("OUT.safetensors");
  command.callback([arguments] { run(*arguments); });
}

}  // namespace lineas
