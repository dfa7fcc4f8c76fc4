// The drive of text models: runs rows of a fixed prompt list through a model,
// all rows of a run packed behind each other in one call. Learning and
// recording see only the Drive. Knows no text, no maps.
#pragma once

#include <map>
#include <vector>

#include "lineas/models/language_model.h"
#include "lineas/tap/drive.h"

namespace lineas {

/// Token ids of prompts of different lengths, one behind the other, and what a
/// call over them is told.
struct PackedPrompts {
  Tensor ids_S;
  PassContext context;
};

/// Packs the prompts of the given numbers; the rows carry those numbers.
PackedPrompts pack_prompts(const std::vector<std::vector<int64_t>>& prompts,
                           std::span<const int64_t> numbers,
                           at::Device device);

/// Throws usage, naming the prompt, for an empty one and for one longer than
/// the model's context.
void check_prompts(const std::vector<std::vector<int64_t>>& prompts,
                   const LanguageModelInfo& info,
                   const std::string& name = "");

class TextDrive : public Drive {
 public:
  /// The model must outlive the drive. Throws as check_prompts does.
  TextDrive(const LanguageModel& model,
            std::vector<std::vector<int64_t>> prompts);

  void advance(Trajectory& trajectory, Tap& tap) override;
  const SiteTable& sites() const override { return model_.sites(); }
  int64_t row_count() const override {
    return static_cast<int64_t>(prompts_.size());
  }
  std::optional<Outcome> outcome() const override {
    return Outcome{model_.head_site(), OutcomeKind::logits};
  }
  const std::vector<std::vector<int64_t>>& prompts() const { return prompts_; }

 private:
  const PackedPrompts& packed(std::span<const int64_t> rows);

  const LanguageModel& model_;
  std::vector<std::vector<int64_t>> prompts_;
  // Learning asks for the same few sets of rows in every step.
  std::map<std::vector<int64_t>, PackedPrompts> packed_;
};

}  // namespace lineas
