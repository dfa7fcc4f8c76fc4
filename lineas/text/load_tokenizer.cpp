#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/text/sentencepiece_bpe.h"
#include "lineas/text/tokenizer.h"
#include "lineas/text/tokenizer_config.h"
#include "lineas/text/tokenizer_json.h"
#include "lineas/text/vocab_merges.h"

namespace lineas {

std::unique_ptr<Tokenizer> load_tokenizer(const std::string& folder) {
  const std::string json = folder + "/tokenizer.json";
  const std::string vocabulary = folder + "/vocab.json";
  const std::string merges = folder + "/merges.txt";
  const std::string model = folder + "/tokenizer.model";
  const TokenizerConfig config = read_tokenizer_config(folder);
  if (file_exists(json)) {
    return read_tokenizer_json(read_file(json), config, json);
  }
  if (file_exists(vocabulary) && file_exists(merges)) {
    return make_vocab_merges_tokenizer(
        parse_vocabulary(read_file(vocabulary), vocabulary),
        parse_merges(read_file(merges), merges),
        config,
        merges);
  }
  if (file_exists(model)) {
    return read_sentencepiece(read_file(model), config, model);
  }
  fail(ErrorKind::not_found,
       "{}: has no tokenizer: looked for tokenizer.json, vocab.json with "
       "merges.txt, tokenizer.model. Give prompts as token ids (.jsonl with "
       "\"ids\") or copy the tokenizer's files there",
       folder);
}

}  // namespace lineas
