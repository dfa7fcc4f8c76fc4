// Folders of .statedict files as Python's torch wrote them (remake:
// tools/goldens/make_torch_files.py), and ours.
#include "lineas/maps/statedict.h"

#include "lineas/tensor/checkpoint.h"
#include "lineas/tensor/torch_file.h"
#include "tests/support/compare.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

using testing::error_of;
using testing::expect_error;
using testing::LogCapture;
using testing::TempFolder;

const std::string kData = LINEAS_SOURCE_DIR "/tests/maps/data/";

Tensor expected(const std::string& name) {
  return SafetensorsFile(kData + "expected.safetensors").view(name).clone();
}

void expect_map(const MapSet& set,
                const std::string& site,
                const Tensor& scale_D,
                const Tensor& shift_D) {
  const AffineMap* map = set.find(site);
  ASSERT_NE(map, nullptr) << site;
  EXPECT_LE(error_of(map->scale_D, scale_D), 1e-6) << site;
  EXPECT_LE(error_of(map->shift_D, shift_D), 1e-6) << site;
}

const char* const kModules[] = {"model.layers.2.norm", "model.layers.10.norm"};

TEST(Statedict, ReadsEndToEndMaps) {
  const MapSet set = read_statedict_folder(kData + "lineas");
  ASSERT_EQ(set.maps.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    const std::string site = kModules[i];
    EXPECT_EQ(set.maps[i].first, site);  // 2 before 10
    EXPECT_FALSE(set.maps[i].second.support);
    expect_map(set, site, expected(site + ".scale"), expected(site + ".shift"));
  }
  EXPECT_EQ(set.rules, MapRules());
  EXPECT_EQ(set.provenance["from"], ".statedict (affine)");
}

TEST(Statedict, QuantilesBecomeASupport) {
  const MapSet set = read_statedict_folder(kData + "linear");
  for (const std::string site : kModules) {
    expect_map(set, site, expected(site + ".scale"), expected(site + ".shift"));
    const Interval& support = set.find(site)->support.value();
    EXPECT_TRUE(support.low_D.equal(expected(site + ".low")));
    EXPECT_TRUE(support.high_D.equal(expected(site + ".high")));
  }
}

TEST(Statedict, ReadsGaussianMapsAndAura) {
  const MapSet gaussian = read_statedict_folder(kData + "gaussian");
  const MapSet means =
      read_statedict_folder(kData + "gaussian", {.only_means = true});
  const MapSet aura = read_statedict_folder(kData + "aura");
  for (const std::string site : kModules) {
    expect_map(gaussian,
               site,
               expected("gaussian." + site + ".scale"),
               expected("gaussian." + site + ".shift"));
    expect_map(
        means, site, at::ones({3}), expected("means." + site + ".shift"));
    expect_map(aura, site, expected("aura." + site + ".scale"), at::zeros({3}));
  }
}

MapSet example(bool with_support) {
  MapSet set;
  at::manual_seed(3);
  for (const char* site : {"h.0.mlp", "h.1.mlp"}) {
    AffineMap map{at::randn({4}), at::randn({4})};
    if (with_support)
      map.support = Interval{at::tensor({-1.f, -2.f, -INFINITY, 0.f}),
                             at::tensor({1.f, 2.f, INFINITY, 0.5f})};
    set.maps.emplace_back(site, map);
  }
  return set;
}

TEST(Statedict, ReadsWhatItWrites) {
  for (const bool with_support : {false, true}) {
    const TempFolder folder;
    const MapSet set = example(with_support);
    write_statedict_folder(folder / "new/maps", set);
    const MapSet back = read_statedict_folder(folder / "new/maps");
    EXPECT_EQ(back.maps[1].second.support.has_value(), with_support);
    const TorchFile file(folder / "new/maps/h.1.mlp.statedict");
    const PickleTensor& scale = *file.root().find("net.w1")->tensor;
    EXPECT_EQ(scale.shape, (std::vector<int64_t>{1, 4}));
    EXPECT_TRUE(file.view(scale)[0].equal(set.maps[1].second.scale_D));
    EXPECT_EQ(file.root().find("dim")->integer, 4);
    EXPECT_EQ(file.root().find("quantiles_src") != nullptr, with_support);
  }
}

TEST(Statedict, SupportsComeBack) {
  const TempFolder folder;
  MapSet set = example(true);
  set.provenance = {{"method", "linear-act"},
                    {"options", {{"support-range", "5,95"}}}};
  write_statedict_folder(folder / "maps", set);
  const TorchFile file(folder / "maps/h.0.mlp.statedict");
  EXPECT_EQ(file.root().find("quantiles_src")->text, "q_5_95");
  const MapSet back = read_statedict_folder(folder / "maps");
  for (const auto& [site, map] : set.maps) {
    EXPECT_TRUE(back.find(site)->scale_D.equal(map.scale_D));
    EXPECT_TRUE(back.find(site)->support->low_D.equal(map.support->low_D));
    EXPECT_TRUE(back.find(site)->support->high_D.equal(map.support->high_D));
  }
}

TEST(Statedict, SaysWhatTheFormCannotHold) {
  const TempFolder folder;
  MapSet set = example(false);
  set.rules = {.position = Position::last,
               .tokens = {TokenScope::Kind::from, 4}};
  LogCapture log;
  write_statedict_folder(folder / "maps", set);
  ASSERT_EQ(log.messages.size(), 1u);
  EXPECT_NE(log.messages[0].find("position last, tokens from:4"),
            std::string::npos)
      << log.messages[0];
  expect_error(ErrorKind::resource, {"already has"}, [&] {
    write_statedict_folder(folder / "maps", set);
  });
  set.maps[0].first += "@3";
  expect_error(ErrorKind::unsupported, {"h.0.mlp@3"}, [&] {
    write_statedict_folder(folder / "other", set);
  });
}

// A folder with one file of that content.
void expect_refused(const TorchDict& dict,
                    const std::vector<std::string>& parts) {
  const TempFolder folder;
  write_torch_file(folder / "a.statedict", dict);
  expect_error(
      ErrorKind::format, parts, [&] { read_statedict_folder(folder.path()); });
}

TEST(Statedict, RefusesOtherContentsByFileAndKey) {
  const TempFolder empty;
  expect_error(ErrorKind::not_found, {empty.path(), ".statedict"}, [&] {
    read_statedict_folder(empty.path());
  });
  expect_error(ErrorKind::unsupported,
               {"model.layers.2.norm.statedict", "posix.system"},
               [] { read_statedict_folder(kData + "evil"); });
  const Tensor one = at::ones({1, 3});
  expect_refused({{{"weight", {one}}}}, {"a.statedict", "net.w1, mu1"});
  expect_refused({{{"net.w1", {one}}}}, {"\"net.b1\"", "missing"});
  expect_refused({{{"net.w1", {one}}, {"net.b1", {at::ones({2})}}}},
                 {"\"net.b1\"", "2 neurons", "3"});
  expect_refused({{{"net.w1", {at::ones({3, 3})}}}}, {"\"net.w1\"", "[3, 3]"});
  expect_refused({{{"net.w1", {at::ones({3}, at::kLong)}}}}, {"I64"});
  expect_refused({{{"net.w1", {one / 0}}}}, {"\"net.w1\"", "infinite"});
  expect_refused({{{"net.w1", {one * NAN}}}}, {"\"net.w1\"", "NaN"});
  expect_refused(
      {{{"net.w1", {one}}, {"net.b1", {one}}, {"dim", {int64_t{4}}}}},
      {"\"dim\"", "4", "3"});
  expect_refused({{{"net.w1", {one}},
                   {"net.b1", {one}},
                   {"quantiles_src", {std::string("q_1_99")}},
                   {"quantiles_dict_src", {TorchDict{}}}}},
                 {"quantiles_dict_src", "q_1_99"});
}

}  // namespace
}  // namespace lineas
