#include "lineas/gguf/gguf_model.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/base/printable.h"
#include "lineas/gguf/gguf_weights.h"
#include "lineas/gguf/reading.h"

namespace lineas {
namespace {

std::string read_architecture(const GgufMetadata& metadata) {
  const auto type =
      metadata.value_or<std::string>("general.type", std::string("model"));
  if (type != "model")
    fail(ErrorKind::unsupported,
         "{}: holds a \"{}\", a model is needed",
         metadata.where(),
         printable(type));
  return metadata.require<std::string>("general.architecture");
}

void read_keys(const std::vector<KeyRule>& rules, GgufReading& reading) {
  for (const KeyRule& rule : rules)
    if (rule.is_required || reading.has(rule.gguf))
      reading.config[rule.name] = reading.take_json(rule.gguf);
}

/// Ends of a text and of a turn, and its beginning.
void read_special_ids(const GgufMetadata& metadata, Json& config) {
  Json ends = Json::array();
  for (const char* name : {"eos", "eot", "eom"}) {
    const std::string key = fmt::format("tokenizer.ggml.{}_token_id", name);
    if (!metadata.contains(key)) continue;
    const auto id = metadata.require<int64_t>(key);
    if (std::find(ends.begin(), ends.end(), id) == ends.end())
      ends.push_back(id);
  }
  if (!ends.empty()) config["eos_token_id"] = ends;
  const char* begin = "tokenizer.ggml.bos_token_id";
  if (metadata.contains(begin))
    config["bos_token_id"] = metadata.require<int64_t>(begin);
}

int64_t heads_of(const Json& config, const char* name, int64_t fallback) {
  return value_or<int64_t>(config, name, "GGUF", fallback);
}

}  // namespace

GgufModel open_gguf_model(const std::string& path) {
  auto file = std::make_shared<const GgufFile>(path);
  const std::string name = read_architecture(file->metadata());
  const GgufArchitecture architecture = find_gguf_architecture(name, path);
  GgufReading reading(*file, name);
  reading.config["architectures"] = {architecture.huggingface};
  reading.config["model_type"] = architecture.model_type;
  read_keys(architecture.keys, reading);
  architecture.finish(reading);
  reading.check_all_read();
  read_special_ids(file->metadata(), reading.config);
  const int64_t heads = heads_of(reading.config, "num_attention_heads", 1);
  const HeadCounts counts{
      heads, heads_of(reading.config, "num_key_value_heads", heads)};
  GgufModel model{std::move(reading.config), nullptr};
  model.weights =
      std::make_unique<GgufWeights>(file, architecture.names, counts);
  return model;
}

}  // namespace lineas
