// From prompts to steered texts: every prompt at every strength, several
// samples of each, streamed while they are made. Commands, evaluations and
// examples make text here and nowhere else. Prints nothing.
#pragma once

#include <functional>

#include "lineas/engine/engine.h"
#include "lineas/generate/head_maps.h"
#include "lineas/generate/text_loop.h"

namespace lineas {

/// One text; the first two are places in the request's lists.
struct MadeText {
  size_t prompt = 0;
  size_t strength = 0;
  int64_t sample = 0;
  std::string text = {};  // what it adds to the prompt; there once it has ended
  std::vector<int64_t> tokens = {};
  Finish finish = Finish::cancelled;
  std::string error = {};  // where it failed: names the first bad site

  /// False for a text that was cancelled before its first token.
  bool was_begun() const {
    return finish != Finish::cancelled || !tokens.empty();
  }
};

struct TextRequest {
  /// Texts, or ids where they are ready (of a chat, say).
  PromptSet prompts;
  std::vector<Steering> steerings = {};
  /// Multiply the strength of every map.
  std::vector<double> strengths = {1};
  /// Of every prompt and strength; those of one number have the same random
  /// numbers at every strength.
  int64_t samples = 1;
  uint64_t seed = 0;
  /// The engine's eos_ids are added to those given.
  RowOptions options = {};
  /// Most rows of a model call. All strengths of a sample stay together, so
  /// that they differ in nothing else.
  int64_t batch = 64;
  /// See TextBatchOptions; false where strength 0 is to equal the untouched
  /// model to the last bit.
  bool drops_finished = true;
  /// Called for every new token, with the text as far as it has come.
  std::function<void(const MadeText&)> on_token = {};
  /// Called when a text has ended.
  std::function<void(const MadeText&)> on_finish = {};
  /// Asked before every model call; true ends all texts where they are.
  std::function<bool()> is_cancelled = {};
};

/// Prompt by prompt, sample by sample, strength by strength. A text whose
/// logits are not finite fails alone, cancelling keeps what there is. Throws as
/// Engine::encode, check_head_maps and continue_text do.
std::vector<MadeText> run_text(const Engine& engine,
                               const TextRequest& request);

/// Throws numeric where a text has failed: for those who want all or none.
void check_none_failed(const std::vector<MadeText>& texts);

/// The tap of maps over rows of text, row r at row_strengths[r] (empty: 1)
/// times their strengths; null where they move nothing. Throws as
/// check_head_maps.
std::unique_ptr<SteerTap> make_text_tap(
    const Engine& engine,
    const std::vector<Steering>& steerings,
    const std::vector<double>& row_strengths,
    HeadUse use);

}  // namespace lineas
