#include "lineas/engine/engine.h"

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/printable.h"
#include "lineas/engine/find_model.h"
#include "lineas/engine/prompt_lengths.h"
#include "lineas/models/open_model.h"
#include "lineas/pipelines/pipeline_folder.h"

namespace lineas {
namespace {

// An id, or a list of ids, or nothing: as transformers writes token ids.
std::vector<int64_t> read_token_ids(const Json& config,
                                    const std::string& key,
                                    const std::string& where) {
  if (!config.contains(key) || config[key].is_null()) return {};
  if (config[key].is_array())
    return require<std::vector<int64_t>>(config, key, where);
  return {require<int64_t>(config, key, where)};
}

std::vector<int64_t> find_eos_ids(const std::string& folder,
                                  const OpenedModel& opened,
                                  const Tokenizer* tokenizer) {
  const std::string generation = folder + "/generation_config.json";
  if (file_exists(generation)) {
    const auto ids =
        read_token_ids(read_json(generation), "eos_token_id", generation);
    if (!ids.empty()) return ids;
  }
  const auto ids = read_token_ids(opened.config, "eos_token_id", opened.where);
  if (!ids.empty()) return ids;
  if (tokenizer != nullptr && tokenizer->eos_id())
    return {*tokenizer->eos_id()};
  return {};
}

std::optional<int64_t> find_bos_id(const OpenedModel& opened,
                                   const Tokenizer* tokenizer) {
  if (tokenizer != nullptr && tokenizer->bos_id()) return tokenizer->bos_id();
  const auto ids = read_token_ids(opened.config, "bos_token_id", opened.where);
  if (!ids.empty()) return ids[0];
  return tokenizer == nullptr ? std::nullopt : tokenizer->eos_id();
}

}  // namespace

Engine::Engine(const std::string& model, const EngineOptions& options)
    : folder_(find_model(model)) {
  if (is_pipeline_folder(folder_))
    fail(ErrorKind::usage,
         "{}: is a model that makes pictures (`lineas image`); this needs a "
         "language model",
         folder_);
  const LoadOptions load{.dtype = parse_dtype(options.dtype),
                         .device = parse_device(options.device),
                         .spare_slow_dtypes = true};
  const OpenedModel opened = open_model(folder_);
  model_ = build_language_model(opened, load);
  fingerprint_ = opened.weights->fingerprint();
  try {
    tokenizer_ = load_tokenizer(folder_);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found) throw;
    no_tokenizer_ = error.what();
  }
  eos_ids_ = find_eos_ids(folder_, opened, tokenizer_.get());
  bos_id_ = find_bos_id(opened, tokenizer_.get());
}

std::string Engine::id() const {
  return model_id(folder_);
}

Json Engine::identity() const {
  return {{"id", id()},
          {"architecture", model_->info().architecture},
          {"fingerprint", fingerprint_}};
}

const Tokenizer& Engine::need_tokenizer() const {
  if (!tokenizer_)
    fail(ErrorKind::not_found,
         "{} Without one, prompts must be a .jsonl file of {{\"ids\": [...]}}.",
         no_tokenizer_);
  return *tokenizer_;
}

std::vector<int64_t> Engine::encode(const std::string& text) const {
  if (text.empty()) {
    if (!bos_id_)
      fail(ErrorKind::usage,
           "{}: an empty prompt starts from BOS, and this model has none",
           folder_);
    return {*bos_id_};
  }
  std::vector<int64_t> ids = need_tokenizer().encode(text);
  check_ids(ids, "the text");
  return ids;
}

// A tokenizer may know ids that the model has no row for (a pad token put in
// for training): only a text that holds one is refused.
void Engine::check_ids(const std::vector<int64_t>& ids,
                       const std::string& where) const {
  for (const int64_t id : ids) {
    if (id >= 0 && id < model_->info().vocabulary) continue;
    const std::string token =
        tokenizer_ && id >= 0 ? tokenizer_->token_bytes(id) : "";
    fail(ErrorKind::usage,
         "{}: token id {}{} is outside the model's vocabulary of {}",
         where,
         id,
         token.empty() ? "" : fmt::format(" (\"{}\")", printable(token)),
         model_->info().vocabulary);
  }
}

std::vector<std::vector<int64_t>> Engine::encode(
    const PromptSet& prompts) const {
  std::vector<std::vector<int64_t>> ids = prompts.ids;
  for (const std::string& text : prompts.texts)
    ids.push_back(text.empty() ? encode(text) : need_tokenizer().encode(text));
  for (size_t i = 0; i < ids.size(); ++i) check_ids(ids[i], prompts.where(i));
  check_lengths(prompts, ids, model_->info());
  return ids;
}

std::string Engine::render_chat(const OrderedJson& messages,
                                const ChatOptions& options,
                                const std::string& chat_template) const {
  need_tokenizer();
  const ChatTemplate chat = chat_template.empty()
                                ? ChatTemplate::load(folder_)
                                : ChatTemplate::load(folder_, chat_template);
  return chat.render(messages, options);
}

std::vector<int64_t> Engine::encode_chat(const std::string& rendered) const {
  const auto ids = need_tokenizer().encode(rendered, false);
  check_ids(ids, "the chat");
  return ids;
}

std::string Engine::decode(std::span<const int64_t> ids) const {
  if (tokenizer_) return tokenizer_->decode(ids, true);
  return fmt::format("{}", fmt::join(ids, " "));
}

std::string Engine::decode_continuation(
    const std::vector<int64_t>& prompt,
    const std::vector<int64_t>& made) const {
  if (!tokenizer_) return decode(made);
  std::vector<int64_t> ids = prompt;
  ids.insert(ids.end(), made.begin(), made.end());
  // Decoded together: a leading space may be the tokenizer's own.
  const std::string before = decode(prompt), all = decode(ids);
  return all.starts_with(before) ? all.substr(before.size()) : decode(made);
}

Steering Engine::load_steering(const SteerRequest& request) const {
  return lineas::load_steering(
      request,
      {.sites = model_->sites(), .name = folder_, .fingerprint = fingerprint_});
}

}  // namespace lineas
