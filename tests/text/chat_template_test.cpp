// Chat templates against transformers' own rendering of them
// (tools/goldens/make_chat_templates.py), and which template of a folder is
// taken.
#include "lineas/text/chat_template.h"

#include <gtest/gtest.h>

#include <ctime>
#include <set>

#include "lineas/base/file.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

/// Fails unless `call` ends in an Error of that kind that says `part`.
template <typename Call>
void expect_error(Call call, ErrorKind kind, const std::string& part) {
  testing::expect_error(kind, {part}, call);
}

OrderedJson said(const std::string& role, const std::string& content) {
  return {{"role", role}, {"content", content}};
}

const OrderedJson kHello = OrderedJson::array({said("user", "Hi there")});

jinja::Moment sixth_of_july() {
  jinja::Moment moment;
  moment.time.tm_year = 124;
  moment.time.tm_mon = 6;
  moment.time.tm_mday = 6;
  moment.time.tm_hour = 4;
  timegm(&moment.time);  // fills in the day of the week
  return moment;
}

ChatOptions options_of(const OrderedJson& conversation, bool prompt) {
  ChatOptions options;
  options.add_generation_prompt = prompt;
  options.now = sixth_of_july();
  for (auto [name, slot] : {std::pair{"tools", &options.tools},
                            {"documents", &options.documents},
                            {"variables", &options.variables}})
    if (conversation.contains(name)) *slot = conversation[name];
  return options;
}

/// Holds every case of a file of goldens; returns how many templates rendered
/// something.
size_t check_goldens(const std::string& path) {
  const OrderedJson golden = OrderedJson::parse(read_file(path));
  std::set<std::string> rendered;
  for (const OrderedJson& item : golden["cases"]) {
    const auto name = item["template"].get<std::string>();
    const auto key = item["conversation"].get<std::string>();
    const OrderedJson& conversation = golden["conversations"][key];
    SCOPED_TRACE(name + " " + key + (item["prompt"] ? " prompt" : ""));
    const ChatTemplate chat(
        {golden["templates"][name].get<std::string>(), name},
        golden["special_tokens"]);
    const auto render = [&] {
      return chat.render(conversation["messages"],
                         options_of(conversation, item["prompt"]));
    };
    if (item["text"].is_null()) {
      EXPECT_THROW(render(), Error);
      continue;
    }
    try {
      EXPECT_EQ(render(), item["text"].get<std::string>());
      rendered.insert(name);
    } catch (const Error& error) {
      ADD_FAILURE() << error.what();
    }
  }
  return rendered.size();
}

TEST(ChatTemplate, RendersAsTransformersDoes) {
  EXPECT_GE(
      check_goldens(LINEAS_SOURCE_DIR "/tests/golden/data/chat_templates.json"),
      30u);
}

TEST(ChatTemplate, RendersPublishedTemplatesAsTransformersDoes) {
  const std::string path = testing::test_data("chat_templates.json");
  if (path.empty()) GTEST_SKIP() << testing::kNoTestData;
  if (!file_exists(path)) GTEST_SKIP() << path << " is not there";
  EXPECT_GE(check_goldens(path), 30u);
}

TEST(ChatTemplate, AnEmptyConversationIsRefused) {
  const ChatTemplate chat({"x", "t"}, {});
  expect_error(
      [&] { chat.render(OrderedJson::array()); }, ErrorKind::usage, "message");
}

TEST(ChatTemplate, ARefusalNamesFileLineAndReason) {
  const ChatTemplate chat({"a\n{{ raise_exception('only poems') }}", "t.jinja"},
                          {});
  expect_error([&] { chat.render(kHello); },
               ErrorKind::usage,
               "t.jinja:2: the template refuses this conversation: only poems");
}

TEST(ChatTemplate, SpecialTokensAndVariablesAreThere) {
  const ChatTemplate chat(
      {"{{ bos_token }}{{ mood }}{{ messages[0].role }}", "t"},
      {{"bos_token", "<s>"}, {"mood", "none"}});
  ChatOptions options;
  options.variables = {{"mood", "fine"}};
  EXPECT_EQ(chat.render(kHello, options), "<s>fineuser");
}

class ChatFolder : public ::testing::Test {
 protected:
  std::string render(const ChatOptions& options = {}) const {
    return ChatTemplate::load(folder.path()).render(kHello, options);
  }
  testing::TempFolder folder;
};

TEST_F(ChatFolder, WithoutATemplateIsRefused) {
  folder.write("tokenizer_config.json", R"({"chat_template": null})");
  // transformers reads this one for processors only.
  folder.write("chat_template.json", R"({"chat_template": "x"})");
  expect_error(
      [&] { render(); }, ErrorKind::unsupported, "has no chat template");
}

TEST_F(ChatFolder, TheFileWinsOverTheConfiguration) {
  folder.write("tokenizer_config.json", R"({"chat_template": "config"})");
  EXPECT_EQ(render(), "config");
  folder.write("chat_template.jinja", "file\n");
  EXPECT_EQ(render(), "file");
}

TEST_F(ChatFolder, AListIsChosenFromByName) {
  folder.write("tokenizer_config.json",
               R"({"chat_template": [
                     {"name": "tool_use", "template": "tools"},
                     {"name": "default", "template": "plain"}]})");
  EXPECT_EQ(render(), "plain");
  ChatOptions options;
  options.tools = OrderedJson::array();
  EXPECT_EQ(render(options), "tools");
}

TEST_F(ChatFolder, AListWithoutADefaultNamesWhatThereIs) {
  folder.write("tokenizer_config.json",
               R"({"chat_template": [{"name": "rag", "template": "r"}]})");
  expect_error([&] { render(); }, ErrorKind::unsupported, "rag");
}

TEST_F(ChatFolder, AdditionalTemplatesLieInAFolder) {
  std::filesystem::create_directory(folder / "additional_chat_templates");
  folder.write("chat_template.jinja", "plain");
  folder.write("additional_chat_templates/tool_use.jinja", "tools");
  EXPECT_EQ(render(), "plain");
  ChatOptions options;
  options.tools = OrderedJson::array();
  EXPECT_EQ(render(options), "tools");
}

TEST_F(ChatFolder, ABadFieldIsNamed) {
  folder.write("tokenizer_config.json", R"({"chat_template": 7})");
  expect_error([&] { render(); }, ErrorKind::format, "chat_template");
  folder.write("tokenizer_config.json", R"({"chat_template": [{"name": 1}]})");
  expect_error([&] { render(); }, ErrorKind::format, "name");
}

TEST_F(ChatFolder, AFileInPlaceOfTheFoldersOwn) {
  folder.write("tokenizer_config.json",
               R"({"chat_template": "x", "bos_token": "<b>"})");
  folder.write("mine.jinja", "{{ bos_token }}mine");
  EXPECT_EQ(
      ChatTemplate::load(folder.path(), folder / "mine.jinja").render(kHello),
      "<b>mine");
}

}  // namespace
}  // namespace lineas
