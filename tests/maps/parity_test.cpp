// Steered logits of the parity folder: two kinds of maps, three positions,
// three strengths, five models.
#include "tests/support/parity.h"

#include <gtest/gtest.h>

#include "lineas/maps/steer_tap.h"
#include "tests/support/compare.h"
#include "tests/support/language_model_run.h"

namespace lineas {
namespace {

class SteeredParity : public ::testing::TestWithParam<const char*> {};

TEST_P(SteeredParity, Logits) {
  if (testing::test_data("").empty()) GTEST_SKIP() << testing::kNoTestData;
  const testing::ParityFolder folder(GetParam());
  const auto source = folder.json["source"].get<std::vector<testing::Ids>>();
  for (const char* run : {"lineas/sgd", "linear_act/incr"})
    for (const char* position : {"all", "last", "avg"})
      for (const char* strength : {"-0.5", "0.5", "1"}) {
        const std::string name =
            fmt::format("steered/{}/{}/{}/logits", run, position, strength);
        const MapSet set =
            folder.maps(run, {.position = parse_position(position)});
        SteerTap tap(folder.model->sites(), {{set, std::stod(strength)}});
        const Tensor logits_SV =
            testing::logits_of(*folder.model, {source[0]}, &tap);
        EXPECT_LE(testing::error_of(logits_SV, folder.tensors.view(name)), 1e-4)
            << name;
      }
}

INSTANTIATE_TEST_SUITE_P(Models,
                         SteeredParity,
                         ::testing::ValuesIn(testing::kParityModels),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace lineas
