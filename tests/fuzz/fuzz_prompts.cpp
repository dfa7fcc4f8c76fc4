// Any bytes as every kind of prompt file: prompts or an Error. The first byte
// chooses the kind.
#include <array>
#include <cstdlib>

#include "lineas/base/error.h"
#include "lineas/data/prompts.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lineas;
  constexpr std::array<const char*, 16> kSpecs = {"f.txt",
                                                  "f.jsonl",
                                                  "f.csv",
                                                  "f.csv#text",
                                                  "f.json",
                                                  "f.json#a",
                                                  "jigsaw:f.csv#toxic",
                                                  "jigsaw:f.csv#non-toxic",
                                                  "-",
                                                  "-#a",
                                                  "-#1",
                                                  "f.tsv",
                                                  "f.tsv#2",
                                                  "f.csv#1",
                                                  "F.TXT",
                                                  "f"};
  if (size == 0) return 0;
  const char* spec = kSpecs[data[0] % kSpecs.size()];
  try {
    const PromptSet prompts = parse_prompts(
        spec, std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
    if (prompts.size() == 0 || prompts.texts.empty() == prompts.ids.empty() ||
        content_hash(prompts).size() != 16) {
      std::abort();
    }
  } catch (const Error&) {
  }
  return 0;
}
