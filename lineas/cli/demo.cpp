// lineas demo: the whole road on the bundled models in a minute or two. Learns
// a map from 32 rude and 32 neutral texts, writes it, and shows one prompt at
// several strengths beside what the oracle and held-out text say of each; then
// the same with pictures.
#include <cerrno>  // program_invocation_name
#include <chrono>
#include <cstdio>

#include "lineas/base/file.h"
#include "lineas/cli/arguments.h"
#include "lineas/cli/demo_pictures.h"
#include "lineas/cli/program.h"
#include "lineas/cli/provenance.h"
#include "lineas/engine/learn_maps.h"
#include "lineas/engine/text_run.h"
#include "lineas/eval/tone.h"

namespace lineas {
namespace {

struct Arguments {
  ModelArguments model{.model = "tinytown"};
  std::string output = "rude-to-neutral.safetensors";
  ToneOptions tone;
  PictureDemo pictures;
};

// One that the untouched model goes on from rudely, so that there is something
// to see.
constexpr const char* kPrompt =
    "Paula and Quinn met at the compost heap in the morning.";
constexpr int64_t kPrompts = 32;
// The norms before attention and before the head read the tone as well; maps on
// the default sites alone move this small model less.
constexpr const char* kSites = ".*norm.*";
constexpr int64_t kSteps = 100;
constexpr double kRate = 0.01;
// A penalty that holds every scale at 1: of the settings tried, shifts alone
// leave the grammar of this small model alone (README).
constexpr const char* kShiftsOnly = "1000,0";

MapSet learn_demo_map(const Engine& engine) {
  const std::string lists = engine.folder() + "/prompts/tone.json";
  LearnRequest request;
  request.source = read_prompts(lists + "#rude");
  request.target = read_prompts(lists + "#neutral");
  request.take = kPrompts;
  request.sites = kSites;
  request.options = {{"optimizer", "adam"},
                     {"steps", kSteps},
                     {"lr", kRate},
                     {"l1", kShiftsOnly}};
  fmt::print(
      "Learning from {} rude and {} neutral texts\n", kPrompts, kPrompts);
  const auto start = std::chrono::steady_clock::now();
  TerminalProgress progress;
  MapSet set = learn_maps(engine, request, progress);
  const std::chrono::duration<double> spent =
      std::chrono::steady_clock::now() - start;
  fmt::print("{} maps in {:.1f} s, loss {}\n",
             set.maps.size(),
             spent.count(),
             describe_loss(set.provenance));
  return set;
}

// One prompt at every strength, as one batch.
std::vector<std::string> continue_prompt(const Engine& engine,
                                         const MapSet& set,
                                         const ToneOptions& options) {
  const auto made = run_text(engine,
                             {.prompts = {.texts = {kPrompt}},
                              .steerings = {{set}},
                              .strengths = options.strengths,
                              .seed = options.seed,
                              .options = {.max_new_tokens = options.new_tokens,
                                          .sampling = {.temperature = 1}}});
  check_none_failed(made);
  std::vector<std::string> texts;
  for (const MadeText& text : made) texts.push_back(text.text);
  return texts;
}

void print_table(const std::vector<ToneRate>& rates) {
  fmt::print(
      "\nstrength   rude        grammatical   perplexity of neutral text\n");
  for (const ToneRate& rate : rates)
    fmt::print(
        "{:8.2f}   {:4.1f}% ±{:3.1f}   {:5.1f}%        {:.3f} ({:+.1f}%)\n",
        rate.strength,
        100 * rate.rude_share(),
        100 * rate.rude_error(),
        100 * rate.grammatical_share(),
        rate.perplexity,
        100 * (rate.perplexity / rates[0].perplexity - 1));
}

void run_texts(const Arguments& arguments) {
  const Engine engine = open_engine(arguments.model);
  const MapSet set = learn_demo_map(engine);
  write_map_set(arguments.output, set);
  fmt::print("Wrote {}\n\n\"{}\" goes on, strength by strength:\n",
             arguments.output,
             kPrompt);
  const auto texts = continue_prompt(engine, set, arguments.tone);
  for (size_t i = 0; i < texts.size(); ++i)
    fmt::print("\n[{:.2f}]{}\n", arguments.tone.strengths[i], texts[i]);
  fmt::print("\nMeasuring on {} openings...\n",
             arguments.tone.openings > 0
                 ? std::to_string(arguments.tone.openings)
                 : "all");
  std::fflush(stdout);
  print_table(measure_tone(engine, set, arguments.tone));
  fmt::print(
      "\nYour own text:\n  {} generate -m {} --steer {}:1 -p \"...\"\n",
      program_invocation_name,  // as it was called: it may not be on the PATH
      arguments.model.model,
      arguments.output);
}

void run(const Arguments& arguments) {
  PictureDemo pictures = arguments.pictures;
  for (const std::string& path :
       {arguments.output, pictures.map, pictures.strip})
    check_writable(path);
  run_texts(arguments);
  const std::string model = pictures.model.model;
  pictures.model = arguments.model;
  pictures.model.model = model;
  demo_pictures(pictures);
}

}  // namespace

void add_demo(CLI::App& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App& command = *program.add_subcommand(
      "demo", "Learn maps on the bundled models and show what they do");
  add_device_options(command, arguments->model);
  command
      .add_option("--openings",
                  arguments->tone.openings,
                  "Neutral openings that the oracle reads, at most; 0: all")
      ->type_name("N")
      ->capture_default_str();
  command.add_option("-o,--output", arguments->output, "The map to write")
      ->type_name("MAP.safetensors")
      ->capture_default_str();
  command
      .add_option("--picture-map",
                  arguments->pictures.map,
                  "The map of pictures to write")
      ->type_name("MAP.safetensors")
      ->capture_default_str();
  command
      .add_option(
          "--strip", arguments->pictures.strip, "The slider strip to write")
      ->type_name("OUT.png")
      ->capture_default_str();
  command.callback([arguments] { run(*arguments); });
}

}  // namespace lineas
