#include "lineas/generate/text_drive.h"

#include "lineas/base/error.h"

namespace lineas {
namespace {

constexpr size_t kMostPackedSets = 256;

}  // namespace

PackedPrompts pack_prompts(const std::vector<std::vector<int64_t>>& prompts,
                           std::span<const int64_t> numbers,
                           at::Device device) {
  std::vector<int64_t> ids, lengths;
  for (const int64_t number : numbers) {
    const std::vector<int64_t>& prompt = prompts.at(number);
    ids.insert(ids.end(), prompt.begin(), prompt.end());
    lengths.push_back(static_cast<int64_t>(prompt.size()));
  }
  return {.ids_S = at::tensor(ids, at::kLong).to(device),
          .context = {.rows = pack_rows(lengths, numbers)}};
}

void check_prompts(const std::vector<std::vector<int64_t>>& prompts,
                   const LanguageModelInfo& info,
                   const std::string& name) {
  const std::string from = name.empty() ? name : fmt::format("{}: ", name);
  for (size_t i = 0; i < prompts.size(); ++i) {
    const auto size = static_cast<int64_t>(prompts[i].size());
    if (size == 0)
      fail(ErrorKind::usage, "{}prompt {} has no tokens", from, i + 1);
    if (size > info.context)
      fail(ErrorKind::usage,
           "{}prompt {} has {} tokens, the model's context is {}. Shorten it.",
           from,
           i + 1,
           size,
           info.context);
  }
}

TextDrive::TextDrive(const LanguageModel& model,
                     std::vector<std::vector<int64_t>> prompts)
    : model_(model), prompts_(std::move(prompts)) {
  check_prompts(prompts_, model.info());
}

const PackedPrompts& TextDrive::packed(std::span<const int64_t> rows) {
  std::vector<int64_t> key(rows.begin(), rows.end());
  const auto found = packed_.find(key);
  if (found != packed_.end()) return found->second;
  if (packed_.size() >= kMostPackedSets) packed_.clear();
  PackedPrompts made = pack_prompts(prompts_, rows, model_.device());
  return packed_.emplace(std::move(key), std::move(made)).first->second;
}

void TextDrive::advance(Trajectory& trajectory, Tap& tap) {
  // A copy: another run may begin, and clear the store, before this one ends.
  const PackedPrompts prompts = packed(trajectory.rows);
  ++trajectory.segment;
  Pass pass(prompts.context, &tap);
  // A tap that is finished before the head ends the pass there.
  run_until_finished(
      [&] { model_.logits(model_.hidden(prompts.ids_S, pass), pass); });
}

}  // namespace lineas
