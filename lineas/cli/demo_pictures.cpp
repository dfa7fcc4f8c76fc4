#include "lineas/cli/demo_pictures.h"

#include <cerrno>  // program_invocation_name
#include <chrono>
#include <cstdio>

#include "lineas/cli/picture_output.h"
#include "lineas/cli/provenance.h"
#include "lineas/engine/learn_picture_maps.h"
#include "lineas/eval/picture_measure.h"

namespace lineas {
namespace {

constexpr const char* kStyle = "sketch";
constexpr const char* kPrompt = "a red cat on grass and a blue star";
constexpr int64_t kPrompts = 32;
constexpr int64_t kSamplerSteps = 4;
constexpr double kRate = 0.01;
constexpr uint64_t kSeed = 3;
const std::vector<double> kStrengths = {0, 0.25, 0.5, 0.75, 1};

PictureSettings demo_settings() {
  PictureSettings settings;
  settings.sampler.steps = kSamplerSteps;
  return settings;
}

MapSet learn_style(const PictureEngine& engine, int64_t steps) {
  const std::string lists = engine.folder() + "/prompts/style.json";
  PictureLearnRequest request;
  request.source = read_prompts(lists + "#plain");
  request.target = read_prompts(lists + "#" + kStyle);
  request.take = kPrompts;
  request.settings = demo_settings();
  request.options = {{"optimizer", "adam"}, {"steps", steps}, {"lr", kRate}};
  fmt::print("\nPictures: learning from {} prompts and {} that say \"{}\"\n",
             kPrompts,
             kPrompts,
             kStyle);
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

void write_strip(const PictureEngine& engine,
                 const MapSet& set,
                 const std::string& path) {
  const PictureRequest request{.prompts = {kPrompt},
                               .settings = demo_settings(),
                               .steerings = {{set}},
                               .strengths = kStrengths,
                               .seed = kSeed};
  const auto made = run_pictures(engine, request);
  check_none_failed(made);
  PictureOutput output{
      .path = path,
      .recipe = {{"model", engine.identity()}, {"maps", Json::array()}}};
  for (const double strength : kStrengths)
    output.strengths.push_back(fmt::format("{:g}", strength));
  write_together(output, request, made);
}

void print_measured(const PictureEngine& engine,
                    const MapSet& set,
                    size_t most) {
  PictureMeasureOptions options{
      .prompts = read_labelled_prompts(engine.folder() + "/eval/plain.jsonl"),
      .settings = demo_settings(),
      .strengths = kStrengths};
  if (options.prompts.size() > most) options.prompts.resize(most);
  const PictureOracle oracle(engine.folder() + "/oracle");
  fmt::print("\nstrength   {}   objects and background kept\n", kStyle);
  for (const PictureMeasured& row :
       measure_pictures(engine, {{set}}, oracle, options)) {
    const auto share = row.styles.find(kStyle);
    fmt::print("{:8.2f}   {:5.1f}%   {:5.1f}%\n",
               row.strength,
               share == row.styles.end() ? 0 : 100 * share->second,
               100 * row.kept);
  }
}

}  // namespace

void demo_pictures(const PictureDemo& demo) {
  set_threads(demo.model.threads);
  const PictureEngine engine(
      demo.model.model,
      {{.device = demo.model.device, .dtype = demo.model.dtype}});
  const MapSet set = learn_style(engine, demo.steps);
  write_map_set(demo.map, set);
  write_strip(engine, set, demo.strip);
  fmt::print("Wrote {}, and {}: \"{}\" at strength 0 to 1\n",
             demo.map,
             demo.strip,
             kPrompt);
  print_measured(engine, set, demo.measured);
  fmt::print(
      "\nYour own picture:\n  {} image -m {} --steps {} --steer {} --strengths "
      "0,0.5,1 -p \"...\" -o mine.png\n",
      program_invocation_name,
      demo.model.model,
      kSamplerSteps,
      demo.map);
}

}  // namespace lineas
