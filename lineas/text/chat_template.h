// The chat formats this program speaks, written out in C++ instead of a
// template language: ChatML, Llama 3, Gemma, Mistral. Produces text; the
// tokenizer turns it into ids (with add_special = false: the text already
// begins with the BOS token where the format has one).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lineas/text/tokenizer.h"

namespace lineas {

enum class ChatFormat { chatml, llama3, gemma, mistral };

std::string_view name_of(ChatFormat format);

struct ChatMessage {
  std::string role;  // "system", "user" or "assistant"
  std::string content;
};

/// How one model writes conversations.
struct ChatTemplate {
  ChatFormat format = ChatFormat::chatml;
  std::string default_system;  // put first where there is no system message
};

/// The conversation as the model was trained to read it, ready for
/// `encode(text, false)`. `add_generation_prompt` ends with the opening of the
/// assistant's turn. Throws a usage Error for what the published template
/// refuses: no messages, a system message where there is none (Gemma,
/// Mistral), roles that do not alternate (Gemma, Mistral).
std::string apply_chat_template(ChatFormat format,
                                std::span<const ChatMessage> messages,
                                bool add_generation_prompt);
/// The same with the model's default system message.
std::string apply_chat_template(const ChatTemplate& chat,
                                std::span<const ChatMessage> messages,
                                bool add_generation_prompt);

/// The format that a Jinja chat template spells, by the markers in it, and the
/// default system message written out in it (Qwen 2 and 2.5 have one).
std::optional<ChatTemplate> detect_chat_template(std::string_view jinja);

/// The chat format of a model folder: chat_template of tokenizer_config.json,
/// or chat_template.jinja, else the special tokens of its tokenizer. Nothing
/// for a model without one.
std::optional<ChatTemplate> find_chat_template(const std::string& folder,
                                               const Tokenizer& tokenizer);

}  // namespace lineas
