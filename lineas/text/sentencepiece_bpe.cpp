#include "lineas/text/sentencepiece_bpe.h"

#include <sentencepiece_processor.h>

#include "lineas/base/error.h"
#include "lineas/text/pipeline.h"

namespace lineas {
namespace {

using sentencepiece::SentencePieceProcessor;

constexpr const char* kSpaceMark = "\xe2\x96\x81";  // U+2581

std::shared_ptr<SentencePieceProcessor> load(std::string_view bytes,
                                             const std::string& where) {
  auto processor = std::make_shared<SentencePieceProcessor>();
  const auto status =
      processor->LoadFromSerializedProto({bytes.data(), bytes.size()});
  if (!status.ok() || processor->GetPieceSize() <= 0) {
    fail(ErrorKind::format,
         "{}: is not a sentencepiece model: {}",
         where,
         status.ToString());
  }
  return processor;
}

/// Control and unknown pieces are special tokens: found in the text, kept or
/// dropped as a whole.
void read_pieces(const SentencePieceProcessor& processor,
                 TokenizerParts& parts) {
  for (int id = 0; id < processor.GetPieceSize(); ++id) {
    const std::string& piece = processor.IdToPiece(id);
    parts.vocabulary.emplace_back(piece, id);
    if (processor.IsControl(id) || processor.IsUnknown(id)) {
      AddedToken token;
      token.content = piece;
      token.id = id;
      token.special = true;
      parts.added.push_back(token);
    }
  }
}

std::optional<int64_t> known(int id) {
  if (id < 0) return {};
  return id;
}

/// Whether the model puts a space in front of a text.
bool adds_prefix(const SentencePieceProcessor& processor) {
  std::vector<std::string> pieces;
  if (!processor.Encode("a", &pieces).ok() || pieces.empty()) return false;
  return pieces[0].starts_with(kSpaceMark);
}

}  // namespace

std::unique_ptr<Tokenizer> read_sentencepiece(std::string_view bytes,
                                              const TokenizerConfig& config,
                                              const std::string& where) {
  const auto processor = load(bytes, where);
  TokenizerParts parts;
  read_pieces(*processor, parts);
  parts.encode_word = [processor](std::string_view text,
                                  std::vector<int64_t>& ids) {
    std::vector<int> pieces;
    const auto status = processor->Encode({text.data(), text.size()}, &pieces);
    if (!status.ok()) {
      fail(ErrorKind::format, "sentencepiece: {}", status.ToString());
    }
    ids.insert(ids.end(), pieces.begin(), pieces.end());
  };
  parts.decoding.replacements = {{kSpaceMark, " "}};
  parts.decoding.byte_fallback = true;
  parts.decoding.strip.assign(1, ' ');
  parts.decoding.strip_count = adds_prefix(*processor) ? 1 : 0;
  parts.decoding.clean_up = config.clean_up.value_or(false);
  parts.bos_id = known(processor->bos_id());
  parts.eos_id = known(processor->eos_id());
  add_configured_tokens(config, parts);
  apply_special_ids(config, true, parts);
  return make_tokenizer(std::move(parts), where);
}

}  // namespace lineas
