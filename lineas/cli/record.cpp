// lineas record: what a model computes at its sites for a list of prompts, as
// one safetensors file.
#include <numeric>

#include "lineas/base/file.h"
#include "lineas/base/log.h"
#include "lineas/cli/picture_arguments.h"
#include "lineas/cli/program.h"
#include "lineas/generate/text_drive.h"
#include "lineas/tap/recorder.h"
#include "lineas/tensor/checkpoint.h"

namespace lineas {
namespace {

// The network that denoises.
constexpr const char* kPictureSites = R"((unet|transformer)\..*)";

struct Arguments : TextRunArguments {
  PictureArguments picture;
  std::string sites;
  std::string pool = "mean";
  std::string output;
  int64_t batch = 32;
  uint64_t seed = 0;
};

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

std::vector<int64_t> all_rows(const Drive& drive) {
  std::vector<int64_t> rows(drive.row_count());
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

Tensor row_offsets(const TextDrive& drive) {
  std::vector<int64_t> offsets{0};
  for (const auto& prompt : drive.prompts())
    offsets.push_back(offsets.back() + static_cast<int64_t>(prompt.size()));
  return at::tensor(offsets, at::kLong);
}

bool keeps_tokens(const Arguments& arguments) {
  return arguments.pool == "all";
}

NamedTensors record_rows(Drive& drive,
                         const std::vector<Place>& places,
                         const Arguments& arguments,
                         Tap& before) {
  RecordOptions options{.micro_batch = arguments.batch, .before = &before};
  if (!keeps_tokens(arguments))
    options.reading.pooling = parse_pooling(arguments.pool);
  const std::vector<int64_t> rows = all_rows(drive);
  const std::vector<Tensor> recorded =
      keeps_tokens(arguments) ? record_tokens(drive, rows, places, options)
                              : record(drive, rows, places, options);
  NamedTensors named;
  for (size_t p = 0; p < places.size(); ++p)
    named.emplace_back(drive.name_of(places[p]), recorded[p]);
  return named;
}

// What was recorded, and of what model.
struct Recorded {
  NamedTensors tensors;  // one a site, behind them the rows' offsets
  Json model;
  size_t sites = 0;
};

Recorded record_texts(const Arguments& arguments, const PromptSet& prompts) {
  refuse_picture_options(arguments.picture, arguments.model.model);
  const Engine engine = open_engine(arguments.model);
  const auto steerings = load_steerings(engine, arguments.steer);
  warn_of_given_tokens(steerings);
  SteerTap tap(engine.model().sites(), steerings);
  TextDrive drive(engine.model(), engine.encode(prompts));
  const std::string sites = arguments.sites.empty() ? ".*" : arguments.sites;
  const std::vector<Place> places = drive.places(sites);
  Recorded recorded{record_rows(drive, places, arguments, tap),
                    engine.identity(),
                    places.size()};
  if (keeps_tokens(arguments))
    recorded.tensors.emplace_back("row_offsets", row_offsets(drive));
  return recorded;
}

// Row i starts from noise i.
PictureRows picture_rows(const Arguments& arguments, const PromptSet& prompts) {
  PictureRows rows{.prompts = picture_texts(prompts),
                   .latents = read_latents(arguments.picture),
                   .noise = noise_options(arguments.picture)};
  for (int64_t i = 0; i < std::ssize(rows.prompts); ++i) {
    rows.rows.push_back({i, i});
    rows.seeds.push_back(arguments.seed + static_cast<uint64_t>(i));
  }
  if (rows.noise.one_generator) rows.seeds.resize(1);
  return rows;
}

Recorded record_pictures(const Arguments& arguments, const PromptSet& prompts) {
  const PictureEngine engine =
      open_picture_engine(arguments.model, arguments.picture);
  const PictureSettings& settings = arguments.picture.settings;
  const auto steerings = load_steerings(engine, arguments.steer, settings);
  SteerTap tap(engine.model().sites(), steerings);
  PictureDrive drive(engine.model(),
                     settings,
                     picture_rows(arguments, prompts),
                     {.calls = 1, .encodes_in_run = true});
  const std::string sites =
      arguments.sites.empty() ? kPictureSites : arguments.sites;
  const std::vector<Place> places = drive.places(sites);
  return {record_rows(drive, places, arguments, tap),
          engine.identity(),
          places.size()};
}

void run(const Arguments& arguments) {
  if (!keeps_tokens(arguments)) parse_pooling(arguments.pool);
  check_writable(arguments.output);
  const PromptSet prompts = read_prompts(arguments.file);
  const Recorded recorded = is_picture_model(arguments.model.model)
                                ? record_pictures(arguments, prompts)
                                : record_texts(arguments, prompts);
  write_safetensors(arguments.output,
                    recorded.tensors,
                    {{"format", "lineas.acts"},
                     {"version", "1"},
                     {"pool", arguments.pool},
                     {"model", recorded.model.dump()},
                     {"prompts", content_hash(prompts)}});
  log_info("{}: {} prompts at {} sites",
           arguments.output,
           prompts.size(),
           recorded.sites);
}

}  // namespace

void add_record(CLI::App& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App& command = *program.add_subcommand(
      "record",
      "Write what a model computes for prompts to a file; of pictures, in the "
      "first step of denoising");
  add_text_run_options(command, *arguments);
  command
      .add_option("--sites",
                  arguments->sites,
                  "Which sites; a regular expression for the whole name "
                  "(default: all; of pictures all of the denoiser)")
      ->type_name("REGEX");
  command
      .add_option("--pool",
                  arguments->pool,
                  "Over the tokens of a prompt: mean, max, min, median or last "
                  "(<site> [N, D]); all keeps every token (<site> [S, D] and "
                  "row_offsets [N+1])")
      ->type_name("mean|max|min|median|last|all")
      ->capture_default_str();
  command.add_option("--batch", arguments->batch, "Prompts of one model call")
      ->type_name("N")
      ->check(at_least_one())
      ->capture_default_str();
  add_picture_options(command, arguments->picture, "--steps");
  add_guidance_half_option(command, arguments->steer);
  arguments->picture.options.push_back(
      command
          .add_option("-s,--seed",
                      arguments->seed,
                      "Of the noise of the first picture; the next ones count "
                      "on from it")
          ->type_name("SEED")
          ->capture_default_str());
  command.add_option("-o,--output", arguments->output, "File to write")
      ->type_name("ACTS.safetensors")
      ->required();
  command.callback([arguments] { run(*arguments); });
}

}  // namespace lineas
