#include "lineas/nn/weight_scope.h"

#include "lineas/base/error.h"
#include "lineas/base/log.h"

namespace lineas {
namespace {

// Buffers that older checkpoints carry and every reader recomputes.
bool is_ignorable(const std::string& name) {
  for (const char* suffix : {".attn.bias",
                             ".attn.masked_bias",
                             "rotary_emb.inv_freq",
                             "position_ids"})
    if (name.ends_with(suffix)) return true;
  return false;
}

std::string join(const std::string& path, std::string_view name) {
  if (path.empty()) return std::string(name);
  return name.empty() ? path : fmt::format("{}.{}", path, name);
}

void check_same(const WeightStore& weights,
                const std::string& a,
                const std::string& b) {
  const Tensor first = weights.load(a, at::kFloat, at::kCPU);
  const Tensor second = weights.load(b, at::kFloat, at::kCPU);
  if (first.sizes() == second.sizes() && at::equal(first, second)) return;
  fail(ErrorKind::format,
       "{}: tensors \"{}\" and \"{}\" are one weight under two names but "
       "differ. Remove the wrong one.",
       weights.where(),
       a,
       b);
}

}  // namespace

std::vector<std::string> spell_plainly(const std::string& name) {
  return {name};
}

Spelling spell_without(std::string prefix, Spelling inner) {
  return [prefix = std::move(prefix),
          inner = std::move(inner)](const std::string& name) {
    std::vector<std::string> names = inner(name);
    if (!name.starts_with(prefix)) return names;
    const auto bare = inner(name.substr(prefix.size()));
    names.insert(names.end(), bare.begin(), bare.end());
    return names;
  };
}

Spelling spell_with(std::string prefix, Spelling inner) {
  return [prefix = std::move(prefix),
          inner = std::move(inner)](const std::string& name) {
    const std::vector<std::string> plain = inner(name);
    std::vector<std::string> names;
    for (const std::string& spelled : plain) names.push_back(prefix + spelled);
    names.insert(names.end(), plain.begin(), plain.end());
    return names;
  };
}

int64_t WeightSource::bytes_used() const {
  int64_t sum = 0;
  for (const std::string& name : used)
    sum += c10::multiply_integers(weights.shape(name));
  return sum * static_cast<int64_t>(c10::elementSize(placement.dtype));
}

WeightScope WeightScope::operator/(std::string_view name) const {
  return WeightScope(*source_, join(path_, name));
}

WeightScope WeightScope::operator/(int64_t index) const {
  return *this / std::to_string(index);
}

SiteIndex WeightScope::site(int64_t width) const {
  return source_->sites.add(join(source_->site_prefix, path_), width);
}

SiteIndex WeightScope::element_site(int64_t element, int64_t width) const {
  return source_->sites.add(
      fmt::format("{}:{}", join(source_->site_prefix, path_), element), width);
}

std::string WeightScope::stored_name(std::string_view name) const {
  const std::vector<std::string> spellings =
      source_->spelling(join(path_, name));
  std::string stored;
  for (const std::string& spelling : spellings) {
    if (!source_->weights.contains(spelling)) continue;
    if (stored.empty()) {
      stored = spelling;
    } else {
      check_same(source_->weights, stored, spelling);
      source_->used.insert(spelling);
    }
  }
  if (!stored.empty()) return stored;
  const auto other = source_->other_names.find(join(path_, name));
  const bool is_there = other != source_->other_names.end() &&
                        source_->weights.contains(other->second);
  return is_there ? other->second : spellings.front();
}

bool WeightScope::has(std::string_view name) const {
  return source_->weights.contains(stored_name(name));
}

Tensor WeightScope::weight(std::string_view name, at::IntArrayRef shape) const {
  return weight(name, shape, dtype());
}

Tensor WeightScope::weight(std::string_view name,
                           at::IntArrayRef shape,
                           at::ScalarType dtype) const {
  const std::string stored = stored_name(name);
  const std::vector<int64_t> found = source_->weights.shape(stored);
  if (at::IntArrayRef(found) != shape)
    fail(ErrorKind::shape,
         "{0}: tensor \"{1}\" has shape {3}, {2} asks for {4}. Is this the "
         "checkpoint's own {2}?",
         source_->weights.where(),
         source_->weights.stored_name(stored),
         source_->weights.described_by(),
         to_string(found),
         to_string(shape));
  source_->used.insert(stored);
  return source_->weights.load(stored, dtype, device());
}

void WeightScope::warn_of_another(std::string_view name,
                                  const Tensor& used) const {
  const std::string stored = stored_name(name);
  if (!source_->weights.contains(stored)) return;
  const Tensor other = source_->weights.load(stored, dtype(), device());
  const auto is_same = [&](int64_t row) {
    return at::equal(other.select(0, row), used.select(0, row));
  };
  if (other.sizes() == used.sizes() && is_same(0) && is_same(-1)) return;
  log_warning(
      "{}: tensor \"{}\" is not used: config.json's \"tie_word_embeddings\" "
      "puts the embedding in its place, and they differ",
      source_->weights.where(),
      stored);
}

void report_unused(const WeightSource& source, bool tied_head) {
  for (const std::string& name : source.weights.names()) {
    if (source.used.contains(name) || is_ignorable(name)) continue;
    if (tied_head && name == "lm_head.weight") continue;
    log_warning("{}: tensor \"{}\" is not used by this architecture",
                source.weights.where(),
                source.weights.stored_name(name));
  }
}

}  // namespace lineas
