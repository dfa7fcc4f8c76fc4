#include "lineas/nn/weight_scope.h"

#include "lineas/base/error.h"
#include "lineas/base/log.h"

namespace lineas {
namespace {

bool starts_with(const std::string& text, const std::string& prefix) {
  return !prefix.empty() && text.starts_with(prefix);
}

// Buffers that older checkpoints carry and every reader recomputes.
bool is_ignorable(const std::string& name) {
  for (const char* suffix : {".attn.bias",
                             ".attn.masked_bias",
                             "rotary_emb.inv_freq",
                             "position_ids"})
    if (name.ends_with(suffix)) return true;
  return false;
}

// One module under two names (with and without the prefix) must be one tensor.
void check_same(const WeightSource& source,
                const std::string& a,
                const std::string& b) {
  const Tensor first = source.checkpoint.load(a, at::kFloat, at::kCPU);
  const Tensor second = source.checkpoint.load(b, at::kFloat, at::kCPU);
  if (first.sizes() == second.sizes() && at::equal(first, second)) return;
  fail(ErrorKind::format,
       "{}: tensors \"{}\" and \"{}\" are one weight under two names but "
       "differ. Remove the wrong one.",
       source.checkpoint.folder(),
       a,
       b);
}

}  // namespace

WeightScope WeightScope::operator/(std::string_view name) const {
  return WeightScope(
      *source_,
      path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name));
}

WeightScope WeightScope::operator/(int64_t index) const {
  return *this / std::to_string(index);
}

SiteIndex WeightScope::site(int64_t width) const {
  return source_->sites.add(path_, width);
}

std::string WeightScope::stored_name(std::string_view name) const {
  const std::string full = (*this / name).path();
  const std::string& added = source_->added_prefix;
  if (!added.empty() && source_->checkpoint.contains(added + full))
    return added + full;
  const auto other = source_->other_names.find(full);
  const std::string found = with_or_without_prefix(full);
  if (other == source_->other_names.end() ||
      source_->checkpoint.contains(found))
    return found;
  return source_->checkpoint.contains(other->second) ? other->second : found;
}

std::string WeightScope::with_or_without_prefix(const std::string& full) const {
  const std::string& prefix = source_->optional_prefix;
  if (!starts_with(full, prefix)) return full;
  const std::string bare = full.substr(prefix.size());
  const bool has_full = source_->checkpoint.contains(full);
  const bool has_bare = source_->checkpoint.contains(bare);
  if (has_full && has_bare) {
    check_same(*source_, full, bare);
    source_->used.insert(bare);
  }
  return has_full || !has_bare ? full : bare;
}

bool WeightScope::has(std::string_view name) const {
  return source_->checkpoint.contains(stored_name(name));
}

Tensor WeightScope::weight(std::string_view name, at::IntArrayRef shape) const {
  const std::string stored = stored_name(name);
  const std::vector<int64_t> found = source_->checkpoint.shape(stored);
  if (at::IntArrayRef(found) != shape)
    fail(ErrorKind::shape,
         "{}: tensor \"{}\" has shape {}, config.json asks for {}. Is this "
         "the checkpoint's own config.json?",
         source_->checkpoint.folder(),
         stored,
         to_string(found),
         to_string(shape));
  source_->used.insert(stored);
  return source_->checkpoint.load(stored, dtype(), device());
}

void WeightScope::warn_of_another(std::string_view name,
                                  const Tensor& used) const {
  const std::string stored = stored_name(name);
  if (!source_->checkpoint.contains(stored)) return;
  const Tensor other = source_->checkpoint.load(stored, dtype(), device());
  const auto is_same = [&](int64_t row) {
    return at::equal(other.select(0, row), used.select(0, row));
  };
  if (other.sizes() == used.sizes() && is_same(0) && is_same(-1)) return;
  log_warning(
      "{}: tensor \"{}\" is not used: config.json's \"tie_word_embeddings\" "
      "puts the embedding in its place, and they differ",
      source_->checkpoint.folder(),
      stored);
}

void report_unused(const WeightSource& source, bool tied_head) {
  for (const std::string& name : source.checkpoint.names()) {
    if (source.used.contains(name) || is_ignorable(name)) continue;
    if (tied_head && name == "lm_head.weight") continue;
    log_warning("{}: tensor \"{}\" is not used by this architecture",
                source.checkpoint.folder(),
                name);
  }
}

}  // namespace lineas
