// A model with its tokenizer, put together in one place: prompts in as a user
// has them, token ids out, and maps held against the model. Commands, examples
// and evaluations start here. Knows no methods and prints nothing.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lineas/data/prompts.h"
#include "lineas/engine/steering.h"
#include "lineas/maps/steer_tap.h"
#include "lineas/models/language_model.h"
#include "lineas/text/chat_template.h"
#include "lineas/text/tokenizer.h"

namespace lineas {

/// dtype auto: as stored, or float32 where the processor is slow in that.
struct EngineOptions {
  std::string device = "auto";  // auto, cpu, cuda
  std::string dtype = "auto";   // auto, float32, bfloat16, float16
};

class Engine {
 public:
  /// `model`: what find_model (find_model.h) takes. Throws
  /// shape where the tokenizer has ids outside the model's vocabulary.
  explicit Engine(const std::string& model, const EngineOptions& options = {});

  const LanguageModel& model() const { return *model_; }
  const std::string& folder() const { return folder_; }
  /// The folder's own name, or that on the Hub: what provenance calls it.
  std::string id() const;
  /// {id, architecture, fingerprint}: what provenance keeps as "model".
  Json identity() const;

  /// Null for a folder without one; then prompts must be ids.
  const Tokenizer* tokenizer() const { return tokenizer_.get(); }
  /// Ends of a text by generation_config.json, config.json or the tokenizer.
  const std::vector<int64_t>& eos_ids() const { return eos_ids_; }

  /// Ids of a text as the model is used to see it, with its BOS; "" is BOS
  /// alone. Throws usage where there is no tokenizer, or no BOS for "".
  std::vector<int64_t> encode(const std::string& text) const;
  /// The same for every prompt; ready ids are checked against the vocabulary,
  /// lengths against the context.
  std::vector<std::vector<int64_t>> encode(const PromptSet& prompts) const;
  /// A conversation as the model's chat template writes it, or that of the
  /// file `chat_template` where it is not empty. Throws what ChatTemplate does.
  std::string render_chat(const OrderedJson& messages,
                          const ChatOptions& options = {},
                          const std::string& chat_template = "") const;
  /// Ids of what a chat template wrote: nothing is put around it.
  std::vector<int64_t> encode_chat(const std::string& rendered) const;

  /// Text of ids without special tokens; without a tokenizer the numbers.
  std::string decode(std::span<const int64_t> ids) const;
  /// What a continuation adds to the prompt's text.
  std::string decode_continuation(const std::vector<int64_t>& prompt,
                                  const std::vector<int64_t>& made) const;

  /// Reads a map and holds it against the model: throws shape where sites or
  /// widths differ, warns where the weights are others than it was learned on.
  Steering load_steering(const SteerRequest& request) const;

 private:
  const Tokenizer& need_tokenizer() const;
  /// `where` starts the message.
  void check_ids(const std::vector<int64_t>& ids,
                 const std::string& where) const;

  std::string folder_;
  std::string fingerprint_;
  std::unique_ptr<LanguageModel> model_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::string no_tokenizer_;  // why there is none
  std::vector<int64_t> eos_ids_;
  std::optional<int64_t> bos_id_;
};

}  // namespace lineas
