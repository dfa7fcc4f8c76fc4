#include "lineas/text/tokenizer_source.h"

#include <memory>

#include "lineas/text/byte_alphabet.h"

namespace lineas {
namespace {

template <typename Model>
WordEncoder encoder_of(std::shared_ptr<const Model> model) {
  return [model](std::string_view word, std::vector<int64_t>& ids) {
    model->encode(word, ids);
  };
}

/// For models that know no bytes: words as they are spelled.
WordEncoder spelled(WordEncoder encode) {
  return [encode](std::string_view word, std::vector<int64_t>& ids) {
    encode(spelling_of_bytes(word), ids);
  };
}

WordEncoder make_unigram(const ModelSource& model, const std::string& where) {
  ScoredPieces pieces;
  for (size_t i = 0; i < model.vocabulary.size(); ++i) {
    pieces.emplace_back(model.vocabulary[i].first, model.scores[i]);
  }
  return encoder_of(std::make_shared<const Unigram>(
      pieces, model.unk_id, model.bpe.byte_fallback, where));
}

}  // namespace

WordEncoder make_word_encoder(const ModelSource& model,
                              bool byte_level,
                              const std::string& where) {
  BpeOptions options = model.bpe;
  // What is put to characters, or asks how they are written, needs spelled
  // words; bytes are the faster way to the same.
  options.byte_level =
      byte_level && model.type == "BPE" && !options.byte_fallback &&
      options.continuing_prefix.empty() && options.end_suffix.empty();
  WordEncoder encode;
  if (model.type == "BPE") {
    encode = encoder_of(std::make_shared<const Bpe>(
        model.vocabulary, model.merges, options, where));
  } else if (model.type == "Unigram") {
    encode = make_unigram(model, where);
  } else {
    encode = encoder_of(std::make_shared<const WordPiece>(
        model.vocabulary, model.word_piece, where));
  }
  return byte_level && !options.byte_level ? spelled(encode) : encode;
}

}  // namespace lineas
