#include "lineas/tensor/weight_store.h"

#include <algorithm>

#include "lineas/base/seed.h"

namespace lineas {

uint64_t mix_fingerprint(uint64_t hash,
                         const std::string& name,
                         at::IntArrayRef shape,
                         std::string_view type,
                         std::string_view bytes) {
  constexpr size_t kSample = 64;
  const size_t tail = bytes.size() - std::min(bytes.size(), kSample);
  return derive_seed(hash,
                     {stable_hash(name),
                      stable_hash(to_string(shape)),
                      stable_hash(type),
                      stable_hash(bytes.substr(0, kSample)),
                      stable_hash(bytes.substr(bytes.size() / 2, kSample)),
                      stable_hash(bytes.substr(tail))});
}

}  // namespace lineas
