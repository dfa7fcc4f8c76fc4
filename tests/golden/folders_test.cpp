// Folders whose config.json says things in another way, or leaves them out,
// against what transformers computes on them (tools/goldens/make_folders.py):
// rotary positions in both layouts, defaults of the classes, other names.
#include <gtest/gtest.h>

#include "tests/support/compare.h"
#include "tests/support/folder.h"
#include "tests/support/language_model_run.h"
#include "tests/support/test_name.h"

namespace lineas {
namespace {

namespace fs = std::filesystem;
using testing::Ids;

constexpr double kBar = 1e-4;

const Json& goldens() {
  static const Json goldens =
      read_json(LINEAS_SOURCE_DIR "/tests/golden/data/folders.json");
  return goldens;
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& item : goldens()["cases"].items())
    names.push_back(item.key());
  return names;
}

class FolderGolden : public ::testing::TestWithParam<std::string> {
 protected:
  FolderGolden() : golden_(goldens()["cases"][GetParam()]) {
    const std::string fixture = golden_["fixture"];
    fs::copy(testing::fixtures() + "/" + fixture, folder_.path());
    Json config = read_json(folder_ / "config.json");
    for (const Json& key : golden_["unset"])
      config.erase(key.get<std::string>());
    config.update(golden_["set"]);
    folder_.write("config.json", config.dump());
    model_ = load_language_model(folder_.path(), {.dtype = at::kFloat});
    for (Ids ids : goldens()["prompts"].get<std::vector<Ids>>()) {
      if (fixture == "gpt2") ids.resize(std::min<size_t>(ids.size(), 32));
      prompts_.push_back(ids);
    }
  }

  // The logits behind the last token of a prompt.
  void expect_golden(const Tensor& logits_V, size_t prompt) const {
    const auto expected = golden_["logits"][prompt].get<std::vector<float>>();
    EXPECT_LE(testing::error_of(logits_V, at::tensor(expected)), kBar)
        << "prompt " << prompt;
  }

  Json golden_;
  testing::TempFolder folder_;
  std::unique_ptr<LanguageModel> model_;
  std::vector<Ids> prompts_;
};

TEST_P(FolderGolden, LastLogitsOneByOne) {
  for (size_t i = 0; i < prompts_.size(); ++i)
    expect_golden(testing::logits_of(*model_, {prompts_[i]})[-1], i);
}

TEST_P(FolderGolden, LastLogitsPackedTogether) {
  const Tensor logits_SV =
      testing::logits_of(*model_, {prompts_[1], prompts_[0], prompts_[1]});
  const auto rows = testing::rows_of({prompts_[1], prompts_[0], prompts_[1]});
  expect_golden(logits_SV[rows[0].end - 1], 1);
  expect_golden(logits_SV[rows[1].end - 1], 0);
  expect_golden(logits_SV[rows[2].end - 1], 1);
}

INSTANTIATE_TEST_SUITE_P(Cases,
                         FolderGolden,
                         ::testing::ValuesIn(case_names()),
                         testing::test_name<std::string>);

}  // namespace
}  // namespace lineas
