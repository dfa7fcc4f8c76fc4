// From an engine and two lists to maps: default sites, --take, provenance.
#include "lineas/engine/learn_maps.h"

#include <gtest/gtest.h>

#include "tests/support/errors.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

using testing::expect_error;
using testing::LogCapture;

PromptSet ids_list(std::vector<std::vector<int64_t>> ids, const char* name) {
  return {.ids = std::move(ids), .name = name};
}

LearnRequest small_request() {
  LearnRequest request;
  request.source = ids_list({{3, 9, 4}, {7, 8}, {1, 2, 3, 4}}, "source");
  request.target = ids_list({{5, 6}, {11, 12, 13}}, "target");
  request.options = {{"steps", 3}, {"lr", 0.01}};
  return request;
}

MapSet learn(const std::string& fixture, const LearnRequest& request) {
  const Engine engine(testing::fixtures() + "/" + fixture, {.device = "cpu"});
  Progress silent;
  return learn_maps(engine, request, silent);
}

TEST(DefaultSites, NormsAfterAttentionOrBeforeTheMlp) {
  const auto pattern = [](const char* fixture) {
    return default_sites(
        Engine(testing::fixtures() + "/" + fixture).model().sites());
  };
  EXPECT_EQ(pattern("qwen2"), ".*post.*layernorm");
  EXPECT_EQ(pattern("gpt2"), ".*\\.ln_2");
  SiteTable none;
  none.add("encoder", 4);
  expect_error(ErrorKind::not_found, {"--sites"}, [&] { default_sites(none); });
}

TEST(LearnMaps, MapsEverySiteAndSaysWhichByDefault) {
  LogCapture log;
  const MapSet set = learn("qwen2", small_request());
  ASSERT_FALSE(log.messages.empty());
  EXPECT_NE(log.messages[0].find("post.*layernorm"), std::string::npos);
  EXPECT_FALSE(set.maps.empty());
  for (const auto& [key, map] : set.maps)
    EXPECT_GT(moved_neurons(map).sum().item<int64_t>(), 0) << key.site;
  const std::vector<double> loss = set.provenance["loss"];
  ASSERT_EQ(loss.size(), 3u);
  EXPECT_LT(loss.back(), loss.front());
}

TEST(LearnMaps, ProvenanceNamesModelPromptsAndOptions) {
  const Json provenance = learn("qwen2", small_request()).provenance;
  EXPECT_EQ(provenance["source"]["count"], 3);
  EXPECT_EQ(provenance["target"]["name"], "target");
  EXPECT_EQ(provenance["options"]["steps"], 3);
  EXPECT_EQ(provenance["method"], "lineas");
  EXPECT_TRUE(provenance["model"].contains("fingerprint"));
  EXPECT_EQ(provenance.dump().find(testing::fixtures()), std::string::npos);
}

TEST(LearnMaps, TakesTheFirstPromptsOfBothLists) {
  LearnRequest request = small_request();
  request.take = 2;
  EXPECT_EQ(learn("qwen2", request).provenance["source"]["count"], 2);
  request.take = 3;
  expect_error(ErrorKind::usage, {"--take 3", "target", "2"}, [&] {
    learn("qwen2", request);
  });
}

TEST(LearnMaps, PatternsThatMatchNothingAreNamed) {
  LearnRequest request = small_request();
  request.sites = "model.layers.0.mlpp";
  expect_error(ErrorKind::not_found, {"mlpp", "model.layers.0.mlp"}, [&] {
    learn("qwen2", request);
  });
}

TEST(LearnMaps, PromptsBeyondTheVocabularyAreNamed) {
  LearnRequest request = small_request();
  request.source = ids_list({{3, 999999}}, "source");
  expect_error(ErrorKind::usage, {"999999"}, [&] { learn("qwen2", request); });
}

}  // namespace
}  // namespace lineas
