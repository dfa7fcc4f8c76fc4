#include "lineas/gguf/gguf_weights.h"

#include <algorithm>
#include <optional>

#include "lineas/base/error.h"
#include "lineas/base/names.h"
#include "lineas/base/printable.h"
#include "lineas/gguf/rope_scaling.h"

namespace lineas {
namespace {

/// "blk.12.attn_q.weight" as pattern "blk.*.attn_q", layer "12" and ".weight".
struct Spelling {
  std::string pattern;
  std::string layer;
  std::string suffix;
};

Spelling spelling_of(const std::string& tensor) {
  Spelling parts{tensor, "", ""};
  for (const char* suffix : {".weight", ".bias"})
    if (tensor.ends_with(suffix)) {
      parts.suffix = suffix;
      parts.pattern.resize(tensor.size() - parts.suffix.size());
    }
  constexpr std::string_view kBlock = "blk.";
  const size_t end = tensor.find('.', kBlock.size());
  if (tensor.starts_with(kBlock) && end != std::string::npos) {
    parts.layer = tensor.substr(kBlock.size(), end - kBlock.size());
    parts.pattern = std::string(kBlock) + "*" + parts.pattern.substr(end);
  }
  return parts;
}

std::string filled_in(std::string name, char mark, const std::string& value) {
  const size_t at = name.find(mark);
  return at == std::string::npos ? name : name.replace(at, 1, value);
}

}  // namespace

GgufWeights::GgufWeights(std::shared_ptr<const GgufFile> file,
                         const std::vector<NameRule>& rules,
                         HeadCounts heads)
    : file_(std::move(file)), heads_(heads) {
  for (const std::string& tensor : file_->names())
    if (!is_rope_tensor(tensor)) add(tensor, rules);
}

void GgufWeights::add(const std::string& tensor,
                      const std::vector<NameRule>& rules) {
  const Spelling spelled = spelling_of(tensor);
  const auto rule =
      std::find_if(rules.begin(), rules.end(), [&](const NameRule& one) {
        return spelled.pattern == one.gguf;
      });
  if (rule == rules.end())
    fail(ErrorKind::unsupported,
         "{}: tensor \"{}\" is none that this program knows for this "
         "architecture",
         file_->path(),
         printable(tensor));
  const std::string name =
      filled_in(rule->name, '*', spelled.layer) + spelled.suffix;
  if (rule->change != Change::experts) {
    sources_[name] = {tensor, rule->change};
    return;
  }
  const std::vector<int64_t>& shape = file_->tensor(tensor).shape;
  if (shape.size() != 3)
    fail(ErrorKind::format,
         "{}: tensor \"{}\" has shape {}, it must be [experts, out, in]",
         file_->path(),
         printable(tensor),
         to_string(shape));
  for (int64_t expert = 0; expert < shape[0]; ++expert)
    sources_[filled_in(name, '#', std::to_string(expert))] = {
        tensor, Change::experts, expert};
}

const GgufWeights::Source& GgufWeights::source(const std::string& name) const {
  const auto found = sources_.find(name);
  if (found == sources_.end())
    fail(ErrorKind::not_found,
         "{}: no tensor for weight \"{}\". {}",
         file_->path(),
         name,
         nearest_names(name, names()));
  return found->second;
}

std::vector<int64_t> GgufWeights::shape(const std::string& name) const {
  const Source& from = source(name);
  std::vector<int64_t> shape = file_->tensor(from.tensor).shape;
  if (from.change == Change::experts) shape.erase(shape.begin());
  if (from.change == Change::transposed)
    std::reverse(shape.begin(), shape.end());
  return shape;
}

at::ScalarType GgufWeights::dtype() const {
  for (const std::string& name : file_->names())
    if (is_quantized(file_->tensor(name).type)) return at::kBFloat16;
  switch (file_->tensor("token_embd.weight").type) {
    case GgmlType::f16:
      return at::kHalf;
    case GgmlType::bf16:
      return at::kBFloat16;
    default:
      return at::kFloat;
  }
}

// The other form of rotation pairs neighbours: its rows of a head are a0 b0 a1
// b1 ..., Hugging Face's a0 a1 ... b0 b1 ...
Tensor GgufWeights::in_halves(const Tensor& rows, const Source& from) const {
  const int64_t heads =
      from.change == Change::queries ? heads_.queries : heads_.keys;
  if (rows.dim() < 1 || heads < 1 || rows.size(0) % (2 * heads) != 0)
    fail(ErrorKind::shape,
         "{}: tensor \"{}\" of shape {} does not split into {} heads of even "
         "width",
         file_->path(),
         from.tensor,
         to_string(rows.sizes()),
         heads);
  const int64_t pairs = rows.size(0) / heads / 2;
  return rows.reshape({heads, pairs, 2, -1})
      .transpose(1, 2)
      .reshape(rows.sizes());
}

Tensor GgufWeights::restore(const Source& from, at::ScalarType dtype) const {
  switch (from.change) {
    case Change::queries:
    case Change::keys:
      return in_halves(file_->load(from.tensor, dtype), from);
    case Change::plus_one:
      return (file_->load(from.tensor, at::kFloat) - 1).to(dtype);
    case Change::transposed:
      return file_->load(from.tensor, dtype).t();
    case Change::experts:
      return file_->load(from.tensor, from.expert, dtype);
    case Change::none:
      break;
  }
  return file_->load(from.tensor, dtype);
}

Tensor GgufWeights::load(const std::string& name,
                         at::ScalarType dtype,
                         at::Device device) const {
  return restore(source(name), dtype).to(device);
}

std::vector<std::string> GgufWeights::names() const {
  std::vector<std::string> names;
  for (const auto& [name, from] : sources_) names.push_back(name);
  return names;
}

int64_t GgufWeights::bytes() const {
  int64_t sum = 0;
  for (const std::string& name : file_->names())
    sum += static_cast<int64_t>(file_->stored_bytes(name).size());
  return sum;
}

std::string GgufWeights::fingerprint() const {
  uint64_t hash = 0;
  for (const std::string& name : file_->names()) {
    const GgufTensor& tensor = file_->tensor(name);
    hash = mix_fingerprint(hash,
                           name,
                           tensor.shape,
                           name_of(tensor.type),
                           file_->stored_bytes(name));
  }
  return fmt::format("{:016x}", hash);
}

}  // namespace lineas
