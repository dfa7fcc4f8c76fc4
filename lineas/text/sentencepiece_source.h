// Turns a sentencepiece model into the parts of a tokenizer.json, as
// transformers does for folders that have no such file: so both forms of a
// tokenizer give the same ids.
//
// transformers 4.57, convert_slow_tokenizer.py.
#pragma once

#include <string>
#include <string_view>

#include "lineas/text/tokenizer_config.h"
#include "lineas/text/tokenizer_source.h"

namespace lineas {

/// `bytes`: the whole model file. The class of `config` (Llama, Gemma, T5; none
/// is Llama) decides what is around the pieces.
TokenizerSource read_sentencepiece(std::string_view bytes,
                                   const TokenizerConfig& config,
                                   const std::string& where);

/// The merges that make a BPE vocabulary of pieces: of every piece all ways to
/// make it of two, best score first.
MergeList merges_of_pieces(
    const std::vector<std::pair<std::string, double>>& scored,
    const Vocabulary& pieces);

}  // namespace lineas
