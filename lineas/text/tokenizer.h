// Text to token ids and back, one interface for every tokenizer. Says nothing
// of files or algorithms: load_tokenizer picks one from a model folder. Knows
// nothing of models.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lineas {

/// Turns ids into text one at a time. What comes out of push is final: whole
/// UTF-8 characters that no later id can change.
class DecodeStream {
 public:
  virtual ~DecodeStream() = default;
  /// The text that became certain with this id; often empty or late.
  virtual std::string push(int64_t id) = 0;
  /// What was held back; an unfinished character becomes U+FFFD.
  virtual std::string finish() = 0;
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// Ids of UTF-8 text. `add_special` adds what the tokenizer's own template
  /// adds around a text (BOS for Llama, Gemma and Mistral; nothing for GPT-2
  /// and Qwen). Special tokens written out in the text become their ids.
  /// Throws a format Error when the text is not UTF-8.
  virtual std::vector<int64_t> encode(std::string_view text,
                                      bool add_special = true) const = 0;

  /// Text of ids, as transformers decodes it: `skip_special` drops special
  /// tokens; spaces before punctuation are cleaned up where the tokenizer's
  /// configuration asks for it. An id without a token contributes nothing; a
  /// negative id throws a usage Error.
  std::string decode(std::span<const int64_t> ids,
                     bool skip_special = false) const;

  /// Begins decoding id by id; the stream must not outlive the tokenizer.
  virtual std::unique_ptr<DecodeStream> decode_stream(
      bool skip_special) const = 0;

  /// Highest id + 1, added tokens included.
  virtual int64_t vocab_size() const = 0;
  virtual std::optional<int64_t> bos_id() const = 0;
  virtual std::optional<int64_t> eos_id() const = 0;
  virtual std::optional<int64_t> pad_id() const = 0;
  /// The id of a token as the vocabulary spells it ("<s>", "<|im_end|>").
  virtual std::optional<int64_t> id_of(std::string_view token) const = 0;
  virtual bool is_special(int64_t id) const = 0;
  /// The raw bytes one token contributes; may be part of a character. Empty
  /// for an id without a token.
  virtual std::string token_bytes(int64_t id) const = 0;
};

/// Reads the tokenizer of a Hugging Face folder: tokenizer.json, else
/// vocab.json + merges.txt, else tokenizer.model; tokenizer_config.json and
/// special_tokens_map.json beside them are obeyed. Of a GGUF file its metadata.
/// Throws not_found (listing what was looked for), format, or unsupported
/// (naming the feature).
std::unique_ptr<Tokenizer> load_tokenizer(const std::string& folder);
/// The same, for a folder of a pipeline: `tokenizer_class` counts where the
/// folder names none.
std::unique_ptr<Tokenizer> load_tokenizer(const std::string& folder,
                                          const std::string& tokenizer_class);

/// Decodes id by id for printing while generating; the concatenation of all
/// pieces equals Tokenizer::decode of all ids.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer, bool skip_special = false)
      : stream_(tokenizer.decode_stream(skip_special)) {}
  std::string push(int64_t id) { return stream_->push(id); }
  std::string finish() { return stream_->finish(); }

 private:
  std::unique_ptr<DecodeStream> stream_;
};

}  // namespace lineas
