// What the tokenizer classes of transformers add to the files: default special
// tokens, BOS and EOS put around a text, which older files they read. One row a
// class; a class that is not here is refused by name.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lineas/text/tokenizer_config.h"

namespace lineas {

/// How a class holds a special token that a file names by its text alone.
enum class Wrapping {
  bare,        // by name
  special,     // special, not normalised
  normalized,  // not said to be special, so normalised
};

struct ClassDefault {
  const char* key;    // "bos_token"
  const char* token;  // nullptr: none
};

struct TokenizerClass {
  std::string name;  // without a final "Fast"
  std::vector<ClassDefault> defaults = {};
  bool adds_around = false;            // its own template replaces the file's
  bool adds_bos = false;               // where add_bos_token is not said
  bool prefix_is_none = false;         // add_prefix_space absent means None
  bool prefix_reaches_deep = false;    // true is set in sequences, too
  bool prefix_needs_model = false;     // set: transformers reads the older file
  bool prefix_is_files = false;        // tokenizer.json decides in any case
  Wrapping wrapping = Wrapping::bare;  // with tokenizer.json
  Wrapping model_wrapping = Wrapping::bare;  // with the older files
  bool wraps_pad = true;  // model_wrapping holds for the pad token, too
  std::vector<const char*> additional = {};  // special tokens more
};

/// A row by its name, nullptr where there is none.
const TokenizerClass* known_tokenizer_class(const std::string& name);

/// Throws unsupported (naming file and field) for a class that is not known.
/// The empty class is the general one.
const TokenizerClass& find_tokenizer_class(const TokenizerConfig& config);

/// A special token and its key, in the order in which transformers adds them.
struct NamedSpecial {
  std::string key;
  SpecialToken special;
};

/// All special tokens of a class and its files; one token may have several
/// keys. `from_model`: the tokenizer is
/// made from the older files; `padding`: the pad token of tokenizer.json's
/// padding; `known`: added tokens of the files, which give the flags.
std::vector<NamedSpecial> special_tokens(
    const TokenizerConfig& config,
    bool from_model,
    const std::optional<std::string>& padding,
    const std::vector<AddedToken>& known);

}  // namespace lineas
