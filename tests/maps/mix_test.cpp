// Mixes: what a row has, alone and beside rows with others, while it changes.
#include "lineas/maps/mix.h"

#include <gtest/gtest.h>

#include <set>

#include "lineas/maps/steer_tap.h"
#include "tests/support/compare.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::error_of;
using testing::expect_error;

constexpr int64_t kWidth = 5;

SiteTable two_sites() {
  SiteTable sites;
  sites.add("mlp", kWidth);
  sites.add("norm", kWidth);
  return sites;
}

AffineMap random_map(int64_t seed, bool has_support = false) {
  at::manual_seed(seed);
  AffineMap map{at::rand({kWidth}) + 0.5, at::randn({kWidth})};
  if (has_support)
    map.support = Interval{at::full({kWidth}, -0.9), at::full({kWidth}, 0.8)};
  return map;
}

Steering steering_of(const AffineMap& map,
                     double strength = 1,
                     const MapRules& rules = {},
                     const MapKey& key = "mlp") {
  return {MapSet{{{key, map}}, rules}, strength};
}

SharedMix mix_of(const std::vector<Steering>& parts, double strength = 1) {
  return std::make_shared<const Mix>(two_sites(), parts, strength);
}

TEST(Mix, IsKnownByWhatItDoes) {
  const AffineMap map = random_map(1), other = random_map(2);
  const std::string one = mix_of({steering_of(map)})->identity();
  EXPECT_EQ(mix_of({steering_of(map)})->identity(), one);
  EXPECT_EQ(mix_of({steering_of(map, 0.5)}, 2)->identity(), one);
  EXPECT_EQ(
      mix_of({steering_of(map, 0.25), steering_of(map, 0.75)})->identity(),
      one);
  EXPECT_EQ(mix_of({steering_of(map), steering_of(other, 0)})->identity(), one);
  AffineMap bounded = map;
  bounded.support = Interval{at::zeros({kWidth}), at::ones({kWidth})};
  const std::vector<SharedMix> others = {
      mix_of({steering_of(map, 0.5)}),
      mix_of({steering_of(other)}),
      mix_of({steering_of(map), steering_of(other)}),
      mix_of({steering_of(bounded)}),
      mix_of({steering_of(map, 1, {.position = Position::avg})}),
      mix_of({steering_of(map, 1, {.tokens = {TokenScope::Kind::from, 1}})}),
      mix_of({steering_of(map, 1, {.tokens = {TokenScope::Kind::from, 2}})}),
      mix_of({steering_of(map, 1, {.guidance = Guidance::conditional})}),
      mix_of({steering_of(map, 1, {}, {"mlp", 0})}),
      mix_of({steering_of(map, 1, {}, "norm")})};
  std::set<std::string> identities{one};
  for (const SharedMix& mix : others) identities.insert(mix->identity());
  EXPECT_EQ(identities.size(), others.size() + 1);
}

TEST(Mix, IsEmptyWhereNothingMoves) {
  const AffineMap map = random_map(1);
  AffineMap broken = random_map(1);
  broken.shift_D[0] = INFINITY;
  EXPECT_TRUE(mix_of({})->empty());
  EXPECT_TRUE(mix_of({steering_of(broken)}, 0)->empty());
  EXPECT_TRUE(mix_of({steering_of(broken, 0)})->empty());
  EXPECT_TRUE(mix_of({steering_of(AffineMap::identity(kWidth))})->empty());
  EXPECT_TRUE(mix_of({steering_of(map), steering_of(map, -1)})->empty());
  EXPECT_FALSE(mix_of({steering_of(map)})->empty());
  EXPECT_EQ(mix_of({})->identity(), "");
  expect_error(ErrorKind::shape, {"nowhere"}, [&] {
    mix_of({steering_of(map, 0, {}, "nowhere")});
  });
}

// A batch of rows, row r the same in every layout and call.
struct Batch {
  const char* name;
  Axis axis;
  Layout layout;
  std::vector<int64_t> shape;    // of one entry (or token)
  std::vector<int64_t> lengths;  // of the rows, in entries or tokens

  Tensor row(int64_t r) const {
    std::vector<int64_t> sizes = shape;
    sizes.insert(sizes.begin(), lengths[r]);
    at::manual_seed(100 + r);
    return at::randn(sizes);
  }
  Tensor all() const {
    std::vector<Tensor> rows;
    for (size_t r = 0; r < lengths.size(); ++r) rows.push_back(row(r));
    return at::cat(rows);
  }
  PassContext context(const std::vector<int64_t>& numbers) const {
    std::vector<int64_t> of_numbers;
    for (const int64_t r : numbers) of_numbers.push_back(lengths[r]);
    return {
        .rows = pack_rows(of_numbers, numbers), .axis = axis, .layout = layout};
  }
  bool has_order() const { return layout == Layout::channels_last; }
};

const Batch kBatches[] = {
    {"prefill", Axis::tokens, Layout::channels_last, {kWidth}, {3, 1, 4, 2}},
    {"decode", Axis::tokens, Layout::channels_last, {kWidth}, {1, 1, 1, 1}},
    {"x_BTD", Axis::entries, Layout::channels_last, {3, kWidth}, {1, 2, 1, 1}},
    {"x_BD", Axis::entries, Layout::channels_last, {kWidth}, {1, 2, 1, 1}},
    {"x_BCHW",
     Axis::entries,
     Layout::channels_first,
     {kWidth, 2, 3},
     {1, 2, 1, 1}}};

// Row r of a batch by itself, with that mix alone.
Tensor alone(const Batch& batch, int64_t r, const SharedMix& mix) {
  SteerTap tap(two_sites());
  tap.assign(r, mix);
  return tap.visit(0, batch.row(r), batch.context({r}));
}

void expect_rows(const Batch& batch,
                 const Tensor& y,
                 const std::vector<SharedMix>& mixes) {
  int64_t begin = 0;
  for (size_t r = 0; r < mixes.size(); ++r) {
    const Tensor row = y.slice(0, begin, begin + batch.lengths[r]);
    begin += batch.lengths[r];
    if (mixes[r])
      EXPECT_LE(error_of(row, alone(batch, r, mixes[r])), 1e-5) << r;
    else
      EXPECT_TRUE(row.equal(batch.row(r))) << r;
  }
}

TEST(Mixes, RowsOfOneBatchAreAsAlone) {
  const std::vector<MapRules> all_rules = {
      {},
      {.position = Position::avg},
      {.position = Position::last},
      {.tokens = {TokenScope::Kind::from, 1}},
      {.position = Position::avg, .tokens = {TokenScope::Kind::last, 2}}};
  for (const Batch& batch : kBatches)
    for (const MapRules& rules : all_rules) {
      if (!batch.has_order() &&
          (rules.position == Position::last || rules.tokens != TokenScope()))
        continue;
      SCOPED_TRACE(fmt::format("{}, {}, {}",
                               batch.name,
                               to_string(rules.position),
                               to_string(rules.tokens)));
      const SharedMix one = mix_of({steering_of(random_map(1), 0.7, rules)});
      const SharedMix two = mix_of({steering_of(random_map(2, true), 1, rules),
                                    steering_of(random_map(3), 0.5)});
      const std::vector<std::vector<SharedMix>> cases = {
          {one, two, nullptr, one},
          {one, one, one, one},
          {nullptr, two, two, nullptr},
          {two,
           mix_of({steering_of(random_map(4, true), 0.3, rules)}),
           one,
           nullptr}};
      SteerTap tap(two_sites());
      for (const auto& mixes : cases) {
        for (size_t r = 0; r < mixes.size(); ++r) tap.assign(r, mixes[r]);
        for (int call = 0; call < 2; ++call)
          expect_rows(batch,
                      tap.visit(0, batch.all(), batch.context({0, 1, 2, 3})),
                      mixes);
      }
    }
}

TEST(Mixes, RowsWithoutOneKeepWhatIsNotFinite) {
  for (const auto type : {at::kFloat, at::kHalf, at::kDouble})
    for (const Position position : {Position::all, Position::last}) {
      const MapRules rules{.position = position};
      const Tensor x_SD = at::full({3, kWidth}, -INFINITY).to(type);
      SteerTap tap(two_sites());
      tap.assign(1,
                 mix_of({steering_of(random_map(1), 1, rules),
                         steering_of(random_map(2, true), 1, rules)}));
      tap.assign(2, mix_of({steering_of(random_map(3), 1, rules)}));
      const PassContext context{.rows = {{0, 0, 1}, {1, 1, 2}, {2, 2, 3}}};
      const Tensor y_SD = tap.visit(0, x_SD, context);
      EXPECT_TRUE(y_SD[0].equal(x_SD[0]));
      EXPECT_EQ(y_SD.scalar_type(), type);
    }
}

TEST(Mixes, AreExchangedBetweenCallsNotWithin) {
  const Batch& batch = kBatches[1];
  const auto at_both = [](const AffineMap& map) {
    return mix_of({steering_of(map), steering_of(map, 1, {}, "norm")});
  };
  const SharedMix one = at_both(random_map(1));
  const SharedMix two = at_both(random_map(2));
  SteerTap tap(two_sites());
  tap.assign(0, one);
  tap.assign(1, two);
  const PassContext first = batch.context({0, 1, 2, 3});
  const std::vector<SharedMix> before{one, two, nullptr, nullptr};
  expect_rows(batch, tap.visit(0, batch.all(), first), before);
  tap.assign(0, two);
  tap.release(1);
  tap.assign(3, one);  // admitted while the others run
  EXPECT_EQ(tap.mix_of(0), two);
  EXPECT_EQ(tap.mix_of(1), nullptr);
  expect_rows(batch, tap.visit(1, batch.all(), first), before);
  // The next call, of a new context or of the same.
  for (const PassContext& next : {batch.context({0, 1, 2, 3}), first})
    for (const SiteIndex site : {0, 1})
      expect_rows(batch,
                  tap.visit(site, batch.all(), next),
                  {two, nullptr, nullptr, one});
}

TEST(Mixes, GoWithTheirLastRow) {
  SteerTap tap(two_sites());
  SharedMix mix = mix_of({steering_of(random_map(1))});
  const std::weak_ptr<const Mix> watched = mix;
  tap.assign(0, mix);
  tap.assign(7, mix);
  EXPECT_FALSE(tap.is_idle());
  mix.reset();
  const Batch& batch = kBatches[1];
  tap.visit(0, batch.all(), batch.context({0, 1, 2, 3}));
  tap.release(0);
  EXPECT_FALSE(watched.expired());
  tap.release(7);
  EXPECT_TRUE(watched.expired());
  EXPECT_TRUE(tap.is_idle());
}

TEST(Mixes, OfACallUnderWayStayUntilItsEnd) {
  SteerTap tap(two_sites());
  const AffineMap map = random_map(1);
  tap.assign(0, mix_of({steering_of(map), steering_of(map, 1, {}, "norm")}));
  const std::weak_ptr<const Mix> watched = tap.mix_of(0);
  const Batch& batch = kBatches[1];
  {
    const PassContext context = batch.context({0});
    tap.visit(0, batch.row(0), context);
    tap.release(0);
    EXPECT_FALSE(watched.expired());
    EXPECT_FALSE(tap.visit(1, batch.row(0), context).equal(batch.row(0)));
  }
  tap.visit(0, batch.row(0), batch.context({0}));
  EXPECT_TRUE(watched.expired());
}

TEST(Mixes, OfOtherTablesAreRefused) {
  SiteTable sites = two_sites();
  sites.add("more", 3);
  SteerTap tap(sites);
  expect_error(ErrorKind::shape, {"row 4", "2 sites"}, [&] {
    tap.assign(4, mix_of({steering_of(random_map(1))}));
  });
}

TEST(Mixes, ActAtTheirStepAndHalf) {
  const AffineMap map = random_map(1);
  SteerTap tap(two_sites());
  tap.assign(0,
             mix_of({steering_of(map, 1, {}, {"mlp", 1}),
                     steering_of(random_map(2), 1, {}, {"mlp", 2})}));
  tap.assign(
      1, mix_of({steering_of(map, 1, {.guidance = Guidance::unconditional})}));
  const Tensor x_BCHW = at::randn({4, kWidth, 2, 2});
  for (const int step : {0, 1}) {
    PassContext context{.rows = {{0, 0, 1}, {1, 1, 2}, {0, 2, 3}, {1, 3, 4}},
                        .axis = Axis::entries,
                        .step = step,
                        .layout = Layout::channels_first};
    for (size_t b = 0; b < 4; ++b)
      context.rows[b].half = b < 2 ? Half::unconditional : Half::conditional;
    const Tensor y_BCHW = tap.visit(0, x_BCHW, context);
    const Tensor moved_BCHW =
        x_BCHW * map.scale_D.view({-1, 1, 1}) + map.shift_D.view({-1, 1, 1});
    for (int64_t b = 0; b < 4; ++b) {
      const bool is_moved = b == 1 || (b != 3 && step == 1);
      EXPECT_LE(error_of(y_BCHW[b], is_moved ? moved_BCHW[b] : x_BCHW[b]), 1e-6)
          << "entry " << b << ", step " << step;
    }
  }
}

}  // namespace
}  // namespace lineas
