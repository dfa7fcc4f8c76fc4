// Asked at every visit, and what it makes of the answers.
#include "lineas/tap/stop_tap.h"

#include "tests/support/errors.h"

namespace lineas {
namespace {

TEST(StopTap, PassesOnWhatItSeesUntilItIsToStop) {
  int left = 2;
  const std::function<bool()> is_cancelled = [&] { return left-- == 0; };
  StopTap stop(is_cancelled);
  const Tensor x = at::ones({2});
  EXPECT_TRUE(stop.visit(0, x, {}).is_same(x));
  EXPECT_TRUE(stop.visit(1, x, {}).is_same(x));
  testing::expect_error(
      ErrorKind::cancelled, {"stopped"}, [&] { stop.visit(0, x, {}); });
  EXPECT_FALSE(stop.finished());
}

TEST(StopTap, NeverStopsWhereNobodyIsAsked) {
  const std::function<bool()> nobody;
  const Tensor x = at::ones({2});
  EXPECT_TRUE(StopTap(nobody).visit(0, x, {}).is_same(x));
}

}  // namespace
}  // namespace lineas
