// Every committed checkpoint against what transformers computed on it: the list
// of sites, the activations at each of them, the logits.
#include <gtest/gtest.h>

#include "tests/support/compare.h"
#include "tests/support/folder.h"
#include "tests/support/language_model_run.h"
#include "tests/support/test_name.h"

namespace lineas {
namespace {

using testing::error_of;
using testing::Ids;

constexpr double kBar = 1e-4;

std::vector<std::string> fixture_names() {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(testing::fixtures()))
    names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

class ModelGolden : public ::testing::TestWithParam<std::string> {
 protected:
  ModelGolden()
      : folder_(testing::fixtures() + "/" + GetParam()),
        golden_(read_json(folder_ + "/golden.json")),
        tensors_(folder_ + "/golden.safetensors"),
        prompts_(golden_["prompts"].get<std::vector<Ids>>()),
        model_(load_language_model(folder_, {.dtype = at::kFloat})) {}

  std::string how_to_remake() const {
    return "If the model is meant to differ from transformers, remake the "
           "golden: python3 tools/goldens/make_models.py " +
           GetParam();
  }

  Tensor golden(size_t prompt, const std::string& name) const {
    return tensors_.view(fmt::format("{}/{}", prompt, name));
  }

  // Runs the prompts of these numbers in one call and compares everything.
  void expect_golden(const std::vector<size_t>& numbers) {
    std::vector<Ids> prompts;
    for (size_t number : numbers) prompts.push_back(prompts_[number]);
    testing::VisitLog log;
    const Tensor logits_SV = testing::logits_of(*model_, prompts, &log);
    const std::vector<RowView> rows = testing::rows_of(prompts);
    for (size_t b = 0; b < numbers.size(); ++b) {
      expect_close(logits_SV, rows[b], numbers[b], "logits");
      for (const auto& [site, x_SD] : log.visits)
        expect_close(x_SD, rows[b], numbers[b], model_->sites()[site].name);
    }
    EXPECT_EQ(log.visits.size(), golden_["sites"].size());
  }

  void expect_close(const Tensor& x_SD,
                    const RowView& row,
                    size_t number,
                    const std::string& name) {
    const double error =
        error_of(x_SD.slice(0, row.begin, row.end), golden(number, name));
    EXPECT_LE(error, kBar) << "prompt " << number << ", " << name << "\n"
                           << how_to_remake();
    largest_ = std::max(largest_, error);
  }

  std::string folder_;
  Json golden_;
  SafetensorsFile tensors_;
  std::vector<Ids> prompts_;
  std::unique_ptr<LanguageModel> model_;
  double largest_ = 0;
};

TEST_P(ModelGolden, SitesInOrderWithTheirWidths) {
  ASSERT_EQ(model_->sites().size(),
            static_cast<int64_t>(golden_["sites"].size()))
      << how_to_remake();
  for (SiteIndex i = 0; i < model_->sites().size(); ++i) {
    EXPECT_EQ(model_->sites()[i].name, golden_["sites"][i]["name"]);
    EXPECT_EQ(model_->sites()[i].width, golden_["sites"][i]["width"])
        << model_->sites()[i].name;
  }
}

TEST_P(ModelGolden, EverySiteAndTheLogitsPackedTogether) {
  expect_golden({0, 1});
  expect_golden({1, 0, 1});
  RecordProperty("largest_error", fmt::format("{:.1e}", largest_));
}

TEST_P(ModelGolden, EverySiteAndTheLogitsOneByOne) {
  expect_golden({0});
  expect_golden({1});
  RecordProperty("largest_error", fmt::format("{:.1e}", largest_));
}

INSTANTIATE_TEST_SUITE_P(Fixtures,
                         ModelGolden,
                         ::testing::ValuesIn(fixture_names()),
                         testing::test_name<std::string>);

}  // namespace
}  // namespace lineas
