#include "lineas/eval/picture_measure.h"

#include <algorithm>
#include <fstream>

#include "lineas/base/error.h"
#include "lineas/base/json.h"

namespace lineas {
namespace {

PictureThing thing_of(const Json& pair, const std::string& where) {
  if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() ||
      !pair[1].is_string())
    fail(ErrorKind::format, "{}: an object is [kind, colour]", where);
  return {pair[0], pair[1]};
}

LabelledPrompt prompt_of(const Json& line, const std::string& where) {
  LabelledPrompt prompt{
      .text = require<std::string>(line, "text", where),
      .background = require<std::string>(line, "background", where),
      .style = require<std::string>(line, "style", where)};
  for (const Json& pair : require<Json>(line, "objects", where))
    prompt.things.push_back(thing_of(pair, where));
  if (line.contains("negated"))
    prompt.negated = thing_of(line["negated"], where);
  return prompt;
}

std::vector<PictureThing> sorted(std::vector<PictureThing> things) {
  std::sort(things.begin(), things.end());
  return things;
}

bool shows_kind(const PictureReading& reading, const std::string& kind) {
  return std::any_of(
      reading.things.begin(),
      reading.things.end(),
      [&](const PictureThing& thing) { return thing.kind == kind; });
}

// Without what the prompt says is not there.
PictureReading wanted_part(PictureReading reading,
                           const LabelledPrompt& prompt) {
  reading.style.clear();
  reading.things = sorted(std::move(reading.things));
  if (prompt.negated)
    std::erase_if(reading.things, [&](const PictureThing& thing) {
      return thing.kind == prompt.negated->kind;
    });
  return reading;
}

// Unclear is not kept, also where it was unclear before.
bool is_clear(const PictureReading& reading) {
  return !reading.background.empty() &&
         std::none_of(reading.things.begin(),
                      reading.things.end(),
                      [](const PictureThing& thing) {
                        return thing.kind.empty() || thing.colour.empty();
                      });
}

void count(PictureMeasured& measured,
           const LabelledPrompt& prompt,
           const PictureReading& reading,
           const PictureReading& untouched) {
  ++measured.pictures;
  if (!reading.style.empty()) ++measured.styles[reading.style];
  measured.things += sorted(reading.things) == sorted(prompt.things);
  measured.background += reading.background == prompt.background;
  const PictureReading now = wanted_part(reading, prompt);
  measured.kept += is_clear(now) && now == wanted_part(untouched, prompt);
  measured.negated +=
      prompt.negated && shows_kind(reading, prompt.negated->kind);
}

void divide(PictureMeasured& measured) {
  const auto all = static_cast<double>(std::max<int64_t>(1, measured.pictures));
  for (auto& [style, share] : measured.styles) share /= all;
  for (double* share : {&measured.things,
                        &measured.background,
                        &measured.kept,
                        &measured.negated})
    *share /= all;
}

}  // namespace

std::vector<LabelledPrompt> read_labelled_prompts(const std::string& path) {
  std::ifstream file(path);
  if (!file) fail(ErrorKind::not_found, "{}: cannot be opened", path);
  std::vector<LabelledPrompt> prompts;
  int64_t number = 0;
  for (std::string line; std::getline(file, line);) {
    const std::string where = fmt::format("{}:{}", path, ++number);
    if (!line.empty())
      prompts.push_back(prompt_of(parse_json(line, where), where));
  }
  if (prompts.empty()) fail(ErrorKind::format, "{}: has no prompts", path);
  return prompts;
}

Json to_json(const PictureMeasured& measured) {
  return {{"strength", measured.strength},
          {"pictures", measured.pictures},
          {"styles", measured.styles},
          {"things", measured.things},
          {"background", measured.background},
          {"kept", measured.kept},
          {"negated", measured.negated}};
}

std::vector<PictureMeasured> measure_pictures(
    const PictureEngine& engine,
    const std::vector<Steering>& steerings,
    const PictureOracle& oracle,
    const PictureMeasureOptions& options) {
  if (options.strengths.empty() || options.strengths[0] != 0)
    fail(ErrorKind::usage,
         "measuring pictures: the strengths must begin with 0, which the "
         "others are compared with");
  std::vector<PictureMeasured> measured;
  for (const double strength : options.strengths)
    measured.push_back({.strength = strength});
  PictureReading untouched;
  PictureRequest request{.settings = options.settings,
                         .steerings = steerings,
                         .strengths = options.strengths,
                         .seed = options.seed,
                         .batch = options.batch,
                         .is_cancelled = options.is_cancelled};
  for (const LabelledPrompt& prompt : options.prompts)
    request.prompts.push_back(prompt.text);
  // Strength by strength of each prompt. A picture that failed shows nothing.
  request.on_picture = [&](const MadePicture& made) {
    const PictureReading reading = made.error.empty()
                                       ? oracle.read(to_bytes(made.picture_3HW))
                                       : PictureReading{};
    if (made.strength == 0) untouched = reading;
    count(measured[made.strength],
          options.prompts[made.prompt],
          reading,
          untouched);
  };
  run_pictures(engine, request);
  for (PictureMeasured& one : measured) divide(one);
  return measured;
}

}  // namespace lineas
