// Byte-level BPE from vocab.json and merges.txt, the files of GPT-2 and of
// Qwen2 before tokenizer.json: the splitting pattern follows from the
// tokenizer's class.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "lineas/text/bpe.h"
#include "lineas/text/tokenizer.h"
#include "lineas/text/tokenizer_config.h"

namespace lineas {

/// Lines "left right", in order of their rank; a first line "#version: ..." is
/// skipped. Throws a format Error naming the line.
MergeList parse_merges(std::string_view text, const std::string& where);

/// The object {token: id} of vocab.json.
Vocabulary parse_vocabulary(std::string_view text, const std::string& where);

/// The vocabulary that merges alone imply: the byte alphabet in GPT-2's order,
/// then one token a merge.
Vocabulary vocabulary_of(const MergeList& merges);

std::unique_ptr<Tokenizer> make_vocab_merges_tokenizer(
    Vocabulary vocabulary,
    const MergeList& merges,
    TokenizerConfig config,
    const std::string& where);

}  // namespace lineas
