// Prompts cut and padded as pipelines do it: CLIP's two paddings, T5's end, and
// what is said of what was cut.
#include "lineas/text/prompt_tokenizer.h"

#include <filesystem>

#include "tests/support/errors.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

namespace fs = std::filesystem;
using Ids = std::vector<int64_t>;

std::string tokenizers() {
  return LINEAS_SOURCE_DIR "/tests/golden/data/tokenizers";
}

/// A copy of a tokenizer's folder with another tokenizer_config.json.
class Copy : public testing::TempFolder {
 public:
  Copy(const std::string& name, const std::string& config) {
    fs::copy(tokenizers() + "/" + name, path());
    if (config.empty())
      fs::remove(*this / "tokenizer_config.json");
    else
      write("tokenizer_config.json", config);
  }
};

TEST(PromptTokenizer, ClipIsPaddedWithThePadTokenOfTheFolder) {
  const PromptTokenizer bang(tokenizers() + "/clip_files", "CLIPTokenizer");
  EXPECT_EQ(bang.longest(), 77);
  EXPECT_EQ(bang.pad_id(), bang.tokenizer().id_of("!"));
  const Copy plain("clip_files", "");
  const PromptTokenizer eos(plain.path(), "CLIPTokenizer");
  EXPECT_EQ(eos.longest(), 0);
  EXPECT_EQ(eos.pad_id(), eos.tokenizer().eos_id());
  const PromptIds prompt = eos.encode("a dog", 77);
  ASSERT_EQ(prompt.ids.size(), 77u);
  EXPECT_EQ(prompt.ids.front(), eos.tokenizer().bos_id());
  for (size_t i = static_cast<size_t>(prompt.used) - 1; i < 77; ++i)
    EXPECT_EQ(prompt.ids[i], eos.pad_id());
  EXPECT_TRUE(prompt.cut_off.empty());
}

TEST(PromptTokenizer, KeepsTheEndWhereItCuts) {
  const PromptTokenizer clip(tokenizers() + "/clip_files", "CLIPTokenizer");
  const Ids whole = clip.tokenizer().encode("one two three four five six");
  ASSERT_GT(whole.size(), 6u);
  const PromptIds prompt = clip.encode("one two three four five six", 6);
  Ids wanted(whole.begin(), whole.begin() + 5);
  wanted.push_back(*clip.tokenizer().eos_id());
  EXPECT_EQ(prompt.ids, wanted);
  EXPECT_EQ(prompt.used, 6);
  EXPECT_TRUE(prompt.cut_off.ends_with("six")) << prompt.cut_off;
  testing::LogCapture log;
  warn_of_cut(prompt, "tokenizer");
  ASSERT_EQ(log.messages.size(), 1u);
  EXPECT_NE(log.messages[0].find(prompt.cut_off), std::string::npos);
  EXPECT_NE(log.messages[0].find("6 tokens"), std::string::npos);
}

TEST(PromptTokenizer, EmptyAndExactlyFittingPrompts) {
  const PromptTokenizer clip(tokenizers() + "/clip_files", "CLIPTokenizer");
  const PromptIds empty = clip.encode("", 4);
  EXPECT_EQ(empty.used, 2);
  EXPECT_EQ(empty.ids,
            (Ids{*clip.tokenizer().bos_id(),
                 *clip.tokenizer().eos_id(),
                 clip.pad_id(),
                 clip.pad_id()}));
  const Ids whole = clip.tokenizer().encode("one two");
  const PromptIds fits =
      clip.encode("one two", static_cast<int64_t>(whole.size()));
  EXPECT_EQ(fits.ids, whole);
  EXPECT_TRUE(fits.cut_off.empty());
  testing::expect_error(ErrorKind::usage, {"1 tokens", "no room"}, [&] {
    clip.encode("one two", 1);
  });
}

TEST(PromptTokenizer, T5EndsAndPads) {
  const PromptTokenizer t5(tokenizers() + "/t5_model", "T5TokenizerFast");
  EXPECT_EQ(t5.pad_id(), 0);
  const PromptIds prompt = t5.encode("a dog", 32);
  ASSERT_EQ(prompt.ids.size(), 32u);
  EXPECT_EQ(prompt.ids[static_cast<size_t>(prompt.used) - 1], 1);
  EXPECT_EQ(prompt.ids.back(), 0);
  const PromptIds cut = t5.encode("a dog and a cat and a bird", 5);
  EXPECT_EQ(cut.ids.back(), 1);
  EXPECT_FALSE(cut.cut_off.empty());
}

TEST(PromptTokenizer, SettingsItDoesNotObeyAreRefused) {
  const Copy left("clip_files",
                  R"({"tokenizer_class":"CLIPTokenizer",)"
                  R"("padding_side":"left"})");
  testing::expect_error(ErrorKind::unsupported, {"padding_side", "left"}, [&] {
    PromptTokenizer(left.path(), "");
  });
  const Copy length("clip_files",
                    R"({"tokenizer_class":"CLIPTokenizer",)"
                    R"("model_max_length":-3})");
  testing::expect_error(ErrorKind::format, {"model_max_length", "-3"}, [&] {
    PromptTokenizer(length.path(), "");
  });
  const Copy no_limit("clip_files",
                      R"({"tokenizer_class":"CLIPTokenizer",)"
                      R"("model_max_length":1000000000000000019884624838656})");
  EXPECT_EQ(PromptTokenizer(no_limit.path(), "").longest(), 0);
  const Copy no_pad("clip_files",
                    R"({"tokenizer_class":"CLIPTokenizer","pad_token":null})");
  testing::expect_error(ErrorKind::format, {"pad_token"}, [&] {
    PromptTokenizer(no_pad.path(), "");
  });
}

}  // namespace
}  // namespace lineas
