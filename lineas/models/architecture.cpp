#include "lineas/models/architecture.h"

#include <algorithm>
#include <string_view>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/log.h"
#include "lineas/base/printable.h"
#include "lineas/models/quantised.h"
#include "lineas/models/registry.h"

namespace lineas {
namespace {

// What people have on their machines that is not read, and why. Names with a
// space before and behind each.
struct Refused {
  const char* reason;
  const char* types;
};
constexpr Refused kRefused[] = {
    {"it reads pictures or sound beside text, and only text models are "
     "read",
     " gemma3 gemma3n gemma4 llama4 mllama llava llava_next mistral3 "
     "pixtral paligemma qwen2_vl qwen2_5_vl qwen3_vl qwen3_vl_moe "
     "qwen2_audio qwen2_5_omni qwen3_5 idefics3 smolvlm phi3_v "
     "phi4_multimodal internvl minicpmv whisper "},
    {"of the mixtures of experts only qwen3_moe is read",
     " mixtral qwen2_moe olmoe phimoe granitemoe dbrx deepseek_v2 "
     "deepseek_v3 glm4_moe gpt_oss ernie4_5_moe hunyuan_v1_moe "},
    {"its layers are not all attention, and only decoders of attention "
     "are read",
     " mamba mamba2 falcon_mamba falcon_h1 jamba bamba zamba2 rwkv "
     "recurrent_gemma granitemoehybrid nemotron_h lfm2 qwen3_next "},
    {"it has an encoder, and only decoders of the next token are read",
     " t5 mt5 umt5 bart mbart marian pegasus t5gemma bert roberta "
     "xlm-roberta distilbert modernbert deberta-v2 electra "},
    {"its layers differ from those that are read",
     " gemma phi gpt_neo gpt_neox gptj opt bloom falcon mpt stablelm "
     "starcoder2 gpt_bigcode cohere cohere2 olmo olmo3 glm glm4 "
     "chatglm exaone4 ministral nemotron internlm2 baichuan minicpm "
     "minicpm3 seed_oss apertus "}};

// ": " and the reason, or nothing for a type that is not well known.
std::string why_not(const std::string& type) {
  for (const Refused& refused : kRefused)
    if (std::string_view(refused.types).find(fmt::format(" {} ", type)) !=
        std::string_view::npos)
      return fmt::format(": {}", refused.reason);
  return "";
}

[[noreturn]] void fail_unknown(const std::string& key,
                               const std::string& value,
                               const std::string& where) {
  std::vector<std::string> known;
  for (const Architecture& architecture : architectures())
    known.push_back(key == "model_type" ? architecture.model_type
                                        : architecture.name);
  fail(ErrorKind::unsupported,
       "{}: \"{}\" \"{}\" is not supported{}; known: {}",
       where,
       key,
       printable(value),
       why_not(value),
       fmt::join(known, ", "));
}

bool has_value(const Json& config, const char* key) {
  return config.contains(key) && !config[key].is_null();
}

const Architecture& find_by_name(const Json& config, const std::string& where) {
  const auto names =
      require<std::vector<std::string>>(config, "architectures", where);
  if (names.size() != 1)
    fail(ErrorKind::format,
         "{}: without \"model_type\", \"architectures\" must name one "
         "architecture, not {}",
         where,
         names.size());
  for (const Architecture& architecture : architectures())
    if (architecture.name == names[0]) return architecture;
  fail_unknown("architectures", names[0], where);
}

// A name that another class of the same model has (LlamaModel) is no matter.
void warn_of_other_name(const Json& config,
                        const Architecture& decided,
                        const std::string& where) {
  if (!has_value(config, "architectures")) return;
  for (const auto& name :
       require<std::vector<std::string>>(config, "architectures", where))
    for (const Architecture& other : architectures())
      if (other.name == name && other.name != decided.name)
        log_warning(
            "{}: \"architectures\" says {}, but \"model_type\" {} decides, as "
            "in transformers",
            where,
            name,
            decided.model_type);
}

// Second names of keys; where both are there, `wins` says which transformers
// takes.
struct OtherName {
  const char* model_type;
  const char* other;
  const char* key;
};
constexpr OtherName kOtherNames[] = {
    {"gpt2", "hidden_size", "n_embd"},
    {"gpt2", "max_position_embeddings", "n_positions"},
    {"gpt2", "num_attention_heads", "n_head"},
    {"gpt2", "num_hidden_layers", "n_layer"},
    {"qwen3_moe", "num_local_experts", "num_experts"}};

void resolve_other_names(Json& config,
                         const Architecture& architecture,
                         const std::string& where) {
  for (const OtherName& name : kOtherNames) {
    if (architecture.model_type != name.model_type ||
        !config.contains(name.other))
      continue;
    if (config.contains(name.key) && config[name.key] != config[name.other])
      fail(ErrorKind::format,
           "{}: \"{}\" is {} but \"{}\" is {}, and they are one thing. Remove "
           "the wrong one.",
           where,
           name.key,
           config[name.key].dump(),
           name.other,
           config[name.other].dump());
    config[name.key] = config[name.other];
  }
}

}  // namespace

const std::vector<Architecture>& architectures() {
  static const std::vector<Architecture> list = {
#define LINEAS_MODEL(name, architecture) \
  {#name, architecture, make_##name, defaults_##name},
#include "lineas/models/models.def"
#undef LINEAS_MODEL
  };
  return list;
}

const Architecture& find_architecture(const Json& config,
                                      const std::string& where) {
  if (!has_value(config, "model_type")) {
    if (!has_value(config, "architectures"))
      fail(ErrorKind::format,
           "{}: has neither \"model_type\" nor \"architectures\"",
           where);
    return find_by_name(config, where);
  }
  const auto type = require<std::string>(config, "model_type", where);
  for (const Architecture& architecture : architectures())
    if (architecture.model_type == type) {
      warn_of_other_name(config, architecture, where);
      return architecture;
    }
  fail_unknown("model_type", type, where);
}

Json complete_config(const Json& config,
                     const Architecture& architecture,
                     const std::string& where) {
  Json whole = config;
  resolve_other_names(whole, architecture, where);
  const Json defaults =
      parse_json(architecture.defaults(), architecture.model_type);
  for (const auto& item : defaults.items())
    if (!whole.contains(item.key())) whole[item.key()] = item.value();
  return whole;
}

void check_plain(const Json& config,
                 const std::string& folder,
                 const std::string& where) {
  refuse_quantised(config, where);
  if (file_exists(folder + "/adapter_config.json"))
    fail(ErrorKind::unsupported,
         "{}/adapter_config.json: the folder holds an adapter (PEFT, LoRA) "
         "beside the model; merge it into the weights first",
         folder);
  const Json pruned = value_or<Json>(config, "pruned_heads", where, nullptr);
  if (!pruned.is_null() && !pruned.empty())
    fail(
        ErrorKind::unsupported, "{}: \"pruned_heads\" is not supported", where);
  if (has_value(config, "transformers_weights"))
    fail(ErrorKind::unsupported,
         "{}: \"transformers_weights\" names another file of weights, which is "
         "not supported; rename it to model.safetensors",
         where);
}

}  // namespace lineas
