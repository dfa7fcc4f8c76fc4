// Map files: what is written is read, and what is malformed is refused by name.
#include <gtest/gtest.h>

#include "lineas/maps/map_set.h"
#include "lineas/tensor/checkpoint.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"
#include "tests/support/maps.h"

namespace lineas {
namespace {

using testing::expect_error;
using testing::TempFolder;

using Tensors = std::vector<std::pair<std::string, Tensor>>;
using Metadata = std::map<std::string, std::string>;

MapSet example() {
  MapSet set;
  AffineMap bounded{at::tensor({1.5f, 0.5f}), at::tensor({0.0f, -2.0f})};
  bounded.support = Interval{at::tensor({-1.0f, -INFINITY}), at::ones({2})};
  set.maps = {{"b.norm", AffineMap::identity(3)}, {"a.mlp", bounded}};
  set.rules = {.position = Position::avg,
               .tokens = {TokenScope::Kind::from, 4},
               .guidance = Guidance::conditional};
  set.provenance = {{"method", "lineas"}, {"loss", {1.5, 0.25}}};
  return set;
}

Metadata good_metadata() {
  return {{"format", "lineas.map"}, {"version", "1"}};
}

Tensors good_tensors() {
  return {{"mlp.scale", at::ones({4})}, {"mlp.shift", at::zeros({4})}};
}

void expect_refused(const Tensors& tensors,
                    const Metadata& metadata,
                    std::vector<std::string> parts) {
  const TempFolder folder;
  const std::string path = folder / "map.safetensors";
  write_safetensors(path, tensors, metadata);
  parts.push_back(path);
  expect_error(ErrorKind::format, parts, [&] { read_map_set(path); });
}

TEST(MapFile, ReadsWhatItWrites) {
  const TempFolder folder;
  const std::string path = folder / "map.safetensors";
  const MapSet set = example();
  write_map_set(path, set);
  const MapSet back = read_map_set(path);
  ASSERT_EQ(back.maps.size(), 2u);
  EXPECT_EQ(back.maps[0].first, "b.norm");
  EXPECT_EQ(back.rules, set.rules);
  EXPECT_EQ(back.provenance, set.provenance);
  const AffineMap& bounded = *back.find("a.mlp");
  EXPECT_TRUE(bounded.scale_D.equal(set.find("a.mlp")->scale_D));
  EXPECT_TRUE(bounded.shift_D.equal(set.find("a.mlp")->shift_D));
  EXPECT_TRUE(bounded.support->low_D.equal(set.find("a.mlp")->support->low_D));
  EXPECT_FALSE(back.find("b.norm")->support);
  EXPECT_EQ(back.find("c"), nullptr);
}

TEST(MapFile, SameMapsSameBytes) {
  const TempFolder folder;
  write_map_set(folder / "one", example());
  write_map_set(folder / "two", read_map_set(folder / "one"));
  EXPECT_EQ(read_file(folder / "one"), read_file(folder / "two"));
}

TEST(MapFile, LeftOutMetadataHasDefaults) {
  const TempFolder folder;
  write_safetensors(folder / "map", good_tensors(), good_metadata());
  const MapSet set = read_map_set(folder / "map");
  EXPECT_EQ(set.rules, MapRules{});
  EXPECT_EQ(set.provenance, Json::object());
}

TEST(MapFile, RefusesBadTensorsByName) {
  const Metadata metadata = good_metadata();
  const Tensor ones = at::ones({4});
  const auto with = [&](const char* name, const Tensor& tensor) {
    Tensors tensors = good_tensors();
    tensors.emplace_back(name, tensor);
    return tensors;
  };
  expect_refused({}, metadata, {"no maps"});
  expect_refused(with("norm.scale", ones), metadata, {"norm", ".shift"});
  expect_refused(with("norm.shift", ones), metadata, {"norm", ".scale"});
  expect_refused(with("mlp.low", ones), metadata, {"mlp", ".high"});
  expect_refused(with("mlp.gain", ones), metadata, {"mlp.gain"});
  expect_refused(with("scale", ones), metadata, {"\"scale\""});
  expect_refused(with("norm.low", ones), metadata, {"norm", ".high"});
  expect_refused(with("n.scale", ones.to(at::kHalf)), metadata, {"n.", "F16"});
  expect_refused(with("n.scale", ones.view({1, 4})), metadata, {"n", "[1, 4]"});
  expect_refused(with("n.scale", at::empty({0})), metadata, {"n", "[0]"});
  expect_refused(
      with("n.scale", at::full({4}, NAN)), metadata, {"n.scale", "NaN"});
}

TEST(MapFile, RefusesPairsThatDoNotMatch) {
  const Metadata metadata = good_metadata();
  expect_refused({{"m.scale", at::ones({4})}, {"m.shift", at::ones({3})}},
                 metadata,
                 {"m", "4", "3"});
  expect_refused(
      {{"m.scale", at::full({4}, INFINITY)}, {"m.shift", at::ones({4})}},
      metadata,
      {"m", "infinite"});
  Tensors bounded = good_tensors();
  bounded.emplace_back("mlp.low", at::ones({4}));
  bounded.emplace_back("mlp.high", at::zeros({4}));
  expect_refused(bounded, metadata, {"mlp", "above"});
  bounded = good_tensors();
  bounded.emplace_back("mlp.low", at::zeros({3}));
  bounded.emplace_back("mlp.high", at::ones({3}));
  expect_refused(bounded, metadata, {"mlp", "4", "3"});
}

TEST(MapFile, RefusesBadMetadata) {
  const auto with = [](const char* key, const char* value) {
    Metadata metadata = good_metadata();
    metadata[key] = value;
    return metadata;
  };
  expect_refused(good_tensors(), {}, {"not a map file"});
  expect_refused(good_tensors(), with("format", "pt"), {"\"pt\""});
  expect_refused(good_tensors(), with("version", "2"), {"\"2\"", "version 1"});
  expect_refused(good_tensors(), with("position", "first"), {"first"});
  expect_refused(good_tensors(), with("tokens", "last:0"), {"last:0"});
  expect_refused(good_tensors(), with("tokens", "from"), {"\"from\""});
  expect_refused(good_tensors(), with("guidance", "none"), {"none"});
  expect_refused(good_tensors(), with("provenance", "{"), {"provenance"});
  expect_refused(good_tensors(), with("provenance", "[]"), {"provenance"});
}

TEST(MapFile, RefusesToWriteNaN) {
  const TempFolder folder;
  MapSet set = example();
  set.maps[0].second.shift_D = at::full({3}, NAN);
  expect_error(ErrorKind::numeric, {"b.norm"}, [&] {
    write_map_set(folder / "map", set);
  });
  EXPECT_FALSE(file_exists(folder / "map"));
}

Tensors map_named(const std::string& site) {
  return {{site + ".scale", at::ones({2})}, {site + ".shift", at::ones({2})}};
}

TEST(MapFile, RefusesNamesThatAreNone) {
  using namespace std::string_literals;
  for (const std::string& site : {"config.json\0"s,
                                  "a\nb"s,
                                  "\x1b[31mred"s,
                                  std::string(1025, 'a'),
                                  std::string(50'000, 'a')})
    expect_refused(map_named(site), good_metadata(), {"no name for a site"});
  const TempFolder folder;
  write_safetensors(
      folder / "map", map_named(std::string(1024, 'a')), good_metadata());
  EXPECT_EQ(read_map_set(folder / "map").maps[0].first.site.size(), 1024u);
}

TEST(MapFile, OneSiteHasOneName) {
  const TempFolder folder;
  const auto read_name = [&](const std::string& written) {
    write_safetensors(folder / "map", map_named(written), good_metadata());
    return to_string(read_map_set(folder / "map").maps[0].first);
  };
  EXPECT_EQ(read_name("mlp:0"), "mlp");
  EXPECT_EQ(read_name("mlp:0@3"), "mlp@3");
  EXPECT_EQ(read_name("mlp@03"), "mlp@3");
  EXPECT_EQ(read_name("mlp:1@00"), "mlp:1@0");
  EXPECT_EQ(read_name("mlp@x"), "mlp@x");
  for (const auto& [one, other] :
       std::vector<std::pair<std::string, std::string>>{
           {"mlp", "mlp:0"}, {"mlp@3", "mlp@03"}, {"mlp:0@3", "mlp@3"}}) {
    Tensors both = map_named(one);
    for (const auto& tensor : map_named(other)) both.push_back(tensor);
    expect_refused(
        both, good_metadata(), {"\"" + one + "\"", "\"" + other + "\""});
    expect_refused({map_named(one)[0], map_named(other)[1]},
                   good_metadata(),
                   {"two names"});
  }
}

TEST(MapFile, RefusesToWriteWhatItCouldNotRead) {
  const TempFolder folder;
  const auto expect_unwritten = [&](ErrorKind kind,
                                    const std::vector<std::string>& parts,
                                    const MapSet& set) {
    expect_error(kind, parts, [&] { write_map_set(folder / "map", set); });
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  };
  MapSet set = example();
  for (int i = 0; i < 70; ++i) set.provenance = {{"parts", set.provenance}};
  expect_unwritten(
      ErrorKind::format, {folder / "map", "provenance", "64 levels"}, set);
  set.provenance = {{"loss", std::string(100'000'001, 'a')}};
  expect_unwritten(ErrorKind::format, {"100000000"}, set);
  set = example();
  set = testing::with_key(set, 0, "a\nb");
  expect_unwritten(ErrorKind::format, {"a\\x0ab"}, set);
  for (const char* other : {"a@3", "a:0"})  // not what would be read
    expect_unwritten(
        ErrorKind::format, {other}, testing::with_key(example(), 0, other));
  set = example();
  set.maps[1].second.support->low_D = at::full({2}, NAN);
  expect_unwritten(ErrorKind::numeric, {"a.mlp", "support"}, set);
}

TEST(MapFile, ProvenanceNeedNotBeUtf8) {
  const TempFolder folder;
  MapSet set = example();
  set.provenance["source"] = {{"name", "\xff.txt"}};
  write_map_set(folder / "map", set);
  EXPECT_EQ(read_map_set(folder / "map").provenance["source"]["name"],
            "\ufffd.txt");
}

TEST(MapFile, WordsOfTheFileAreShownNotObeyed) {
  const TempFolder folder;
  for (const char* key : {"format", "version", "position", "tokens"}) {
    Metadata metadata = good_metadata();
    metadata[key] = "\x1b[31m" + std::string(5000, 'a');
    write_safetensors(folder / "map", good_tensors(), metadata);
    const std::string message = testing::error_message(
        ErrorKind::format, [&] { read_map_set(folder / "map"); });
    EXPECT_NE(message.find("\\x1b[31maaa"), std::string::npos) << message;
    EXPECT_LT(message.size(), 500u);
  }
}

}  // namespace
}  // namespace lineas
