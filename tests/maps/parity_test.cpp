// Steered logits of the parity folder: two kinds of maps, three positions,
// three strengths, five models.
#include "tests/support/parity.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "lineas/maps/steer_tap.h"
#include "tests/support/compare.h"
#include "tests/support/language_model_run.h"
#include "tests/support/test_name.h"

namespace lineas {
namespace {

class SteeredParity : public ::testing::TestWithParam<const char*> {};

// "steered/lineas/sgd/last/0.5/logits": the last three parts and the run.
struct Golden {
  std::string run, position, strength;
};

std::optional<Golden> parse(const std::string& tensor) {
  std::smatch match;
  const std::regex form("steered/(.*)/(\\w+)/([-.\\d]+)/logits");
  if (!std::regex_match(tensor, match, form)) return std::nullopt;
  return Golden{match[1], match[2], match[3]};
}

TEST_P(SteeredParity, Logits) {
  if (testing::test_data("").empty()) GTEST_SKIP() << testing::kNoTestData;
  const testing::ParityFolder folder(GetParam());
  const auto source = folder.json["source"].get<std::vector<testing::Ids>>();
  std::set<std::string> positions, runs;
  for (const TensorEntry& entry : folder.tensors.entries()) {
    const auto golden = parse(entry.name);
    if (!golden) continue;
    positions.insert(golden->position);
    runs.insert(golden->run);
    const MapSet set = folder.maps(
        golden->run, {.position = parse_position(golden->position)});
    SteerTap tap(folder.model->sites(), {{set, std::stod(golden->strength)}});
    const Tensor logits_SV =
        testing::logits_of(*folder.model, {source[0]}, &tap);
    EXPECT_LE(testing::error_of(logits_SV, folder.tensors.view(entry)), 1e-4)
        << entry.name;
  }
  EXPECT_EQ(positions, (std::set<std::string>{"all", "avg", "last"}));
  EXPECT_EQ(runs.size(), 2u);
}

INSTANTIATE_TEST_SUITE_P(Models,
                         SteeredParity,
                         ::testing::ValuesIn(testing::kParityModels),
                         testing::test_name<const char*>);

}  // namespace
}  // namespace lineas
