// The options that several commands share, and what they turn into. Knows no
// command.
#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <string>
#include <vector>

#include "lineas/engine/engine.h"

namespace lineas {

struct ModelArguments {
  std::string model;
  std::string device = "auto";
  std::string dtype = "auto";
  int threads = 0;
};
/// -m, --device, --dtype, -t.
void add_model_options(CLI::App& command, ModelArguments& arguments);
/// --device, --dtype, -t, for a command that takes its model otherwise.
void add_device_options(CLI::App& command, ModelArguments& arguments);
/// Sets the number of threads and loads the model.
Engine open_engine(const ModelArguments& arguments);

struct SteerArguments {
  std::vector<std::string> maps;
  bool allow_any_strength = false;
  std::string position;  // "": as the map file says
  std::string tokens;
  std::string guidance_half;      // of pictures
  std::vector<double> strengths;  // empty: 1
  bool calibrates = false;        // --strengths auto: as far as maps tell
};
/// --steer, --allow-any-strength.
void add_map_options(CLI::App& command, SteerArguments& arguments);
/// The same, --position, --tokens.
void add_steer_options(CLI::App& command, SteerArguments& arguments);
/// --strengths.
void add_strengths_option(CLI::App& command, SteerArguments& arguments);

/// What a command needs that runs given texts through a model.
struct TextRunArguments {
  ModelArguments model;
  SteerArguments steer;
  std::string file;
};
/// The options of the model and of steering (without --strengths), and -f FILE.
void add_text_run_options(CLI::App& command, TextRunArguments& arguments);

/// The maps asked for, held against the model; checks --strengths too.
std::vector<Steering> load_steerings(const Engine& engine,
                                     const SteerArguments& arguments);
/// The same for a model of any kind: `load` holds one map against it.
std::vector<Steering> load_steerings(
    const SteerArguments& arguments,
    const std::function<Steering(const SteerRequest&)>& load);

/// For options of 0 and more; CLI11's own answer has 309 digits.
CLI::Validator not_negative();
/// For options of 1 and more.
CLI::Validator at_least_one();

/// Warns of maps that act on generated tokens only, where all are given.
void warn_of_given_tokens(const std::vector<Steering>& steerings);
/// The same, and of maps that act on the last token only, which is not scored.
void warn_of_scored_tokens(const std::vector<Steering>& steerings);

/// The strengths to run, and how each is called in results: times the map's own
/// strength where all maps share one, 0 where there is no map. With auto five
/// of them, up to the least end of a slider that a map tells (calibration.h; 1
/// where none does), and to 1 unless any strength is allowed.
struct StrengthList {
  std::vector<double> factors;
  std::vector<double> shown;
};
StrengthList list_strengths(const SteerArguments& arguments,
                            const std::vector<Steering>& steerings);

/// One JSON object as one line on stdout.
void print_json(const nlohmann::ordered_json& object);

}  // namespace lineas
