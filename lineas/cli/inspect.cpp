// lineas inspect: what is in a model, a map file, a file of recorded
// activations or the texts of a picture.
#include <sstream>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/gguf.h"
#include "lineas/base/names.h"
#include "lineas/base/printable.h"
#include "lineas/cli/arguments.h"
#include "lineas/cli/inspect_map.h"
#include "lineas/cli/program.h"
#include "lineas/engine/find_model.h"
#include "lineas/engine/picture_engine.h"
#include "lineas/maps/statedict.h"
#include "lineas/picture/png.h"
#include "lineas/tensor/checkpoint.h"

namespace lineas {
namespace {

struct Arguments {
  ModelArguments model;
  std::string sites = ".*";
  int64_t top = 5;
  bool json = false;
};

void print_sites(const Arguments& arguments, const SiteTable& sites) {
  if (!arguments.json) fmt::print("{:>8}  site\n", "width");
  for (const SiteIndex index : sites.match(arguments.sites)) {
    const Site& site = sites[index];
    if (arguments.json)
      print_json({{"site", site.name}, {"width", site.width}});
    else
      fmt::print("{:>8}  {}\n", site.width, site.name);
  }
}

void inspect_language_model(const Arguments& arguments,
                            const std::string& path) {
  const auto model = load_language_model(
      path, {.dtype = parse_dtype(arguments.model.dtype), .device = at::kCPU});
  const LanguageModelInfo& info = model->info();
  if (!arguments.json)
    fmt::print(
        "{}: {}, {} layers of width {}, vocabulary {}, context {}, {:.1f} MB "
        "of weights\n",
        path,
        info.architecture,
        info.layers,
        info.width,
        info.vocabulary,
        info.context,
        static_cast<double>(model->weight_bytes()) / 1e6);
  print_sites(arguments, model->sites());
}

void inspect_picture_model(const Arguments& arguments,
                           const std::string& folder) {
  const PictureModel model(folder,
                           {.dtype = parse_dtype(arguments.model.dtype)});
  if (!arguments.json) {
    const auto size = make_denoiser(model.networks(), {})->size();
    fmt::print("{}: {}, pictures of {}x{}, {:.1f} MB of weights\n",
               folder,
               model.index().class_name,
               size.width,
               size.height,
               static_cast<double>(model.networks().weight_bytes) / 1e6);
    for (const auto& [component, name] : model.index().classes)
      fmt::print("  {}: {}\n", component, name);
  }
  print_sites(arguments, model.sites());
}

void inspect_model(const Arguments& arguments) {
  const std::string path = find_model(arguments.model.model);
  if (is_pipeline_folder(path))
    inspect_picture_model(arguments, path);
  else
    inspect_language_model(arguments, path);
}

// The texts of a picture; as JSON its recipe.
void inspect_picture(const Arguments& arguments) {
  const PngFile file = read_png(arguments.model.model);
  if (arguments.json) {
    const std::string recipe = file.text(kRecipeKeyword);
    if (recipe.empty())
      fail(ErrorKind::format,
           "{}: has no recipe of `lineas image` in it",
           arguments.model.model);
    return print_json(parse_json(recipe, arguments.model.model));
  }
  fmt::print("{}: {}x{} pixels\n",
             arguments.model.model,
             file.picture.width,
             file.picture.height);
  for (const PngText& text : file.texts) {
    fmt::print("{}:", printable_whole(text.keyword));
    std::istringstream lines(text.text);
    for (std::string line; std::getline(lines, line);)
      fmt::print(" {}\n", printable_whole(line));
  }
}

void inspect_activations(const Arguments& arguments,
                         const SafetensorsFile& file) {
  SiteTable table;
  std::vector<int64_t> rows;
  for (const TensorEntry& entry : file.entries()) {
    if (entry.name == "row_offsets") continue;
    check_site_name(entry.name, file.path());
    if (entry.shape.size() != 2)
      fail(ErrorKind::format,
           "{}: tensor \"{}\" is {}, recorded activations are [N, D]",
           file.path(),
           entry.name,
           to_string(entry.shape));
    table.add(entry.name, entry.shape[1]);
    rows.push_back(entry.shape[0]);
  }
  const auto matched = table.match(arguments.sites);
  if (!arguments.json) {
    for (const auto& [key, value] : file.metadata())
      fmt::print("{}: {}\n", printable_whole(key), printable_whole(value));
    fmt::print("{:>8}  {:>8}  site\n", "rows", "width");
  }
  for (const SiteIndex index : matched) {
    const Site& site = table[index];
    if (arguments.json)
      print_json(
          {{"site", site.name}, {"width", site.width}, {"rows", rows[index]}});
    else
      fmt::print("{:>8}  {:>8}  {}\n", rows[index], site.width, site.name);
  }
}

void inspect_file(const Arguments& arguments) {
  const std::string& path = arguments.model.model;
  const SafetensorsFile file(path);
  const std::string format = file.metadata("format");
  if (format == "lineas.map")
    return inspect_map(path,
                       {.sites = arguments.sites,
                        .top = arguments.top,
                        .json = arguments.json});
  if (format == "lineas.acts") return inspect_activations(arguments, file);
  fail(ErrorKind::format,
       "{}: is neither a map nor recorded activations (its metadata has no "
       "format of ours). For a model, name its folder or GGUF file.",
       path);
}

void run(const Arguments& arguments) {
  set_threads(arguments.model.threads);
  const std::string& what = arguments.model.model;
  if (what.ends_with(kStatedictExtension) ||
      (has_statedict_files(what) && !file_exists(what + "/config.json")))
    fail(ErrorKind::unsupported,
         "{}: holds maps as the published programs keep them. `lineas convert "
         "FOLDER -o MAP.safetensors` makes a map file of such a folder.",
         what);
  if (what.ends_with(".png"))
    inspect_picture(arguments);
  else if (file_exists(what) && !is_directory(what) && !is_gguf_file(what))
    inspect_file(arguments);
  else
    inspect_model(arguments);
}

}  // namespace

void add_inspect(CLI::App& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App& command = *program.add_subcommand(
      "inspect", "List what is in a model, a map or recorded activations");
  command
      .add_option("what",
                  arguments->model.model,
                  "Model folder, GGUF file or bundled name, map file, file of "
                  "`record`, or picture of `image`")
      ->type_name("MODEL|MAP|ACTS|PNG")
      ->required();
  command
      .add_option("--sites",
                  arguments->sites,
                  "Only these; a regular expression for the whole name")
      ->type_name("REGEX")
      ->capture_default_str();
  command
      .add_option("--top",
                  arguments->top,
                  "Of a map: how many of the most moved neurons to list")
      ->type_name("N")
      ->check(not_negative())
      ->capture_default_str();
  add_device_options(command, arguments->model);
  command.add_flag("--json",
                   arguments->json,
                   "A line a site: site, width; for a map also support (moved "
                   "neurons), max_scale (largest |scale - 1|), max_shift; for "
                   "activations rows");
  command.callback([arguments] { run(*arguments); });
}

}  // namespace lineas
