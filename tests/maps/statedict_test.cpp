// Folders of .statedict files as Python's torch wrote them (remake:
// tools/goldens/make_torch_files.py), and ours
// (lineas/maps/statedict_writer.cpp).
#include "lineas/maps/statedict.h"

#include "lineas/tensor/checkpoint.h"
#include "lineas/tensor/torch_file.h"
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
    set.maps.add(site, map);
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
  set = testing::with_key(set, 0, {set.maps[0].first.site, 3});
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

// As the published hooks save themselves after fitting: the quantiles stand in
// the place of their name, of Gaussian maps those of live neurons alone.
TEST(Statedict, FittedMapsHaveTheirQuantilesInPlace) {
  const MapSet linear = read_statedict_folder(kData + "fitted_linear");
  const MapSet everywhere = read_statedict_folder(kData + "fitted_everywhere");
  const MapSet gaussian = read_statedict_folder(kData + "fitted_gaussian");
  const MapSet means =
      read_statedict_folder(kData + "fitted_gaussian", {.only_means = true});
  for (const std::string site : kModules) {
    const auto& support = linear.find(site)->support.value();
    EXPECT_TRUE(support.low_D.equal(expected("fitted." + site + ".low")));
    EXPECT_TRUE(support.high_D.equal(expected("fitted." + site + ".high")));
    EXPECT_TRUE(linear.find(site)->scale_D.equal(
        expected("fitted." + site + ".scale")));
    EXPECT_FALSE(everywhere.find(site)->support);
    for (const MapSet* set : {&gaussian, &means}) {
      const auto& scattered = set->find(site)->support.value();
      EXPECT_TRUE(
          scattered.low_D.equal(expected("fitted_gaussian." + site + ".low")));
      EXPECT_TRUE(scattered.high_D.equal(
          expected("fitted_gaussian." + site + ".high")));
    }
  }
}

TEST(Statedict, RefusesQuantilesThatDoNotFit) {
  const Tensor one = at::ones({1, 3});
  const auto refuse = [&](const TorchItem& quantiles,
                          const std::vector<std::string>& parts) {
    expect_refused(
        {{{"net.w1", {one}}, {"net.b1", {one}}, {"quantiles_src", quantiles}}},
        parts);
  };
  refuse({std::vector<Tensor>{one}}, {"\"quantiles_src\"", "pair"});
  refuse({int64_t{3}}, {"\"quantiles_src\"", "an integer"});
  refuse({std::vector<Tensor>{at::ones({2}), one}},
         {"\"quantiles_src\"", "2 neurons", "3"});
  refuse({std::vector<Tensor>{one, -one}}, {"\"quantiles_src\"", "above"});
  refuse({std::vector<Tensor>{one.to(at::kDouble) * -1e300, one}},
         {"\"quantiles_src\"", "float32"});
}

TEST(Statedict, RefusesNumbersThatNoMapHas) {
  const Tensor one = at::ones({3});
  const Tensor huge = at::full({3}, 1e300, at::kDouble);
  expect_refused({{{"net.w1", {huge}}, {"net.b1", {one}}}},
                 {"a.statedict", "\"net.w1\"", "float32"});
  expect_refused({{{"net.w1", {one}}, {"net.b1", {huge}}}},
                 {"a.statedict", "\"net.b1\"", "float32"});
  expect_refused({{{"auroc", {at::tensor({0.5f, 1.5f})}}}},
                 {"a.statedict", "\"auroc\"", "[0, 1]"});
  expect_refused({{{"auroc", {at::tensor({0.5f, -0.1f})}}}},
                 {"a.statedict", "\"auroc\"", "[0, 1]"});
  expect_refused(
      {{{"mu1", {one}}, {"mu2", {one}}, {"std1", {-one}}, {"std2", {one}}}},
      {"a.statedict", "\"std1\"", "negative"});
  expect_refused({{{"mu1", {one}},
                   {"mu2", {one}},
                   {"std1", {one * 2e-4}},
                   {"std2", {one * 3e38}}}},
                 {"a.statedict", "\"std2\"", "float32"});
}

TEST(Statedict, NamesOfFilesAreNamesOfSites) {
  for (const char* name : {"\xff", "a\nb"}) {
    const TempFolder folder;
    write_torch_file(folder / (name + std::string(".statedict")),
                     {{{"alpha", {at::ones({2})}}}});
    expect_error(ErrorKind::format, {folder.path(), "no name for a site"}, [&] {
      read_statedict_folder(folder.path());
    });
  }
}

// A file that cannot be written leaves nothing of the folder, and nothing else
// is touched.
TEST(Statedict, HalfAFolderIsNone) {
  const TempFolder folder;
  folder.write("config.json", "precious");
  MapSet set = example(false);
  // Too long for a file.
  set = testing::with_key(set, 1, std::string(300, 'b'));
  for (const char* name : {"/new/maps", "/new/maps/", ""}) {
    expect_error(ErrorKind::resource, {}, [&] {
      write_statedict_folder(folder.path() + name, set);
    });
    EXPECT_FALSE(std::filesystem::exists(folder / "new"));
    EXPECT_FALSE(has_statedict_files(folder.path()));
  }
  set = testing::with_key(set, 1, std::string("config.json\0", 12));
  expect_error(ErrorKind::format, {"config.json\\x00"}, [&] {
    write_statedict_folder(folder.path(), set);
  });
  EXPECT_EQ(read_file(folder / "config.json"), "precious");
  EXPECT_FALSE(has_statedict_files(folder.path()));
  expect_error(
      ErrorKind::usage, {"empty"}, [&] { write_statedict_folder("", set); });
}

}  // namespace
}  // namespace lineas
