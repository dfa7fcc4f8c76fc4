// Tiny models in GGUF form against the logits that transformers computed on the
// checkpoints they were made from: tools/goldens/make_gguf.py.
#include <gtest/gtest.h>

#include <algorithm>

#include "lineas/tensor/checkpoint.h"
#include "tests/support/compare.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"
#include "tests/support/language_model_run.h"
#include "tests/support/test_name.h"

namespace lineas {
namespace {

const std::string kFiles = LINEAS_SOURCE_DIR "/tests/golden/data/gguf";

std::vector<std::string> file_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFiles))
    if (entry.path().extension() == ".gguf")
      names.push_back(entry.path().stem());
  std::sort(names.begin(), names.end());
  return names;
}

class GgufGolden : public ::testing::TestWithParam<std::string> {
 protected:
  GgufGolden()
      : path_(kFiles + "/" + GetParam()), golden_(read_json(path_ + ".json")) {}

  /// Whether its architecture is among those that have a file of models/.
  bool is_built() const {
    const auto known = known_architectures();
    const std::string name = golden_["config"]["architectures"][0];
    return std::find(known.begin(), known.end(), name) != known.end();
  }

  std::string path_;
  Json golden_;
};

TEST_P(GgufGolden, LogitsAndSites) {
  if (!is_built()) GTEST_SKIP() << "no models/ file has this architecture yet";
  const auto model =
      load_language_model(path_ + ".gguf", {.dtype = at::kFloat});
  const auto prompt = golden_["prompt"].get<testing::Ids>();
  const Tensor logits = testing::logits_of(*model, {prompt});
  const SafetensorsFile file(path_ + ".safetensors");
  EXPECT_LE(testing::error_of(logits, file.view("logits")), 1e-4)
      << "remake: python3 tools/goldens/make_gguf.py " << GetParam();
  std::vector<std::string> sites;
  for (SiteIndex i = 0; i < model->sites().size(); ++i)
    sites.push_back(model->sites()[i].name);
  for (const std::string& site : sites)
    EXPECT_NE(std::find(golden_["sites"].begin(), golden_["sites"].end(), site),
              golden_["sites"].end())
        << site;
}

TEST_P(GgufGolden, EveryTensorIsUsed) {
  if (!is_built()) GTEST_SKIP() << "no models/ file has this architecture yet";
  const testing::LogCapture log;
  load_language_model(path_ + ".gguf");
  EXPECT_EQ(log.messages, std::vector<std::string>());
}

INSTANTIATE_TEST_SUITE_P(Files,
                         GgufGolden,
                         ::testing::ValuesIn(file_names()),
                         testing::test_name<std::string>);

}  // namespace
}  // namespace lineas
