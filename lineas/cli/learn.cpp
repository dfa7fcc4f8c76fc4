// lineas learn: two prompt lists in, a map out.
#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/log.h"
#include "lineas/cli/arguments.h"
#include "lineas/cli/method_options.h"
#include "lineas/cli/picture_arguments.h"
#include "lineas/cli/program.h"
#include "lineas/cli/provenance.h"
#include "lineas/cli/recipe.h"
#include "lineas/engine/learn_picture_maps.h"
#include "lineas/learn/methods.h"
#include "lineas/learn/run_state.h"

namespace lineas {
namespace {

struct Arguments {
  ModelArguments model;
  std::string source, target;
  std::string output;
  std::string tokens = "all";
  OptionTexts options;
  PictureArguments picture;
  bool has_own_noise = false;
  std::string recompute = "auto";
  bool skips_calibration = false;
  PictureLearnRequest request;  // of a text model: the first half of it
};

constexpr size_t kFewPrompts = 4;

void warn_of_few(const PromptSet& prompts, int64_t take) {
  const size_t count = take > 0
                           ? std::min(prompts.size(), static_cast<size_t>(take))
                           : prompts.size();
  if (count < kFewPrompts)
    log_warning(
        "{}: {} prompt(s); a distribution is hard to tell from so few, "
        "32 are enough",
        prompts.name,
        count);
}

void warn_of_state(const RunFiles& files) {
  if (!files.resume && file_exists(files.state))
    log_warning(
        "{}: what an unfinished run left; it goes when this one has ended. "
        "--resume would continue it",
        files.state);
}

// From what distance to what, and how many neurons that takes where it is not
// all of them.
std::string describe_gain(const Json& provenance) {
  const std::string loss = describe_loss(provenance);
  const std::string transport = describe_transport(provenance);
  const Json found = provenance.value("found", Json::object());
  std::string gain;
  if (!loss.empty()) gain += ", loss " + loss;
  if (!transport.empty()) gain += ", transport loss at the sites " + transport;
  if (found.contains("penalty") ||
      found.value("support", 0) != found.value("neurons", 0))
    gain += ", " + describe_support(provenance);
  return gain;
}

std::optional<bool> parse_recompute(const std::string& text) {
  if (text == "auto") return std::nullopt;
  if (text == "on" || text == "off") return text == "on";
  fail(ErrorKind::usage, "--recompute {}: use auto, on or off", text);
}

MapSet learn_on_pictures(Arguments& arguments, Progress& progress) {
  PictureLearnRequest& request = arguments.request;
  request.settings = arguments.picture.settings;
  request.shares_noise = !arguments.has_own_noise;
  request.recomputes = parse_recompute(arguments.recompute);
  request.latents = read_latents(arguments.picture);
  request.noise = noise_options(arguments.picture);
  return learn_maps(open_picture_engine(arguments.model, arguments.picture),
                    request,
                    progress);
}

MapSet learn_on_texts(const Arguments& arguments, Progress& progress) {
  refuse_picture_options(arguments.picture, arguments.model.model);
  LearnRequest request = arguments.request;
  request.calibrates = !arguments.skips_calibration;
  return learn_maps(open_engine(arguments.model), request, progress);
}

void run(Arguments arguments) {
  check_writable(arguments.output);
  LearnRequest& request = arguments.request;
  request.options = parse_options(request.method, arguments.options);
  request.tokens = parse_token_scope(arguments.tokens);
  request.files.state = arguments.output + ".state";
  if (!request.files.log.empty()) check_writable(request.files.log);
  warn_of_state(request.files);
  request.source = read_prompts(arguments.source);
  request.target = read_prompts(arguments.target);
  warn_of_few(request.source, request.take);
  warn_of_few(request.target, request.take);
  TerminalProgress progress;
  const InterruptGuard guard;
  const MapSet set = is_picture_model(arguments.model.model)
                         ? learn_on_pictures(arguments, progress)
                         : learn_on_texts(arguments, progress);
  write_map_set(arguments.output, set);
  remove_state(request.files);
  log_info("{}: {} maps{}",
           arguments.output,
           set.maps.size(),
           describe_gain(set.provenance));
}

void add_run_options(CLI::App& command, RunFiles& files) {
  command
      .add_option("--save-every",
                  files.save_every,
                  "Keep the state in MAP.state every so many steps (ctrl-C "
                  "keeps it always)")
      ->type_name("N")
      ->check(not_negative());
  command.add_flag("--resume", files.resume, "Continue from MAP.state");
  command
      .add_option("--log",
                  files.log,
                  "Write loss, loss per site, rate, support, seconds and "
                  "memory of every step")
      ->type_name("FILE.jsonl");
}

// What of a picture's making is learned from.
void add_trajectory_options(CLI::App& command, Arguments& arguments) {
  PictureArguments& picture = arguments.picture;
  PictureLearnRequest& request = arguments.request;
  add_picture_options(command, picture, "--sampler-steps");
  picture.options.push_back(
      command
          .add_option("--denoise-steps",
                      request.denoise_steps,
                      "Of pictures: learn from the first K of the sampler's "
                      "steps")
          ->type_name("K")
          ->check(at_least_one())
          ->capture_default_str());
  picture.options.push_back(
      command
          .add_option(
              "--recompute",
              arguments.recompute,
              "Hold the graph of one layer at a time: the same maps in "
              "less memory for one more forward pass; auto: where memory "
              "is short")
          ->type_name("auto|on|off")
          ->capture_default_str());
  picture.options.push_back(command.add_flag(
      "--per-step",
      request.per_step,
      "A map for each of these steps, instead of one for all"));
  picture.options.push_back(
      command
          .add_option("--noise-seed",
                      request.seed,
                      "Of the noise of the first prompt; the next ones count "
                      "on from it")
          ->type_name("SEED")
          ->capture_default_str());
  picture.options.push_back(command.add_flag(
      "--own-noise",
      arguments.has_own_noise,
      "Target prompts start from noise of their own, not from that of the "
      "source prompts"));
}

}  // namespace

void add_learn(CLI::App& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App& command = *program.add_subcommand(
      "learn", "Learn maps that lead from one list of prompts to another");
  add_recipe_options(command);
  add_model_options(command, arguments->model);
  command
      .add_option("--source", arguments->source, "Prompts to lead away from")
      ->type_name("FILE")
      ->required();
  command.add_option("--target", arguments->target, "Prompts to lead to")
      ->type_name("FILE")
      ->required();
  LearnRequest& request = arguments->request;
  command
      .add_option("--take",
                  request.take,
                  "Only the first N prompts of each list; 0: all")
      ->type_name("N")
      ->check(not_negative());
  command
      .add_option("--sites",
                  request.sites,
                  "Sites that get a map; a regular expression for the whole "
                  "name (default: the norms after attention, or those before "
                  "the MLP; of pictures all norms of the UNet, or FLUX's "
                  "blocks)")
      ->type_name("REGEX");
  command
      .add_option("--match",
                  request.match,
                  "Sites where distributions are matched (default: --sites)")
      ->type_name("REGEX");
  command.add_option("--method", request.method, "How the maps are learned")
      ->type_name(fmt::format("{}", fmt::join(known_methods(), "|")))
      ->capture_default_str();
  command
      .add_option("--tokens",
                  arguments->tokens,
                  "Tokens that the map will act on when it is used: all, "
                  "prompt, generated, from:K or last:K (while learning maps "
                  "act on all)")
      ->type_name("TOKENS")
      ->capture_default_str();
  add_method_options(command, arguments->options);
  command.add_flag("--no-calibrate",
                   arguments->skips_calibration,
                   "Leave out measuring the map on the target prompts, which "
                   "tells where its slider should end (of text models)");
  add_trajectory_options(command, *arguments);
  add_run_options(command, request.files);
  command.add_option("-o,--output", arguments->output, "The map to write")
      ->type_name("MAP.safetensors")
      ->required();
  command.callback([arguments] { run(*arguments); });
}

}  // namespace lineas
