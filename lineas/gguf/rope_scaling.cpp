#include "lineas/gguf/rope_scaling.h"

#include <algorithm>
#include <cmath>

#include "lineas/base/error.h"

namespace lineas {
namespace {

constexpr const char* kAll = "rope_freqs.weight";
constexpr const char* kLong = "rope_factors_long.weight";
constexpr const char* kShort = "rope_factors_short.weight";

std::vector<float> read_factors(const GgufReading& reading,
                                const char* name,
                                int64_t width) {
  const Tensor factors = reading.file().load(name, at::kFloat).contiguous();
  if (factors.dim() != 1 || factors.numel() != width / 2)
    fail(ErrorKind::shape,
         "{}: tensor \"{}\" has shape {}, heads of {} have {} frequencies",
         reading.file().path(),
         name,
         to_string(factors.sizes()),
         width,
         width / 2);
  const auto* data = factors.const_data_ptr<float>();
  return {data, data + factors.numel()};
}

/// Numbers as the original file had them: 1.05, not 1.0499999523162842.
Json as_numbers(const std::vector<float>& factors) {
  Json list = Json::array();
  for (const float factor : factors)
    list.push_back(Json::parse(fmt::format("{}", factor)).get<double>());
  return list;
}

/// Of Llama 3: the converter worked out what its scaling does to each
/// frequency.
void read_all_factors(GgufReading& reading, int64_t width) {
  const std::vector<float> factors = read_factors(reading, kAll, width);
  if (std::all_of(factors.begin(), factors.end(), [](float factor) {
        return factor == 1;
      }))
    return;
  reading.config["rope_scaling"] = {{"rope_type", "longrope"},
                                    {"long_factor", as_numbers(factors)},
                                    {"short_factor", as_numbers(factors)},
                                    {"factor", 1.0},
                                    {"attention_factor", 1.0},
                                    {"original_max_position_embeddings",
                                     reading.size("max_position_embeddings")}};
}

/// What "longrope" implies for cos and sin.
double attention_factor(double scale, int64_t original) {
  if (scale <= 1) return 1;
  return std::sqrt(1 +
                   std::log(scale) / std::log(static_cast<double>(original)));
}

void read_long_rope(GgufReading& reading, int64_t width) {
  if (!reading.file().contains(kLong) || !reading.file().contains(kShort))
    fail(ErrorKind::format,
         "{}: scales its rotation by \"longrope\" but lacks tensor {} or {}",
         reading.file().path(),
         kLong,
         kShort);
  const auto context = reading.size("max_position_embeddings");
  const auto original =
      reading.take_or<int64_t>("rope.scaling.original_context_length", context);
  if (original < 2)
    reading.refuse("rope.scaling.original_context_length", "is below 2");
  reading.has("rope.scaling.factor");  // what the two lengths say
  // The keys that Phi-3's class has; the lengths stand beside them.
  Json scaling = {
      {"rope_type", "longrope"},
      {"type", "longrope"},
      {"long_factor", as_numbers(read_factors(reading, kLong, width))},
      {"short_factor", as_numbers(read_factors(reading, kShort, width))}};
  const double implied = attention_factor(
      static_cast<double>(context) / static_cast<double>(original), original);
  const double said = reading.take_or("rope.scaling.attn_factor", implied);
  if (std::abs(said - implied) > 1e-4) scaling["attention_factor"] = said;
  reading.config["original_max_position_embeddings"] = original;
  reading.config["rope_scaling"] = scaling;
}

void read_yarn(GgufReading& reading) {
  Json scaling = {{"rope_type", "yarn"},
                  {"factor", reading.take<double>("rope.scaling.factor")}};
  const auto keep = [&](const char* key, const char* name) {
    if (reading.has(key)) scaling[name] = reading.take_json(key);
  };
  keep("rope.scaling.original_context_length",
       "original_max_position_embeddings");
  keep("rope.scaling.yarn_beta_fast", "beta_fast");
  keep("rope.scaling.yarn_beta_slow", "beta_slow");
  // On top of yarn's own factor, which config.json cannot say.
  if (reading.take_or("rope.scaling.attn_factor", 1.0) != 1)
    reading.refuse("rope.scaling.attn_factor", "is not 1, beside yarn");
  reading.config["rope_scaling"] = scaling;
}

void read_linear(GgufReading& reading, const char* key) {
  const double factor = reading.take_or(key, 1.0);
  // Zero is how older files say that there is none.
  if (factor == 1 || factor == 0) return;
  reading.config["rope_scaling"] = {{"rope_type", "linear"},
                                    {"factor", factor}};
}

}  // namespace

bool is_rope_tensor(std::string_view name) {
  return name == kAll || name == kLong || name == kShort;
}

void read_rope_scaling(GgufReading& reading, int64_t width) {
  const bool has_factors = reading.file().contains(kLong);
  const auto type = reading.take_or<std::string>(
      "rope.scaling.type", has_factors ? "longrope" : "linear");
  if (type == "longrope" || has_factors)
    read_long_rope(reading, width);
  else if (type == "yarn")
    read_yarn(reading);
  else if (type == "linear")
    read_linear(reading,
                reading.has("rope.scaling.factor") ? "rope.scaling.factor"
                                                   : "rope.scale_linear");
  else if (type != "none")
    reading.refuse(
        "rope.scaling.type",
        fmt::format("is \"{}\"; known: none, linear, yarn, longrope", type));
  if (reading.file().contains(kAll)) read_all_factors(reading, width);
  // Whether the model was trained so; and for no scaling, the length it had.
  reading.has("rope.scaling.finetuned");
  if (!reading.config.contains("rope_scaling"))
    reading.has("rope.scaling.original_context_length");
}

}  // namespace lineas
