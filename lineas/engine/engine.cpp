#include "lineas/engine/engine.h"

#include <cmath>
#include <filesystem>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/log.h"
#include "lineas/base/printable.h"
#include "lineas/engine/find_model.h"
#include "lineas/engine/hub_cache.h"
#include "lineas/engine/prompt_lengths.h"
#include "lineas/tensor/checkpoint.h"

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
                                  const Tokenizer* tokenizer) {
  for (const char* name : {"/generation_config.json", "/config.json"}) {
    const std::string path = folder + name;
    if (!file_exists(path)) continue;
    const auto ids = read_token_ids(read_json(path), "eos_token_id", path);
    if (!ids.empty()) return ids;
  }
  if (tokenizer != nullptr && tokenizer->eos_id())
    return {*tokenizer->eos_id()};
  return {};
}

std::optional<int64_t> find_bos_id(const std::string& folder,
                                   const Tokenizer* tokenizer) {
  if (tokenizer != nullptr && tokenizer->bos_id()) return tokenizer->bos_id();
  const std::string path = folder + "/config.json";
  const auto ids = read_token_ids(read_json(path), "bos_token_id", path);
  if (!ids.empty()) return ids[0];
  return tokenizer == nullptr ? std::nullopt : tokenizer->eos_id();
}

// Replaces a rule of the map file by the user's, and says so.
template <typename T>
void override_rule(T& rule,
                   const std::optional<T>& wanted,
                   const char* name,
                   const std::string& path) {
  if (!wanted || *wanted == rule) return;
  log_info("{}: {} {} as asked for; the map file says {}",
           path,
           name,
           to_string(*wanted),
           to_string(rule));
  rule = *wanted;
}

}  // namespace

void check_strength(double strength, bool allow_any, const std::string& where) {
  if (!std::isfinite(strength))
    fail(ErrorKind::usage, "{}: a strength must be a number", where);
  if (!allow_any && (strength < 0 || strength > 1))
    fail(ErrorKind::usage,
         "{}: strength {} is outside [0, 1]. 0 leaves the model alone, 1 is "
         "the full map; beyond, text often breaks. --allow-any-strength takes "
         "it all the same.",
         where,
         strength);
}

Engine::Engine(const std::string& model, const EngineOptions& options)
    : folder_(find_model(model)) {
  const LoadOptions load{.dtype = parse_dtype(options.dtype),
                         .device = parse_device(options.device)};
  model_ = load_language_model(folder_, load);
  fingerprint_ = Checkpoint(folder_).fingerprint();
  try {
    tokenizer_ = load_tokenizer(folder_);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found) throw;
    no_tokenizer_ = error.what();
  }
  eos_ids_ = find_eos_ids(folder_, tokenizer_.get());
  bos_id_ = find_bos_id(folder_, tokenizer_.get());
}

std::string Engine::id() const {
  const auto path =
      std::filesystem::weakly_canonical(std::filesystem::path(folder_));
  if (const auto name = hub_name_of(path.string())) return *name;
  return path.filename().string();
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
  const MapSpec spec = parse_map_spec(request.spec);
  check_strength(
      spec.strength, request.allow_any_strength, "--steer " + request.spec);
  Steering steering{read_map_set(spec.path), spec.strength, spec.path};
  check_fits(
      steering.set,
      {.sites = model_->sites(), .name = folder_, .fingerprint = fingerprint_},
      spec.path);
  MapRules& rules = steering.set.rules;
  override_rule(rules.position, request.position, "position", spec.path);
  override_rule(rules.tokens, request.tokens, "tokens", spec.path);
  return steering;
}

}  // namespace lineas
