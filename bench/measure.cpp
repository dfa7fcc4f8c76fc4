// What maps do, as the experiments of tools/results ask: measure REQUEST.json
// prints one JSON line a strength. A request with concepts has the keys of
// `options_of` below and a bundled model, one without asks for matching alone;
// of a picture model the keys are those of `picture_options_of`.
// docs/results/README.md says what is measured.
#include "lineas/eval/measure.h"

#include <algorithm>
#include <iostream>

#include "lineas/base/error.h"
#include "lineas/base/memory.h"
#include "lineas/eval/picture_measure.h"

namespace lineas::bench {
namespace {

MeasureOptions options_of(const Json& request,
                          const std::string& where,
                          const Engine& engine) {
  const auto text = [&](const char* key) {
    return require<std::string>(request, key, where);
  };
  const auto number = [&](const char* key) {
    return std::max<int64_t>(0, value_or<int64_t>(request, key, where, 0));
  };
  MeasureOptions options;
  const World world = world_of(engine);
  for (const auto& name :
       require<std::vector<std::string>>(request, "concepts", where))
    options.count.concepts.push_back(parse_concept(name, world));
  options.count.strengths =
      require<std::vector<double>>(request, "strengths", where);
  options.count.openings =
      first_prompts(read_prompts(text("openings")), number("opening_count"));
  options.count.seed = number("seed");
  options.neutral =
      first_prompts(read_prompts(text("neutral")), number("neutral_count"));
  options.questions = number("questions");
  if (request.contains("held_source")) {
    options.held_source = read_prompts(text("held_source"));
    options.held_target = read_prompts(text("held_target"));
    options.match = text("match");
  }
  return options;
}

void print_concepts(const Engine& engine,
                    const std::vector<Steering>& steerings,
                    const Json& request,
                    const std::string& path) {
  const MeasureOptions options = options_of(request, path, engine);
  for (const Measured& row : measure_concept(engine, steerings, options))
    std::cout << to_json(row, options.count.concepts).dump() << std::endl;
}

void print_matching(const Engine& engine,
                    const std::vector<Steering>& steerings,
                    const Json& request,
                    const std::string& path) {
  const auto text = [&](const char* key) {
    return require<std::string>(request, key, path);
  };
  const HeldOutMatching matching(engine,
                                 read_prompts(text("held_source")),
                                 read_prompts(text("held_target")),
                                 text("match"));
  const auto strengths =
      require<std::vector<double>>(request, "strengths", path);
  const auto rows = measure_matching(engine, steerings, matching, strengths);
  for (size_t i = 0; i < rows.size(); ++i)
    std::cout << Json{{"strength", strengths[i]},
                      {"matching", to_json(rows[i])}}
              << std::endl;
}

PictureMeasureOptions picture_options_of(const Json& request,
                                         const std::string& where) {
  PictureMeasureOptions options{
      .prompts = read_labelled_prompts(
          require<std::string>(request, "prompts", where)),
      .strengths = require<std::vector<double>>(request, "strengths", where),
      .seed = require<uint64_t>(request, "seed", where)};
  options.settings.sampler.steps = require<int64_t>(request, "steps", where);
  const auto count = require<size_t>(request, "prompt_count", where);
  if (count < options.prompts.size()) options.prompts.resize(count);
  return options;
}

void print_pictures(const Json& request, const std::string& path) {
  const PictureEngine engine(require<std::string>(request, "model", path),
                             {{.device = "cpu"}});
  const PictureMeasureOptions options = picture_options_of(request, path);
  const int steps = engine.plan(options.settings).steps;
  std::vector<Steering> steerings;
  for (const auto& spec :
       require<std::vector<std::string>>(request, "maps", path))
    steerings.push_back(engine.load_steering(
        {.spec = spec, .allow_any_strength = true}, steps));
  const PictureOracle oracle(engine.folder() + "/oracle");
  for (const PictureMeasured& row :
       measure_pictures(engine, steerings, oracle, options))
    std::cout << to_json(row).dump() << std::endl;
}

void print_texts(const Json& request, const std::string& path) {
  const Engine engine(require<std::string>(request, "model", path),
                      {.device = "cpu"});
  std::vector<Steering> steerings;
  for (const auto& spec :
       require<std::vector<std::string>>(request, "maps", path))
    steerings.push_back(
        engine.load_steering({.spec = spec, .allow_any_strength = true}));
  (request.contains("concepts") ? print_concepts : print_matching)(
      engine, steerings, request, path);
}

void run(const std::string& path) {
  const Json request = read_json(path);
  const auto model = require<std::string>(request, "model", path);
  (is_picture_model(model) ? print_pictures : print_texts)(request, path);
}

}  // namespace
}  // namespace lineas::bench

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "measure REQUEST.json\n";
    return 2;
  }
  lineas::keep_freed_memory();
  lineas::bench::run(argv[1]);
} catch (const lineas::Error& error) {
  std::cerr << error.what() << '\n';
  return lineas::exit_code(error.kind());
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
