// Pooling of the three layouts, one row at a time by hand.
#include "lineas/tap/pool.h"

#include "tests/support/compare.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::error_of;

constexpr Pooling kAll[] = {
    Pooling::mean, Pooling::max, Pooling::min, Pooling::median, Pooling::last};

// One value of a row by the definition, from its tokens' values.
double by_hand(std::vector<double> values, Pooling pooling) {
  const double last = values.back();
  std::sort(values.begin(), values.end());
  switch (pooling) {
    case Pooling::mean:
      return std::accumulate(values.begin(), values.end(), 0.0) /
             static_cast<double>(values.size());
    case Pooling::max:
      return values.back();
    case Pooling::min:
      return values.front();
    case Pooling::median:
      return values[(values.size() - 1) / 2];  // the lower one of two
    case Pooling::last:
      return last;
  }
  return NAN;
}

// tokens[b] is x_TD of row b.
void expect_pooled(const Tensor& x,
                   const PassContext& rows,
                   const std::vector<Tensor>& tokens) {
  for (Pooling pooling : kAll) {
    const Tensor pooled_BD = pool(x, rows, pooling);
    ASSERT_EQ(pooled_BD.size(0), static_cast<int64_t>(tokens.size()));
    EXPECT_EQ(pooled_BD.scalar_type(), at::kFloat);
    for (size_t b = 0; b < tokens.size(); ++b)
      for (int64_t d = 0; d < tokens[b].size(1); ++d) {
        std::vector<double> values;
        for (int64_t t = 0; t < tokens[b].size(0); ++t)
          values.push_back(tokens[b][t][d].item<double>());
        EXPECT_NEAR(
            pooled_BD[b][d].item<double>(), by_hand(values, pooling), 1e-5)
            << to_string(pooling);
      }
  }
}

TEST(Pool, PackedText) {
  const Tensor x_SD = at::randn({9, 3});
  const PassContext rows{.rows = pack_rows(std::vector<int64_t>{4, 1, 3})};
  // Token 8 belongs to no row and must not count.
  expect_pooled(
      x_SD,
      rows,
      {x_SD.slice(0, 0, 4), x_SD.slice(0, 4, 5), x_SD.slice(0, 5, 8)});
}

TEST(Pool, TokensOfAPicture) {
  const Tensor x_BTD = at::randn({2, 5, 3});
  const PassContext rows{.rows = pack_rows(std::vector<int64_t>{1, 1}),
                         .axis = Axis::entries};
  expect_pooled(x_BTD, rows, {x_BTD[0], x_BTD[1]});
}

TEST(Pool, ChannelsOfAPicture) {
  const Tensor x_BCHW = at::randn({2, 3, 2, 4});
  const PassContext rows{.rows = pack_rows(std::vector<int64_t>{1, 1}),
                         .axis = Axis::entries,
                         .layout = Layout::channels_first};
  expect_pooled(
      x_BCHW, rows, {x_BCHW[0].view({3, 8}).t(), x_BCHW[1].view({3, 8}).t()});
}

TEST(Pool, HalfPrecisionIsPooledInFloat32) {
  const Tensor x_SD = (at::rand({4096, 2}) + 1).to(at::kBFloat16);
  const PassContext rows{.rows = pack_rows(std::vector<int64_t>{4096})};
  const Tensor golden = x_SD.to(at::kDouble).mean(0, true);
  EXPECT_LE(error_of(pool(x_SD, rows, Pooling::mean), golden), 1e-5);
}

TEST(Pool, GradientOfTheMean) {
  Tensor x_SD = at::randn({3, 2});
  x_SD.requires_grad_(true);
  const PassContext rows{.rows = pack_rows(std::vector<int64_t>{2, 1})};
  pool(x_SD, rows, Pooling::mean).sum().backward();
  const Tensor golden = at::tensor({.5f, .5f, .5f, .5f, 1.f, 1.f}).view({3, 2});
  EXPECT_LE(error_of(x_SD.grad(), golden), 1e-6);
}

TEST(Pool, NamesAndBack) {
  for (Pooling pooling : kAll)
    EXPECT_EQ(parse_pooling(to_string(pooling)), pooling);
  testing::expect_error(
      ErrorKind::usage, {"--pool sum", "median"}, [] { parse_pooling("sum"); });
}

}  // namespace
}  // namespace lineas
