// Byte-level BPE from vocab.json and merges.txt, the files of GPT-2, Qwen2 and
// CLIP from before tokenizer.json: what is around the merges follows from the
// tokenizer's class.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "lineas/text/bpe.h"
#include "lineas/text/tokenizer.h"
#include "lineas/text/tokenizer_config.h"
#include "lineas/text/tokenizer_source.h"

namespace lineas {

/// Which lines of merges.txt count differs by class.
enum class MergeLines {
  after_version,  // all but a first line "#version: ..." (Qwen2)
  after_first,    // all whole lines but the first, whatever it says (GPT-2)
  clip,           // the 48894 lines behind the first
};

/// Lines "left right", in order of their rank. Throws a format Error naming the
/// line.
MergeList parse_merges(std::string_view text,
                       const std::string& where,
                       MergeLines lines = MergeLines::after_version);

/// The object {token: id} of vocab.json.
Vocabulary parse_vocabulary(std::string_view text, const std::string& where);

/// The vocabulary that merges alone imply: the byte alphabet in GPT-2's order,
/// then one token a merge.
Vocabulary vocabulary_of(const MergeList& merges);

/// The class of a configuration decides; none is GPT-2. Throws unsupported for
/// a class that does not read these files.
MergeLines merge_lines(const TokenizerConfig& config, const std::string& where);
TokenizerSource vocab_merges_source(Vocabulary vocabulary,
                                    MergeList merges,
                                    const TokenizerConfig& config,
                                    const std::string& where);

std::unique_ptr<Tokenizer> make_vocab_merges_tokenizer(
    Vocabulary vocabulary,
    const MergeList& merges,
    const TokenizerConfig& config,
    const std::string& where);

}  // namespace lineas
