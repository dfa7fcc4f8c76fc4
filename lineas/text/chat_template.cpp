#include "lineas/text/chat_template.h"

#include <algorithm>
#include <array>
#include <utility>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/utf8.h"
#include "lineas/text/tokenizer_config.h"
#include "lineas/text/unicode.h"

namespace lineas {
namespace {

using Messages = std::span<const ChatMessage>;

/// What Python's str.strip takes off: White_Space and four separators.
bool is_stripped(char32_t code) {
  return is_white_space(code) || (code >= 0x1c && code <= 0x1f);
}

std::string trim(std::string_view text) {
  size_t begin = text.size();
  size_t end = 0;
  for (size_t at = 0; at < text.size();) {
    const Utf8Step step = next_utf8(text.substr(at));
    const size_t next = at + std::max<size_t>(step.length, 1);
    if (!step.code || !is_stripped(*step.code)) {
      begin = std::min(begin, at);
      end = next;
    }
    at = next;
  }
  return begin < end ? std::string(text.substr(begin, end - begin)) : "";
}

void check_alternation(Messages messages, ChatFormat format) {
  for (size_t i = 0; i < messages.size(); ++i) {
    const char* expected = i % 2 == 0 ? "user" : "assistant";
    if (messages[i].role == expected) continue;
    fail(ErrorKind::usage,
         "message {} of the conversation has the role \"{}\", the {} format "
         "needs \"{}\" there: user and assistant alternate, without a system "
         "message",
         i + 1,
         messages[i].role,
         name_of(format),
         expected);
  }
}

std::string chatml(Messages messages, bool add_generation_prompt) {
  std::string text;
  for (const ChatMessage& message : messages) {
    text += fmt::format(
        "<|im_start|>{}\n{}<|im_end|>\n", message.role, message.content);
  }
  if (add_generation_prompt) text += "<|im_start|>assistant\n";
  return text;
}

std::string llama3(Messages messages, bool add_generation_prompt) {
  std::string text = "<|begin_of_text|>";
  for (const ChatMessage& message : messages) {
    text +=
        fmt::format("<|start_header_id|>{}<|end_header_id|>\n\n{}<|eot_id|>",
                    message.role,
                    trim(message.content));
  }
  if (add_generation_prompt) {
    text += "<|start_header_id|>assistant<|end_header_id|>\n\n";
  }
  return text;
}

std::string gemma(Messages messages, bool add_generation_prompt) {
  check_alternation(messages, ChatFormat::gemma);
  std::string text = "<bos>";
  for (const ChatMessage& message : messages) {
    text += fmt::format("<start_of_turn>{}\n{}<end_of_turn>\n",
                        message.role == "assistant" ? "model" : message.role,
                        trim(message.content));
  }
  if (add_generation_prompt) text += "<start_of_turn>model\n";
  return text;
}

/// The assistant's turn has no opening here: [/INST] ends the user's.
std::string mistral(Messages messages) {
  check_alternation(messages, ChatFormat::mistral);
  std::string text = "<s>";
  for (const ChatMessage& message : messages) {
    text += message.role == "user"
                ? fmt::format("[INST] {} [/INST]", message.content)
                : message.content + "</s>";
  }
  return text;
}

/// The marker that only one format uses.
constexpr std::array<std::pair<std::string_view, ChatFormat>, 4> kMarkers = {
    {{"<|start_header_id|>", ChatFormat::llama3},
     {"<|im_start|>", ChatFormat::chatml},
     {"<start_of_turn>", ChatFormat::gemma},
     {"[INST]", ChatFormat::mistral}}};

/// A system message spelled out inside one string of a ChatML template.
std::string written_system(std::string_view jinja) {
  constexpr std::string_view opening = "<|im_start|>system\\n";
  for (size_t at = jinja.find(opening); at != std::string_view::npos;
       at = jinja.find(opening, at + 1)) {
    const size_t begin = at + opening.size();
    const size_t end = jinja.find_first_of("'\"", begin);
    const std::string_view rest = jinja.substr(begin, end - begin);
    const size_t close = rest.find("<|im_end|>");
    if (close != std::string_view::npos) {
      return std::string(rest.substr(0, close));
    }
  }
  return "";
}

}  // namespace

std::string_view name_of(ChatFormat format) {
  switch (format) {
    case ChatFormat::chatml:
      return "ChatML";
    case ChatFormat::llama3:
      return "Llama 3";
    case ChatFormat::gemma:
      return "Gemma";
    case ChatFormat::mistral:
      return "Mistral";
  }
  return "unknown";
}

std::string apply_chat_template(ChatFormat format,
                                Messages messages,
                                bool add_generation_prompt) {
  if (messages.empty()) {
    fail(ErrorKind::usage, "a conversation needs at least one message");
  }
  switch (format) {
    case ChatFormat::chatml:
      return chatml(messages, add_generation_prompt);
    case ChatFormat::llama3:
      return llama3(messages, add_generation_prompt);
    case ChatFormat::gemma:
      return gemma(messages, add_generation_prompt);
    case ChatFormat::mistral:
      return mistral(messages);
  }
  fail(ErrorKind::usage, "unknown chat format");
}

std::string apply_chat_template(const ChatTemplate& chat,
                                Messages messages,
                                bool add_generation_prompt) {
  std::vector<ChatMessage> all(messages.begin(), messages.end());
  if (!chat.default_system.empty() && !all.empty() && all[0].role != "system") {
    all.insert(all.begin(), {"system", chat.default_system});
  }
  return apply_chat_template(chat.format, all, add_generation_prompt);
}

std::optional<ChatTemplate> detect_chat_template(std::string_view jinja) {
  // Llama 2 shares [INST] with Mistral but wraps the system message.
  if (jinja.find("<<SYS>>") != std::string_view::npos) return {};
  for (const auto& [marker, format] : kMarkers) {
    if (jinja.find(marker) == std::string_view::npos) continue;
    ChatTemplate chat{format, ""};
    if (format == ChatFormat::chatml) {
      chat.default_system = written_system(jinja);
    }
    return chat;
  }
  return {};
}

std::optional<ChatTemplate> find_chat_template(const std::string& folder,
                                               const Tokenizer& tokenizer) {
  std::string jinja = read_tokenizer_config(folder).chat_template;
  const std::string file = folder + "/chat_template.jinja";
  if (jinja.empty() && file_exists(file)) jinja = read_file(file);
  if (!jinja.empty()) return detect_chat_template(jinja);
  for (const auto& [marker, format] : kMarkers) {
    // "[INST]" is a token only where the template is a newer Mistral one.
    if (format == ChatFormat::mistral) continue;
    const auto id = tokenizer.id_of(marker);
    if (id && tokenizer.is_special(*id)) return ChatTemplate{format, ""};
  }
  return {};
}

}  // namespace lineas
