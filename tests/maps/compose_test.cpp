// Composition, inverse and difference of map sets, held against SteerTap on
// random tensors.
#include "lineas/maps/compose.h"

#include <chrono>

#include "lineas/maps/steer_tap.h"
#include "tests/support/compare.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"
#include "tests/support/maps.h"

namespace lineas {
namespace {

using testing::error_of;
using testing::expect_error;
using testing::LogCapture;
using testing::TempFolder;

constexpr int64_t kWidth = 5;
const char* const kSites[] = {"a", "b", "c"};

SiteTable sites() {
  SiteTable table;
  for (const char* site : kSites) table.add(site, kWidth);
  return table;
}

AffineMap random_map(int64_t seed) {
  at::manual_seed(seed);
  return {at::rand({kWidth}) + 0.5, at::randn({kWidth})};
}

Steering part(const std::string& name,
              const std::vector<std::string>& at,
              double strength = 1,
              int64_t seed = 1) {
  Steering made{.strength = strength, .name = name};
  for (const std::string& site : at)
    made.set.maps.add(parse_map_key(site), random_map(seed++));
  made.set.provenance = {{"method", "test of " + name},
                         {"model", {{"id", "m"}, {"fingerprint", "f"}}}};
  return made;
}

void bound(Steering& part, double low, double high) {
  for (auto& [site, map] : part.set.maps)
    map.support = Interval{at::full({kWidth}, low), at::full({kWidth}, high)};
}

Tensor random_tokens() {
  at::manual_seed(7);
  return at::randn({8, kWidth}) * 2;
}

Tensor steer(const std::vector<Steering>& steerings,
             SiteIndex site,
             const Tensor& x_SD) {
  SteerTap tap(sites(), steerings);
  return tap.visit(site, x_SD, {.rows = {{0, 0, 3}, {1, 3, 8}}});
}

Steering steering(const Steering& part) {
  return {part.set, part.strength, part.name};
}

void expect_same_as_several(const std::vector<Steering>& parts) {
  const MapSet sum = compose_maps(parts, Composition::additive);
  std::vector<Steering> several;
  for (const Steering& one : parts) several.push_back(steering(one));
  for (SiteIndex site = 0; site < 3; ++site)
    EXPECT_LE(error_of(steer({{sum}}, site, random_tokens()),
                       steer(several, site, random_tokens())),
              1e-6)
        << kSites[site];
}

TEST(Compose, SumsDoWhatSeveralSteeringsDo) {
  expect_same_as_several({part("A", {"a", "b"}, 0.7, 1),
                          part("B", {"b", "c"}, 1, 20),
                          part("C", {"b"}, 0.25, 30)});
  for (const Position position : {Position::avg, Position::last}) {
    auto one = part("A", {"a", "b"}, 0.7, 1), two = part("B", {"b"}, 1, 9);
    one.set.rules.position = two.set.rules.position = position;
    expect_same_as_several({one, two});
  }
}

TEST(Compose, SumsWithinOneSupportRange) {
  auto one = part("A", {"a", "b"}, 0.7, 1), two = part("B", {"b"}, 1, 9);
  bound(one, -1, 1);
  bound(two, -1, 1);
  expect_same_as_several({one, two});
  // Bit for bit: several of the same range are one action too.
  const Steering both[] = {one, two};
  EXPECT_TRUE(
      steer({{compose_maps(both, Composition::additive)}}, 1, random_tokens())
          .equal(steer({one, two}, 1, random_tokens())));
}

TEST(Compose, ChainsDoOneAfterTheOther) {
  const auto one = part("A", {"a", "b"}, 0.7, 1), two = part("B", {"b"}, .5, 9);
  const Steering both[] = {one, two};
  const MapSet chain = compose_maps(both, Composition::chain);
  const Tensor x_SD = random_tokens();
  for (SiteIndex site = 0; site < 3; ++site) {
    const Tensor first_SD = steer({steering(one)}, site, x_SD);
    EXPECT_LE(error_of(steer({{chain}}, site, x_SD),
                       steer({steering(two)}, site, first_SD)),
              1e-6);
  }
  const Steering turned[] = {two, one};
  EXPECT_FALSE(compose_maps(turned, Composition::chain)
                   .find("b")
                   ->shift_D.allclose(chain.find("b")->shift_D));
}

TEST(Compose, KeepsOrderRulesAndProvenance) {
  auto one = part("dir/A.safetensors", {"a", "c"}, 0.5);
  auto two = part("B.safetensors", {"a", "b", "c"});
  one.set.rules.tokens = two.set.rules.tokens = {TokenScope::Kind::generated};
  const Steering both[] = {one, two};
  const MapSet set = compose_maps(both, Composition::additive);
  ASSERT_EQ(set.maps.size(), 3u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(set.maps[i].first, kSites[i]);
  EXPECT_EQ(set.rules, one.set.rules);
  EXPECT_EQ(set.provenance["model"]["fingerprint"], "f");
  const Json& first = set.provenance["parts"][0];
  EXPECT_EQ(first["name"], "A.safetensors");
  EXPECT_EQ(first["strength"], 0.5);
  EXPECT_EQ(first["provenance"], one.set.provenance);
  // A sum of sums lists all parts side by side.
  Steering third = part("C", {"a"});
  third.set.rules = set.rules;
  const Steering again[] = {{set, 0.5, "AB"}, third};
  const MapSet sum = compose_maps(again, Composition::additive);
  ASSERT_EQ(sum.provenance["parts"].size(), 3u);
  EXPECT_EQ(sum.provenance["parts"][0]["strength"], 0.25);
  EXPECT_EQ(sum.provenance["parts"][2]["name"], "C");
}

void expect_refused(const Steering& one,
                    const Steering& two,
                    ErrorKind kind,
                    const std::vector<std::string>& parts,
                    Composition composition = Composition::additive) {
  const Steering both[] = {one, two};
  expect_error(kind, parts, [&] { compose_maps(both, composition); });
}

TEST(Compose, RefusesOtherRulesAndNamesThem) {
  const auto one = part("A.map", {"a"});
  auto two = part("B.map", {"b"});
  two.set.rules.position = Position::last;
  expect_refused(one,
                 two,
                 ErrorKind::shape,
                 {"A.map", "B.map", "position is all", "last"});
  two.set.rules = {.tokens = {TokenScope::Kind::from, 3}};
  expect_refused(one, two, ErrorKind::shape, {"tokens is all", "from:3"});
  two.set.rules = {.guidance = Guidance::conditional};
  expect_refused(one, two, ErrorKind::shape, {"guidance is both"});
}

TEST(Compose, RefusesOtherModelsAndWidths) {
  const auto one = part("A.map", {"a"});
  auto two = part("B.map", {"a"});
  two.set.provenance["model"] = {{"id", "other"}, {"fingerprint", "g"}};
  expect_refused(
      one, two, ErrorKind::shape, {"A.map", "B.map", "m (f)", "other (g)"});
  const Steering both[] = {one, two};
  EXPECT_EQ(
      testing::error_message(ErrorKind::shape,
                             [&] { compose_maps(both, Composition::additive); })
          .find("--steer"),
      std::string::npos);
  auto none = part("none.map", {"a"});
  none.set.provenance = Json::object();  // converted: nobody knows
  expect_error(ErrorKind::shape, {"A.map", "B.map", "m (f)"}, [&] {
    compose_maps(std::vector{none, one, two}, Composition::additive);
  });
  two.set.provenance = Json::object();
  two.set.maps[0].second = AffineMap::identity(6);
  expect_refused(
      one, two, ErrorKind::shape, {"\"a\"", "5 neurons", "B.map has 6"});
}

TEST(Compose, RefusesOtherSupportsAtACommonSite) {
  auto one = part("A.map", {"a", "b"}), two = part("B.map", {"b", "c"});
  bound(one, -1, 1);
  expect_refused(
      one, two, ErrorKind::shape, {"\"b\"", "A.map is (-1, 1)", "B.map none"});
  bound(two, -1, 2);
  expect_refused(one, two, ErrorKind::shape, {"(-1, 1)", "(-1, 2)"});
  bound(two, -1, std::nextafter(1.f, 2.f));
  expect_refused(one, two, ErrorKind::shape, {"(-1, 1)", "(-1, 1.00000012)"});
  bound(two, -1, 1);
  expect_refused(one,
                 two,
                 ErrorKind::unsupported,
                 {"\"b\"", "--chain"},
                 Composition::chain);
  expect_refused(part("A", {"a@3"}),
                 part("B", {"a"}),
                 ErrorKind::unsupported,
                 {"step 3"},
                 Composition::chain);
}

TEST(Invert, UndoesTheMapAtItsStrength) {
  const Tensor x_SD = random_tokens();
  for (const Position position : {Position::all, Position::avg}) {
    auto one = part("A", {"a", "b"}, 0.7);
    one.set.rules.position = position;
    const MapSet back = invert_map(one);
    EXPECT_EQ(back.rules, one.set.rules);
    const Tensor there_SD = steer({steering(one)}, 1, x_SD);
    EXPECT_LE(error_of(steer({{back}}, 1, there_SD), x_SD), 1e-5);
    EXPECT_EQ(back.provenance["parts"][0]["strength"], 0.7);
  }
}

TEST(Invert, ASupportBecomesItsImage) {
  auto one = part("A", {"a"});
  one.set.maps[0].second.scale_D = at::tensor({2.f, -1.f, 1.f, .5f, 3.f});
  bound(one, -1, 2);
  LogCapture log;
  const MapSet back = invert_map(one);
  EXPECT_NE(log.messages.at(0).find("image"), std::string::npos);
  const Interval& image = *back.maps[0].second.support;
  const Tensor shift_D = one.set.maps[0].second.shift_D;
  EXPECT_NEAR(
      image.low_D[0].item<float>(), -2 + shift_D[0].item<float>(), 1e-6);
  EXPECT_NEAR(
      image.high_D[1].item<float>(), 1 + shift_D[1].item<float>(), 1e-6);
  // What the map moved comes back.
  const Tensor x_SD = at::rand({8, kWidth}) * 2.9 - 0.95;
  EXPECT_LE(error_of(steer({{back}}, 0, steer({steering(one)}, 0, x_SD)), x_SD),
            1e-5);
}

TEST(Invert, NamesNeuronsWithoutAnInverse) {
  auto one = part("A.map", {"a", "b"});
  one.set.maps[1].second.scale_D[3] = 0;
  one.set.maps[1].second.scale_D[4] = -1e-4;
  expect_error(ErrorKind::numeric,
               {"A.map", "\"b\"", "2 of 5", "3 (0)", "4 (-0.0001)"},
               [&] { invert_map(one); });
  one.strength = 0.5;
  invert_map(one);
}

TEST(Compare, SaysWhereAndByHowMuch) {
  const auto one = part("A", {"a", "b"});
  auto two = one;
  EXPECT_TRUE(compare_maps(one.set, two.set)[1].is_equal(0));
  two.set.maps[0].second.scale_D = one.set.maps[0].second.scale_D.clone();
  two.set.maps[0].second.scale_D[2] += 0.5;
  two.set = testing::with_key(two.set, 1, "c");
  const auto differences = compare_maps(one.set, two.set);
  ASSERT_EQ(differences.size(), 3u);
  EXPECT_NEAR(differences[0].max_scale, 0.5, 1e-6);
  EXPECT_NEAR(differences[0].rms_scale, 0.5 / std::sqrt(5.0), 1e-6);
  EXPECT_EQ(differences[0].max_shift, 0);
  EXPECT_TRUE(differences[0].is_equal(0.6));
  EXPECT_FALSE(differences[0].is_equal(0.4));
  for (const auto& one_sided : {differences[1], differences[2]}) {
    EXPECT_NE(one_sided.in_first, one_sided.in_second);
    EXPECT_FALSE(one_sided.is_equal(9));
  }
  auto bounded = one;
  bound(bounded, 0, 1);
  EXPECT_TRUE(compare_maps(one.set, bounded.set)[0].support_differs);
  EXPECT_TRUE(rule_differences(one, bounded).empty());
}

TEST(Compose, AChainOfChainsListsItsPartsSideBySide) {
  Steering chain = part("A", {"a"});
  for (int i = 0; i < 40; ++i) {
    const Steering longer[] = {chain, part("B", {"a"}, 0.5)};
    chain = {compose_maps(longer, Composition::chain), 1, "chain"};
  }
  const Json& parts = chain.set.provenance["parts"];
  ASSERT_EQ(parts.size(), 41u);
  EXPECT_EQ(parts[0]["name"], "A");
  EXPECT_EQ(parts[40]["name"], "B");
  EXPECT_EQ(parts[40]["strength"], 0.5);
  // At another strength it is no chain of its parts.
  chain.strength = 0.5;
  const Steering nested[] = {chain, part("B", {"a"})};
  const MapSet set = compose_maps(nested, Composition::chain);
  ASSERT_EQ(set.provenance["parts"].size(), 2u);
  EXPECT_EQ(set.provenance["parts"][0]["provenance"]["parts"], parts);
}

TEST(Invert, AgainAndAgainEndsBeforeTheFileCannotBeRead) {
  const TempFolder folder;
  const std::string path = folder / "map.safetensors";
  write_map_set(path, part("A", {"a"}).set);
  int written = 0;
  try {
    for (; written < 50; ++written)
      write_map_set(path, invert_map({read_map_set(path), 1, path}));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::format);
    EXPECT_NE(std::string(error.what()).find("is not written"),
              std::string::npos)
        << error.what();
  }
  EXPECT_GT(written, 10);
  EXPECT_LT(written, 50);
  EXPECT_EQ(read_map_set(path).maps.size(), 1u);
}

TEST(Compose, NamesOfPartsNeedNotBeUtf8) {
  const Steering one[] = {part("dir/\xff\x1b.map", {"a"})};
  EXPECT_EQ(
      compose_maps(one, Composition::additive).provenance["parts"][0]["name"],
      "\ufffd\\x1b.map");
}

TEST(Compose, ManySitesTakeLinearTime) {
  Steering one{.name = "A"}, two{.name = "B"};
  const AffineMap map = AffineMap::identity(1);
  for (int i = 0; i < 40'000; ++i) {
    one.set.maps.add(fmt::format("model.layers.{}.norm", i), map);
    two.set.maps.add(fmt::format("model.layers.{}.norm", 2 * i), map);
  }
  const Steering both[] = {one, two};
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(compose_maps(both, Composition::additive).maps.size(), 60'000u);
  EXPECT_EQ(compare_maps(one.set, two.set).size(), 60'000u);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

}  // namespace
}  // namespace lineas
