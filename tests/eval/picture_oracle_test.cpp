// The picture oracle against the network that was trained, and what is counted
// with it. Covers lineas/eval/picture_measure.h. Golden file:
// tools/bundled_images/export.py.
#include "lineas/eval/picture_oracle.h"

#include <cstring>

#include "lineas/base/json.h"
#include "lineas/eval/picture_measure.h"
#include "lineas/tensor/checkpoint.h"
#include "tests/support/compare.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

using testing::error_of;
using testing::expect_error;

constexpr const char* kModel = LINEAS_SOURCE_DIR "/bundled/tinydraw";
constexpr const char* kGolden = LINEAS_SOURCE_DIR "/tests/golden/data/oracle";

Picture picture_of(const Tensor& bytes_HW3) {
  Picture picture = blank_picture(bytes_HW3.size(1), bytes_HW3.size(0));
  const Tensor bytes = bytes_HW3.contiguous();
  std::memcpy(
      picture.rgb.data(), bytes.const_data_ptr<uint8_t>(), picture.rgb.size());
  return picture;
}

PictureReading reading_of(const Json& json) {
  const auto word = [](const Json& value) {
    return value.is_null() ? std::string() : value.get<std::string>();
  };
  PictureReading reading{.style = word(json["style"]),
                         .background = word(json["background"])};
  for (const Json& thing : json["objects"])
    reading.things.push_back({word(thing[0]), word(thing[1])});
  return reading;
}

TEST(PictureOracle, ReadsAsTheNetworkThatWasTrained) {
  const PictureOracle oracle(std::string(kModel) + "/oracle");
  const SafetensorsFile golden(std::string(kGolden) + "/oracle.safetensors");
  const Json readings = read_json(std::string(kGolden) + "/readings.json");
  const Tensor pictures = golden.view("pictures");
  ASSERT_EQ(pictures.size(0), std::ssize(readings));
  for (int64_t i = 0; i < pictures.size(0); ++i) {
    const auto logits = oracle.look(picture_of(pictures[i]));
    EXPECT_LE(error_of(logits.cells_CGG, golden.view("cells")[i]), 1e-4) << i;
    EXPECT_LE(error_of(logits.whole_W, golden.view("whole")[i]), 1e-4) << i;
    EXPECT_EQ(oracle.read(logits), reading_of(readings[static_cast<size_t>(i)]))
        << i;
  }
}

TEST(PictureOracle, RefusesWhatItCannotRead) {
  const PictureOracle oracle(std::string(kModel) + "/oracle");
  expect_error(ErrorKind::shape, {"32 x 64"}, [&] {
    oracle.read(blank_picture(32, 64));
  });
  expect_error(ErrorKind::not_found, {"config.json"}, [] {
    PictureOracle("/no/such/folder");
  });
  const testing::TempFolder folder;
  folder.write("config.json", R"({"format": "something", "version": 1})");
  expect_error(ErrorKind::format, {"lineas.oracle"}, [&] {
    PictureOracle(folder.path());
  });
}

TEST(PictureMeasure, CountsWhatTheOracleReads) {
  const PictureEngine engine(kModel, PictureEngineOptions{{.device = "cpu"}});
  const PictureOracle oracle(std::string(kModel) + "/oracle");
  PictureMeasureOptions options{.prompts = read_labelled_prompts(
                                    std::string(kModel) + "/eval/plain.jsonl"),
                                .strengths = {0, 0.5}};
  options.prompts.resize(8);
  options.settings.sampler.steps = 4;
  const auto measured = measure_pictures(engine, {}, oracle, options);
  ASSERT_EQ(measured.size(), 2U);
  for (const PictureMeasured& row : measured) {
    EXPECT_EQ(row.pictures, 8);
    EXPECT_GE(row.things, 0.5);
    EXPECT_GE(row.styles.at("plain"), 0.5);
    // Without a map all strengths are the same picture.
    EXPECT_GE(row.kept, 0.75);
    EXPECT_EQ(row.things, measured[0].things);
  }
  options.strengths = {1};
  expect_error(ErrorKind::usage, {"begin with 0"}, [&] {
    measure_pictures(engine, {}, oracle, options);
  });
}

TEST(PictureMeasure, PromptsThatAreNotLabelledAreRefused) {
  const testing::TempFolder folder;
  folder.write("p.jsonl",
               R"({"text": "a", "objects": [["cat", "red"]], )"
               R"("background": "grass", "style": "plain"})"
               "\n"
               R"({"text": "b", "objects": ["cat"], )"
               R"("background": "grass", "style": "plain"})");
  expect_error(ErrorKind::format, {"p.jsonl:2", "[kind, colour]"}, [&] {
    read_labelled_prompts(folder / "p.jsonl");
  });
}

}  // namespace
}  // namespace lineas
