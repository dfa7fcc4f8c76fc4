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

/// The conversation as the model was trained to read it, ready for
/// `encode(text, false)`. `add_generation_prompt` ends with the opening of the
/// assistant's turn. Throws a usage Error for what the published template
/// refuses: an unknown role, a system message where there is none (Gemma),
/// roles that do not alternate (Gemma, Mistral).
std::string apply_chat_template(ChatFormat format,
                                std::span<const ChatMessage> messages,
                                bool add_generation_prompt);

/// The format that a Jinja chat template spells, by the markers in it.
std::optional<ChatFormat> detect_chat_format(std::string_view chat_template);

/// The chat format of a model folder: chat_template of tokenizer_config.json,
/// or chat_template.jinja, else the special tokens of its tokenizer. Nothing
/// for a model without one.
std::optional<ChatFormat> find_chat_format(const std::string& folder,
                                           const Tokenizer& tokenizer);

}  // namespace lineas
