#include "lineas/cli/arguments.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lineas/base/error.h"
#include "lineas/base/log.h"
#include "lineas/engine/calibration.h"

namespace lineas {
namespace {

// Throws the parser's usage error, also for commands that have no use for the
// value; whether the machine has the device is for those that use it.
template <typename Parser>
CLI::Validator understood_by(Parser parse) {
  return {[parse](const std::string& text) -> std::string {
            try {
              parse(text);
            } catch (const Error& error) {
              if (error.kind() == ErrorKind::usage) throw;
            }
            return "";
          },
          ""};
}

}  // namespace

void add_model_options(CLI::App& command, ModelArguments& arguments) {
  command
      .add_option(
          "-m,--model",
          arguments.model,
          "Hugging Face or diffusers folder, GGUF file, the name of a bundled "
          "model, or a name in the local Hub cache (ORG/NAME)")
      ->required()
      ->type_name("MODEL");
  add_device_options(command, arguments);
}

void add_device_options(CLI::App& command, ModelArguments& arguments) {
  command
      .add_option("--device", arguments.device, "auto: cuda where there is one")
      ->check(understood_by(parse_device))
      ->type_name("auto|cpu|cuda")
      ->capture_default_str();
  command
      .add_option(
          "--dtype",
          arguments.dtype,
          "What to compute in; auto: as stored, float32 where that is slow")
      ->check(understood_by(parse_dtype))
      ->type_name("auto|float32|bfloat16|float16")
      ->capture_default_str();
  command
      .add_option("-t,--threads",
                  arguments.threads,
                  "CPU threads; 0: as many as it may use")
      ->type_name("N")
      ->capture_default_str();
}

namespace {

// Of the slider's end that a map tells, for its own strength.
double end_of(const Steering& steering) {
  const auto end = calibrated_end(steering.set.provenance);
  if (!end)
    log_warning(
        "{}: tells no end of its slider (learn without --no-calibrate); 1 is "
        "taken",
        steering.name);
  return end.value_or(1) / std::max(std::abs(steering.strength), 1e-6);
}

std::vector<double> calibrated_factors(const std::vector<Steering>& steerings,
                                       bool allow_any) {
  double end = steerings.empty() ? 1 : std::numeric_limits<double>::max();
  for (const Steering& steering : steerings)
    end = std::min(end, end_of(steering));
  if (!allow_any) end = std::min(end, 1.0);
  return {0, end / 4, end / 2, 3 * end / 4, end};
}

}  // namespace

Engine open_engine(const ModelArguments& arguments) {
  set_threads(arguments.threads);
  return Engine(arguments.model,
                {.device = arguments.device, .dtype = arguments.dtype});
}

void add_map_options(CLI::App& command, SteerArguments& arguments) {
  command
      .add_option("--steer",
                  arguments.maps,
                  "Map file to steer with, and its strength (default 1); may "
                  "be given several times, maps add up")
      ->type_name("MAP[:STRENGTH]")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_flag("--allow-any-strength",
                   arguments.allow_any_strength,
                   "Take strengths outside [0, 1] too");
}

void add_steer_options(CLI::App& command, SteerArguments& arguments) {
  add_map_options(command, arguments);
  command
      .add_option("--position",
                  arguments.position,
                  "Overrides the map file: all (every token), last (only the "
                  "last), avg (all, moved by what their mean is moved)")
      ->type_name("all|last|avg");
  command
      .add_option("--tokens",
                  arguments.tokens,
                  "Overrides the map file: all, prompt, generated, from:K or "
                  "last:K")
      ->type_name("TOKENS");
}

void add_strengths_option(CLI::App& command, SteerArguments& arguments) {
  command
      .add_option("--strengths",
                  arguments.strengths,
                  "Run every prompt at each of these; they multiply the "
                  "strength of every map; auto: five, up to where the map's "
                  "calibration says that text begins to break")
      ->type_name("X,Y,...")
      ->transform(CLI::Validator(
          [&arguments](std::string& text) {
            if (text != "auto") return "";
            arguments.calibrates = true;
            text = "1";  // a number, which auto stands for
            return "";
          },
          ""))
      ->delimiter(',')
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_text_run_options(CLI::App& command, TextRunArguments& arguments) {
  add_model_options(command, arguments.model);
  command
      .add_option("-f,--file",
                  arguments.file,
                  "Texts: .txt, .jsonl, .csv, .json#subset; -: standard input")
      ->type_name("FILE")
      ->required();
  add_steer_options(command, arguments.steer);
}

CLI::Validator not_negative() {
  return {[](std::string& text) {
            return text.starts_with('-') ? "must be 0 or more" : "";
          },
          ""};
}

CLI::Validator at_least_one() {
  return {[](std::string& text) {
            const bool is_none =
                text.find_first_not_of("0") == std::string::npos;
            return text.starts_with('-') || is_none ? "must be 1 or more" : "";
          },
          ""};
}

void warn_of_scored_tokens(const std::vector<Steering>& steerings) {
  warn_of_given_tokens(steerings);
  const TokenScope last{TokenScope::Kind::last, 1};
  for (const Steering& steering : steerings)
    if (steering.set.rules.position == Position::last ||
        steering.set.rules.tokens == last)
      log_warning(
          "{}: acts on the last token only, behind which nothing is scored, so "
          "it does nothing; --position all --tokens all makes it act.",
          steering.name);
}

void warn_of_given_tokens(const std::vector<Steering>& steerings) {
  for (const Steering& steering : steerings)
    if (steering.set.rules.tokens.kind == TokenScope::Kind::generated)
      log_warning(
          "{}: acts on generated tokens only. All tokens are given ones here, "
          "so it does nothing; --tokens all makes it act.",
          steering.name);
}

std::vector<Steering> load_steerings(const Engine& engine,
                                     const SteerArguments& arguments) {
  return load_steerings(arguments, [&](const SteerRequest& request) {
    return engine.load_steering(request);
  });
}

std::vector<Steering> load_steerings(
    const SteerArguments& arguments,
    const std::function<Steering(const SteerRequest&)>& load) {
  SteerRequest request{.allow_any_strength = arguments.allow_any_strength};
  if (!arguments.position.empty())
    request.position = parse_position(arguments.position);
  if (!arguments.tokens.empty())
    request.tokens = parse_token_scope(arguments.tokens);
  if (!arguments.guidance_half.empty())
    request.guidance = parse_guidance(arguments.guidance_half);
  for (const double strength : arguments.strengths)
    check_strength(strength, arguments.allow_any_strength, "--strengths");
  if (!arguments.strengths.empty() && arguments.maps.empty())
    log_warning(
        "--strengths without --steer: all rows are the untouched model");
  std::vector<Steering> steerings;
  for (const std::string& spec : arguments.maps) {
    request.spec = spec;
    steerings.push_back(load(request));
  }
  return steerings;
}

StrengthList list_strengths(const SteerArguments& arguments,
                            const std::vector<Steering>& steerings) {
  StrengthList list{arguments.strengths, {}};
  if (arguments.calibrates)
    list.factors = calibrated_factors(steerings, arguments.allow_any_strength);
  double own = steerings.empty() ? 0 : steerings[0].strength;
  if (list.factors.empty())
    list.factors = {1};
  else if (steerings.empty())
    own = 1;
  for (const Steering& steering : steerings)
    if (steering.strength != own) own = 1;
  for (const double factor : list.factors) list.shown.push_back(factor * own);
  return list;
}

void print_json(const nlohmann::ordered_json& object) {
  fmt::print(
      "{}\n",
      object.dump(
          -1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace lineas
