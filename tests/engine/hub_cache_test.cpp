#include "lineas/engine/hub_cache.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "lineas/engine/find_model.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

namespace fs = std::filesystem;

/// A variable of the environment for as long as this lives.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    ::setenv(name, value.c_str(), 1);
  }
  ~Variable() {
    if (before_)
      ::setenv(name_, before_->c_str(), 1);
    else
      ::unsetenv(name_);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

/// A cache as the Hub's tools leave it: org/tiny with two revisions.
class HubCache : public ::testing::Test {
 protected:
  HubCache() : cache_("HF_HUB_CACHE", folder_.path()) {
    add("models--org--tiny/snapshots/" + kMain + "/config.json", "{}");
    add("models--org--tiny/snapshots/" + kOther + "/config.json", "{}");
    add("models--org--tiny/refs/main", kMain);
    add("models--org--tiny/refs/refs/pr/1", kOther);
    add("models--solo/snapshots/abc1234/config.json", "{}");
    add("models--org--quants/snapshots/abc1234/m-Q8_0.gguf", "");
    add("models--org--quants/snapshots/abc1234/m-Q4_K_M.gguf", "");
    add("models--org--part/snapshots/abc1234/README.md", "");
  }
  void add(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(folder_ / path).parent_path());
    folder_.write(path, text);
  }
  std::string snapshot(const std::string& model, const std::string& commit) {
    return folder_ / (model + "/snapshots/" + commit);
  }

  const std::string kMain = "1111111111111111111111111111111111111111";
  const std::string kOther = "2222222222222222222222222222222222222222";
  testing::TempFolder folder_;
  Variable cache_;
};

TEST(HubName, IsReadInItsForms) {
  const auto name = parse_hub_name("org/model@v1.0:Q4_K_M");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->repository, "org/model");
  EXPECT_EQ(name->revision, "v1.0");
  EXPECT_EQ(name->variant, "Q4_K_M");
  EXPECT_EQ(parse_hub_name("https://huggingface.co/org/model/")->repository,
            "org/model");
  EXPECT_EQ(parse_hub_name("gpt2")->repository, "gpt2");
  for (const char* text :
       {"", "a/b/c", "../x", "org/..", "./x", "/x", "a b", "org/", "x@../y"})
    EXPECT_FALSE(parse_hub_name(text)) << text;
}

TEST(HubCacheFolder, FollowsTheVariablesInTheirOrder) {
  Variable home("HOME", "/home-of-test");
  Variable own("HF_HUB_CACHE", ""), older("HUGGINGFACE_HUB_CACHE", "");
  Variable hf("HF_HOME", ""), caches("XDG_CACHE_HOME", "");
  EXPECT_EQ(hub_cache_folder(), "/home-of-test/.cache/huggingface/hub");
  ::setenv("XDG_CACHE_HOME", "/xdg", 1);
  EXPECT_EQ(hub_cache_folder(), "/xdg/huggingface/hub");
  ::setenv("HF_HOME", "~/hf", 1);
  EXPECT_EQ(hub_cache_folder(), "/home-of-test/hf/hub");
  ::setenv("HUGGINGFACE_HUB_CACHE", "$HOME/old", 1);
  EXPECT_EQ(hub_cache_folder(), "/home-of-test/old");
  ::setenv("HF_HUB_CACHE", "/cache", 1);
  EXPECT_EQ(hub_cache_folder(), "/cache");
}

TEST_F(HubCache, AModelIsFoundByItsName) {
  EXPECT_EQ(find_model("org/tiny"), snapshot("models--org--tiny", kMain));
  EXPECT_EQ(find_hub_model("org/tiny"), snapshot("models--org--tiny", kMain));
  EXPECT_EQ(find_model("solo"), snapshot("models--solo", "abc1234"));
  EXPECT_EQ(hub_name_of(find_model("org/tiny")), "org/tiny");
  EXPECT_FALSE(hub_name_of(folder_.path()));
}

TEST_F(HubCache, RevisionsAreBranchesOrCommits) {
  const std::string other = snapshot("models--org--tiny", kOther);
  EXPECT_EQ(find_model("org/tiny@" + kOther), other);
  EXPECT_EQ(find_model("org/tiny@2222222"), other);
  EXPECT_EQ(find_model("org/tiny@refs/pr/1"), other);
  testing::expect_error(ErrorKind::not_found, {"\"v2\"", kMain}, [] {
    find_model("org/tiny@v2");
  });
}

TEST_F(HubCache, TheCachesOwnFolderLeadsToTheSnapshot) {
  EXPECT_EQ(find_model(folder_ / "models--org--tiny"),
            snapshot("models--org--tiny", kMain));
}

TEST_F(HubCache, AVariantChoosesAGgufFile) {
  EXPECT_EQ(find_model("org/quants:q8_0"),
            snapshot("models--org--quants", "abc1234/m-Q8_0.gguf"));
  testing::expect_error(ErrorKind::not_found,
                        {"m-Q4_K_M.gguf, m-Q8_0.gguf"},
                        [] { find_model("org/quants"); });
  testing::expect_error(
      ErrorKind::not_found, {"has: none"}, [] { find_model("org/tiny:Q8_0"); });
}

TEST_F(HubCache, AVariantIsAWholeWordAndItsPartsAreOne) {
  const std::string files = "models--org--many/snapshots/abc1234/";
  for (const char* name : {"m-f16.gguf",
                           "m-bf16.gguf",
                           "mmproj-Q8_0.gguf",
                           "Q8_0/m-Q8_0-00001-of-00002.gguf",
                           "Q8_0/m-Q8_0-00002-of-00002.gguf"})
    add(files + name, "");
  EXPECT_EQ(find_model("org/many:F16"), folder_ / (files + "m-f16.gguf"));
  EXPECT_EQ(find_model("org/many:Q8_0"),
            folder_ / (files + "Q8_0/m-Q8_0-00001-of-00002.gguf"));
}

TEST_F(HubCache, WhatIsMissingIsSaidWithWhatToDo) {
  const std::vector<std::string> parts = {
      folder_.path(),
      "org/part, org/quants, org/tiny, solo",
      "Nothing is downloaded here",
      "hf download org/absent",
      "folder"};
  testing::expect_error(
      ErrorKind::not_found, parts, [] { find_model("org/absent"); });
  testing::expect_error(
      ErrorKind::usage, parts, [] { find_hub_model("org/absent"); });
  testing::expect_error(ErrorKind::not_found,
                        {"no config.json", "hf download org/part"},
                        [] { find_model("org/part"); });
}

TEST(FindModel, AFileOfAFolderIsTheFolder) {
  const std::string folder = testing::fixtures() + "/qwen2";
  EXPECT_EQ(find_model(folder + "/model.safetensors"), folder);
  EXPECT_EQ(find_model(folder + "/config.json"), folder);
  const testing::TempFolder other;
  other.write("x.safetensors", "");
  testing::expect_error(ErrorKind::not_found, {"config.json beside it"}, [&] {
    find_model(other / "x.safetensors");
  });
}

}  // namespace
}  // namespace lineas
