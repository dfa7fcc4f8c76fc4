// Which of the files of a folder hold its weights: names, variants (fp16,
// bf16), shards and pickles, by the rules of diffusers and transformers. Opens
// none of them and needs no LibTorch.
#pragma once

#include <string>
#include <vector>

namespace lineas {

struct WeightNames {
  std::string safetensors = "model";     // before ".safetensors"
  std::string pickle = "pytorch_model";  // before ".bin"
  /// By preference; "" is the file without a variant.
  std::vector<std::string> variants = {""};
};

/// The path of the first that is there, whatever the variant safetensors before
/// pickles: one file, or the .index.json of shards under the three names that
/// have been in use. "" where there is none.
std::string find_weights(const std::string& folder, const WeightNames& names);

/// What there is under names that nobody asks for, as the end of a sentence.
std::string other_weights(const std::string& folder, const WeightNames& names);

}  // namespace lineas
