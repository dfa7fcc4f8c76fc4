// Which files of a folder make its tokenizer.
#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/gguf.h"
#include "lineas/text/gguf_tokenizer.h"
#include "lineas/text/sentencepiece_source.h"
#include "lineas/text/tokenizer.h"
#include "lineas/text/tokenizer_config.h"
#include "lineas/text/tokenizer_json.h"
#include "lineas/text/tokenizer_setup.h"
#include "lineas/text/vocab_merges.h"

namespace lineas {
namespace {

/// The sentencepiece model of a folder, or an empty path.
std::string find_model(const std::string& folder) {
  for (const char* name : {"/tokenizer.model", "/spiece.model"}) {
    if (file_exists(folder + name)) return folder + name;
  }
  return "";
}

/// A sentencepiece folder that names no class is a Llama's, or a T5's by the
/// file's name.
std::unique_ptr<Tokenizer> load_model(const std::string& path,
                                      TokenizerConfig config,
                                      std::vector<AddedToken> added_beside) {
  if (config.tokenizer_class.empty()) {
    config.tokenizer_class =
        path.ends_with("spiece.model") ? "T5Tokenizer" : "LlamaTokenizer";
  }
  SetupOptions options;
  options.from_model = true;
  options.added_beside = std::move(added_beside);
  return set_up_tokenizer(
      read_sentencepiece(read_file(path), config, path), config, options);
}

/// Whether transformers would make the tokenizer from the older file, because
/// the configuration says add_prefix_space of a class that needs it there.
bool wants_model(const TokenizerConfig& config) {
  return (config.tokenizer_class == "LlamaTokenizer" ||
          config.tokenizer_class == "T5Tokenizer") &&
         config.maybe("add_prefix_space").has_value();
}

std::unique_ptr<Tokenizer> load_json(const std::string& path,
                                     const std::string& model,
                                     const TokenizerConfig& config) {
  TokenizerSource source = parse_tokenizer_json(read_file(path), path);
  if (!wants_model(config)) return set_up_tokenizer(std::move(source), config);
  if (!model.empty()) return load_model(model, config, source.added);
  if (*config.maybe("add_prefix_space") == prefixes_space(source)) {
    return set_up_tokenizer(std::move(source), config);
  }
  fail(ErrorKind::unsupported,
       "{}: add_prefix_space is {}, {} does otherwise, and the sentencepiece "
       "model that decides is not in the folder. Copy it there, or take the "
       "line out",
       config.where,
       *config.maybe("add_prefix_space"),
       path);
}

}  // namespace

std::unique_ptr<Tokenizer> load_tokenizer(const std::string& folder) {
  if (is_gguf_file(folder)) return load_gguf_tokenizer(folder);
  return load_tokenizer(folder, "");
}

std::unique_ptr<Tokenizer> load_tokenizer(const std::string& folder,
                                          const std::string& tokenizer_class) {
  const std::string json = folder + "/tokenizer.json";
  const std::string vocabulary = folder + "/vocab.json";
  const std::string merges = folder + "/merges.txt";
  const std::string model = find_model(folder);
  const TokenizerConfig config = read_tokenizer_config(folder, tokenizer_class);
  if (file_exists(json)) return load_json(json, model, config);
  if (file_exists(vocabulary) && file_exists(merges)) {
    const MergeLines lines = merge_lines(config, merges);
    return make_vocab_merges_tokenizer(
        parse_vocabulary(read_file(vocabulary), vocabulary),
        parse_merges(read_file(merges), merges, lines),
        config,
        merges);
  }
  if (!model.empty()) return load_model(model, config, {});
  fail(ErrorKind::not_found,
       "{}: has no tokenizer: looked for tokenizer.json, vocab.json with "
       "merges.txt, tokenizer.model, spiece.model. Give prompts as token ids "
       "(.jsonl with \"ids\") or copy the tokenizer's files there",
       folder);
}

}  // namespace lineas
