// Chat formats against transformers' own rendering of the published templates
// (tools/goldens/make_chat_templates.py).
#include "lineas/text/chat_template.h"

#include <gtest/gtest.h>

#include "lineas/base/error.h"
#include "lineas/base/json.h"

namespace lineas {
namespace {

std::vector<ChatMessage> messages_of(const Json& list) {
  std::vector<ChatMessage> messages;
  for (const Json& item : list) {
    messages.push_back(
        {item["role"].get<std::string>(), item["content"].get<std::string>()});
  }
  return messages;
}

TEST(ChatTemplate, RendersAsTransformersDoes) {
  const Json golden = read_json(std::string(LINEAS_SOURCE_DIR) +
                                "/tests/golden/data/chat_templates.json");
  ASSERT_GT(golden["cases"].size(), 50u);
  for (const Json& item : golden["cases"]) {
    const auto name = item["template"].get<std::string>();
    SCOPED_TRACE(name + " " + item["messages"].dump());
    const auto chat =
        detect_chat_template(golden["templates"][name].get<std::string>());
    ASSERT_TRUE(chat.has_value());
    const auto messages = messages_of(item["messages"]);
    const bool prompt = item["prompt"].get<bool>();
    if (item["text"].is_null()) {
      EXPECT_THROW(apply_chat_template(*chat, messages, prompt), Error);
    } else {
      EXPECT_EQ(apply_chat_template(*chat, messages, prompt),
                item["text"].get<std::string>());
    }
  }
}

TEST(ChatTemplate, DetectsFormatsAndDefaults) {
  const auto qwen = detect_chat_template(
      "{{- '<|im_start|>system\\n' }}{{ x }}{{- "
      "'<|im_start|>system\\nYou are Qwen.<|im_end|>\\n' }}");
  ASSERT_TRUE(qwen.has_value());
  EXPECT_EQ(qwen->format, ChatFormat::chatml);
  EXPECT_EQ(qwen->default_system, "You are Qwen.");
  EXPECT_FALSE(detect_chat_template("{{ '[INST] <<SYS>>' }}").has_value());
  EXPECT_FALSE(detect_chat_template("{{ 'USER: ' }}").has_value());
}

TEST(ChatTemplate, EmptyConversationIsRefused) {
  EXPECT_THROW(apply_chat_template(ChatFormat::chatml, {}, true), Error);
}

TEST(ChatTemplate, FoundInAFolder) {
  const std::string folder =
      std::string(LINEAS_SOURCE_DIR) + "/tests/golden/data/tokenizers/";
  const auto qwen = load_tokenizer(folder + "qwen2");
  const auto chat = find_chat_template(folder + "qwen2", *qwen);
  ASSERT_TRUE(chat.has_value());
  EXPECT_EQ(name_of(chat->format), "ChatML");
  const auto llama = load_tokenizer(folder + "llama2");
  EXPECT_FALSE(find_chat_template(folder + "llama2", *llama).has_value());
}

}  // namespace
}  // namespace lineas
