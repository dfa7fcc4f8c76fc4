// The flat vectors behind the maps, and the tap that applies them.
#include "lineas/descent/parameters.h"

#include "tests/support/errors.h"

namespace lineas {
namespace {

SiteTable table() {
  SiteTable table;
  table.add("a", 2);
  table.add("b", 3);
  table.add("c", 4);
  return table;
}

constexpr Place kA{0}, kB{1}, kC{2};

TEST(Parameters, StartAtTheIdentity) {
  const AffineParameters parameters(table(), {kA, kC});
  EXPECT_EQ(parameters.size(), 12);
  EXPECT_EQ(parameters.support(), 0);
  EXPECT_EQ(parameters.find(1, 0), -1);
  EXPECT_EQ(parameters.find(2, 0), 1);
  const MapSet set = parameters.to_map_set(table());
  ASSERT_EQ(set.maps.size(), 2u);
  EXPECT_EQ(set.maps[1].first, "c");
  EXPECT_TRUE(at::equal(set.maps[1].second.scale_D, at::ones({4})));
  EXPECT_TRUE(at::equal(set.maps[1].second.shift_D, at::zeros({4})));
}

TEST(Parameters, ValuesAndGradientsAreSharedWithTheFlatVectors) {
  AffineParameters parameters(table(), {kB});
  const PassContext context{.rows = pack_rows(std::vector<int64_t>{2})};
  TrainingTap tap(parameters, Position::all);
  const Tensor x_SD = at::ones({2, 3}) * 2;
  tap.visit(1, x_SD, context).sum().backward();
  // d/d scale = sum over tokens of x, d/d shift = tokens.
  EXPECT_TRUE(at::equal(parameters.gradient(),
                        at::tensor({4.f, 4.f, 4.f, 2.f, 2.f, 2.f})));
  parameters.clear_gradient();
  EXPECT_EQ(parameters.gradient().abs().sum().item<float>(), 0);
  {
    const c10::NoGradGuard no_gradients;
    parameters.values().add_(at::tensor({1.f, 0.f, 0.f, 0.f, 0.f, -1.f}));
  }
  EXPECT_EQ(parameters.support(), 2);
  EXPECT_EQ(parameters.scale_D(0)[0].item<float>(), 2);
  const Tensor moved_SD = tap.visit(1, x_SD, context);
  EXPECT_TRUE(at::equal(moved_SD[0], at::tensor({4.f, 2.f, 1.f})));
}

TEST(Parameters, TheTapCountsMappedSitesAndLeavesOthersAlone) {
  AffineParameters parameters(table(), {kB});
  TrainingTap tap(parameters, Position::all);
  const PassContext context{.rows = pack_rows(std::vector<int64_t>{2})};
  const Tensor x_SD = at::ones({2, 2});
  EXPECT_TRUE(tap.visit(0, x_SD, context).is_same(x_SD));
  EXPECT_TRUE(tap.visited().empty());
  tap.visit(1, at::ones({2, 3}), context);
  EXPECT_EQ(tap.visited(), std::vector<size_t>{0});
}

}  // namespace
}  // namespace lineas
