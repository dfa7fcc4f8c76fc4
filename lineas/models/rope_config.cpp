#include "lineas/models/rope_config.h"

#include <cmath>
#include <map>
#include <set>

#include "lineas/base/error.h"
#include "lineas/base/log.h"

namespace lineas {
namespace {

const std::map<std::string, RopeType>& types() {
  static const std::map<std::string, RopeType> list = {
      {"default", RopeType::plain},
      {"linear", RopeType::linear},
      {"dynamic", RopeType::dynamic},
      {"yarn", RopeType::yarn},
      {"longrope", RopeType::longrope},
      {"llama3", RopeType::llama3}};
  return list;
}

/// One of the two layouts: the object with the type, and what is beside it.
struct RopeKeys {
  Json object = Json::object();
  std::string where;  // "config.json: \"rope_scaling\""
  double theta = 0;
  double partial = 1;
  bool is_new = false;
};

[[noreturn]] void fail_value(const RopeKeys& layout,
                             const std::string& key,
                             const std::string& must) {
  fail(ErrorKind::format,
       "{}: \"{}\" is {}, it must be {}",
       layout.where,
       key,
       layout.object.contains(key) ? layout.object[key].dump() : "not there",
       must);
}

double number(const RopeKeys& layout, const std::string& key, double fallback) {
  return value_or<double>(layout.object, key, layout.where, fallback);
}

double positive(const RopeKeys& layout, const std::string& key) {
  const double value = require<double>(layout.object, key, layout.where);
  if (!(value > 0) || !std::isfinite(value))
    fail_value(layout, key, "a number above 0");
  return value;
}

bool has_value(const Json& object, const std::string& key) {
  return object.contains(key) && !object[key].is_null();
}

RopeType read_type(const RopeKeys& layout, const RopeDefaults& defaults) {
  const Json& object = layout.object;
  const auto named = [&](const char* key) {
    return value_or<std::string>(object, key, layout.where, "");
  };
  const std::string name = named("rope_type"), old = named("type");
  if (!name.empty() && !old.empty() && name != old)
    fail(ErrorKind::format,
         "{}: \"rope_type\" is \"{}\" but \"type\" is \"{}\". Remove the wrong "
         "one.",
         layout.where,
         name,
         old);
  std::string type = name.empty() ? old : name;
  if (type.empty() && !layout.is_new && !object.empty())
    fail(ErrorKind::format, "{} has no \"rope_type\"", layout.where);
  if (defaults.is_phi3 && (type == "su" || type == "yarn")) type = "longrope";
  const auto found = types().find(type.empty() ? "default" : type);
  if (found != types().end()) return found->second;
  fail(ErrorKind::unsupported,
       "{}: rotary positions of \"rope_type\" \"{}\" are not supported; known: "
       "default, linear, dynamic, yarn, longrope, llama3",
       layout.where,
       type);
}

void warn_of_ignored(const RopeKeys& layout, RopeType type) {
  static const std::map<RopeType, std::set<std::string>> known = {
      {RopeType::plain, {}},
      {RopeType::linear, {"factor"}},
      {RopeType::dynamic, {"factor", "original_max_position_embeddings"}},
      {RopeType::yarn,
       {"factor",
        "attention_factor",
        "beta_fast",
        "beta_slow",
        "mscale",
        "mscale_all_dim",
        "truncate",
        "original_max_position_embeddings"}},
      {RopeType::longrope,
       {"factor",
        "attention_factor",
        "short_factor",
        "long_factor",
        "original_max_position_embeddings"}},
      {RopeType::llama3,
       {"factor",
        "low_freq_factor",
        "high_freq_factor",
        "original_max_position_embeddings"}}};
  for (const auto& item : layout.object.items()) {
    const std::string& key = item.key();
    if (key != "rope_type" && key != "type" && key != "rope_theta" &&
        key != "partial_rotary_factor" && !known.at(type).contains(key))
      log_warning(
          "{}: \"{}\" is ignored, as transformers does", layout.where, key);
  }
}

// YaRN's factor of cos and sin grows with the logarithm of the extension.
double magnitude(double factor, double scale) {
  return factor <= 1 ? 1 : 0.1 * scale * std::log(factor) + 1;
}

/// Reads the numbers of one type into the settings.
class Reader {
 public:
  Reader(const ModelFiles& files, const RopeKeys& layout, RopeSettings& rope)
      : layout_(layout), rope_(rope) {
    max_positions_ =
        static_cast<double>(require_size(files, "max_position_embeddings"));
    outer_ = config_or<double>(files, "original_max_position_embeddings", 0);
    inner_ = number(layout, "original_max_position_embeddings", 0);
  }

  void read() {
    switch (rope_.type) {
      case RopeType::plain:
        return;
      case RopeType::linear:
        rope_.factor = positive(layout_, "factor");
        return;
      case RopeType::dynamic:
        return read_dynamic();
      case RopeType::yarn:
        return read_yarn();
      case RopeType::longrope:
        return read_longrope();
      case RopeType::llama3:
        return read_llama3();
    }
  }

 private:
  // transformers 5 lets the number outside win, and has a default.
  double trained_context_of_5() const {
    if (outer_ > 0) return outer_;
    return inner_ > 0 ? inner_ : max_positions_;
  }

  double factor_or_ratio() const {
    return has_value(layout_.object, "factor")
               ? positive(layout_, "factor")
               : max_positions_ / rope_.trained_context;
  }

  void read_dynamic() {
    rope_.trained_context = max_positions_;
    rope_.factor = positive(layout_, "factor");
    if (rope_.factor < 1) fail_value(layout_, "factor", "at least 1");
    if (rope_.width <= 2)
      fail(ErrorKind::format,
           "{}: \"rope_type\" \"dynamic\" needs heads wider than 2",
           layout_.where);
  }

  void read_llama3() {
    rope_.trained_context =
        layout_.is_new ? trained_context_of_5()
                       : positive(layout_, "original_max_position_embeddings");
    rope_.factor = positive(layout_, "factor");
    rope_.low_frequency = positive(layout_, "low_freq_factor");
    rope_.high_frequency = positive(layout_, "high_freq_factor");
    if (rope_.low_frequency >= rope_.high_frequency)
      fail_value(layout_, "high_freq_factor", "above \"low_freq_factor\"");
  }

  void read_yarn() {
    rope_.trained_context = layout_.is_new ? trained_context_of_5()
                            : inner_ > 0   ? inner_
                                           : max_positions_;
    rope_.factor =
        layout_.is_new ? factor_or_ratio() : positive(layout_, "factor");
    const auto number_or = [&](const char* key, double fallback) {
      const double value = number(layout_, key, 0);
      return value == 0 ? fallback : value;
    };
    rope_.beta_fast = number_or("beta_fast", 32);
    rope_.beta_slow = number_or("beta_slow", 1);
    if (!(rope_.beta_fast > 0)) fail_value(layout_, "beta_fast", "above 0");
    if (!(rope_.beta_slow > 0)) fail_value(layout_, "beta_slow", "above 0");
    if (!(rope_.theta > 1)) fail_value(layout_, "rope_theta", "above 1");
    rope_.truncates =
        value_or<bool>(layout_.object, "truncate", layout_.where, true);
    rope_.attention_factor = yarn_attention_factor();
  }

  double yarn_attention_factor() const {
    if (has_value(layout_.object, "attention_factor"))
      return number(layout_, "attention_factor", 1);
    const double of = number(layout_, "mscale", 0);
    const double all = number(layout_, "mscale_all_dim", 0);
    if (of != 0 && all != 0)
      return magnitude(rope_.factor, of) / magnitude(rope_.factor, all);
    return magnitude(rope_.factor, 1);
  }

  void read_longrope() {
    rope_.short_factors = read_factors("short_factor");
    rope_.long_factors = read_factors("long_factor");
    rope_.trained_context = layout_.is_new ? trained_context_of_5()
                            : outer_ > 0   ? outer_
                                           : max_positions_;
    if (has_value(layout_.object, "attention_factor"))
      rope_.attention_factor = number(layout_, "attention_factor", 1);
    else
      rope_.attention_factor = longrope_attention_factor();
    rope_.factor = 1;
  }

  double longrope_attention_factor() const {
    const bool is_ratio =
        layout_.is_new ? !has_value(layout_.object, "factor") : outer_ > 0;
    const double factor = is_ratio ? max_positions_ / rope_.trained_context
                                   : positive(layout_, "factor");
    if (factor <= 1) return 1;
    return std::sqrt(1 + std::log(factor) / std::log(rope_.trained_context));
  }

  std::vector<double> read_factors(const char* key) const {
    auto factors =
        require<std::vector<double>>(layout_.object, key, layout_.where);
    if (static_cast<int64_t>(factors.size()) != rope_.width / 2)
      fail(ErrorKind::format,
           "{}: \"{}\" has {} numbers, the rotated part of a head {} pairs",
           layout_.where,
           key,
           factors.size(),
           rope_.width / 2);
    for (const double factor : factors)
      if (!(factor > 0)) fail_value(layout_, key, "numbers above 0");
    return factors;
  }

  const RopeKeys& layout_;
  RopeSettings& rope_;
  double max_positions_ = 0, outer_ = 0, inner_ = 0;
};

int64_t read_width(const RopeKeys& layout, const RopeDefaults& defaults) {
  const auto whole = static_cast<double>(defaults.head_width);
  const double width = std::trunc(whole * layout.partial);
  if (!(width >= 2) || width > whole || std::fmod(width, 2) != 0 ||
      (width != whole && !defaults.rotates_parts))
    fail(ErrorKind::format,
         "{}: \"partial_rotary_factor\" is {} of heads {} wide; this "
         "architecture rotates {}",
         layout.where,
         layout.partial,
         defaults.head_width,
         defaults.rotates_parts ? "an even part of them" : "whole heads");
  return static_cast<int64_t>(width);
}

RopeSettings resolve(const ModelFiles& files,
                     const RopeKeys& layout,
                     const RopeDefaults& defaults) {
  RopeSettings rope;
  rope.type = read_type(layout, defaults);
  rope.theta = layout.theta;
  if (!(rope.theta > 0) || !std::isfinite(rope.theta))
    fail(ErrorKind::format,
         "{}: \"{}\" is {}, it must be above 0",
         layout.where,
         defaults.theta_key,
         rope.theta);
  rope.width = read_width(layout, defaults);
  Reader(files, layout, rope).read();
  return rope;
}

Json object_or_empty(const ModelFiles& files, const std::string& key) {
  const Json object = config_or<Json>(files, key, Json::object());
  if (!object.is_object())
    fail(ErrorKind::format, "{}: \"{}\" is not an object", files.where, key);
  return object;
}

std::string place(const ModelFiles& files, const std::string& key) {
  return fmt::format("{}: \"{}\"", files.where, key);
}

// A number that may not be null, unless the new layout has it: transformers
// does not run without it.
double outer_number(const ModelFiles& files,
                    const std::string& key,
                    double fallback) {
  const bool may_be_null = !object_or_empty(files, "rope_parameters").empty();
  if (!files.config.contains(key) || (may_be_null && is_null(files, key)))
    return fallback;
  return require<double>(files.config, key, files.where);
}

RopeKeys old_layout(const ModelFiles& files, const RopeDefaults& defaults) {
  RopeKeys layout;
  layout.theta = outer_number(files, defaults.theta_key, defaults.theta);
  layout.partial = outer_number(files, "partial_rotary_factor", 1);
  layout.where = files.where;
  if (!defaults.has_scaling) return layout;
  layout.object = object_or_empty(files, "rope_scaling");
  if (!layout.object.empty()) layout.where = place(files, "rope_scaling");
  return layout;
}

// rope_parameters as transformers 5 sees them: rope_scaling wins over them.
RopeKeys new_layout(const ModelFiles& files, const RopeDefaults& defaults) {
  RopeKeys layout = old_layout(files, defaults);
  layout.is_new = true;
  Json given = object_or_empty(files, "rope_parameters");
  std::string where = place(files, "rope_parameters");
  if (!defaults.layer_type.empty()) {
    where = fmt::format("{}: \"{}\"", where, defaults.layer_type);
    given = value_or<Json>(given, defaults.layer_type, where, Json::object());
    given.update(layout.object);
    layout.object = Json::object();
  }
  if (layout.object.empty()) {
    layout.object = given;
    layout.where = where;
  }
  layout.theta = number(layout, "rope_theta", layout.theta);
  layout.partial = number(layout, "partial_rotary_factor", layout.partial);
  return layout;
}

// Gemma 3's object has layer types in it, everybody else's has not.
void check_nesting(const ModelFiles& files, const RopeDefaults& defaults) {
  const Json given = object_or_empty(files, "rope_parameters");
  const bool wants_types = !defaults.layer_type.empty();
  for (const auto& item : given.items())
    if (wants_types != item.value().is_object() && !item.value().is_null())
      fail(ErrorKind::unsupported,
           "{}: \"rope_parameters\": \"{}\": this architecture has {}",
           files.where,
           item.key(),
           wants_types ? "an entry for each layer type"
                       : "one rotation for all layers, none for each type");
}

bool has_old_keys(const ModelFiles& files, const RopeDefaults& defaults) {
  return has_value(files.config, defaults.theta_key) ||
         (defaults.has_scaling &&
          !object_or_empty(files, "rope_scaling").empty());
}

}  // namespace

RopeSettings read_rope(const ModelFiles& files, const RopeDefaults& defaults) {
  check_nesting(files, defaults);
  const RopeKeys old = old_layout(files, defaults);
  const RopeKeys now = new_layout(files, defaults);
  const bool has_new =
      !object_or_empty(files, "rope_parameters").empty() ||
      (defaults.has_scaling && has_value(old.object, "rope_theta"));
  const bool has_old = has_old_keys(files, defaults) || !has_new;
  const RopeKeys& obeyed = has_new ? now : old;
  const RopeSettings rope = resolve(files, obeyed, defaults);
  warn_of_ignored(obeyed, rope.type);
  if (has_new && has_old && !(resolve(files, old, defaults) == rope))
    fail(ErrorKind::format,
         "{}: \"rope_parameters\" and the older \"{}\" and \"rope_scaling\" "
         "say different things, and versions of transformers obey different "
         "ones. Remove the wrong ones.",
         files.where,
         defaults.theta_key);
  return rope;
}

int64_t read_context(const ModelFiles& files, const RopeSettings& rope) {
  const int64_t positions = require_size(files, "max_position_embeddings");
  const auto given = static_cast<double>(positions);
  const bool is_before_scaling =
      rope.type == RopeType::linear || rope.type == RopeType::dynamic ||
      (rope.type == RopeType::yarn && rope.trained_context == given);
  if (!is_before_scaling) return positions;
  return static_cast<int64_t>(
      std::min(given * std::max(rope.factor, 1.0), 1e9));
}

}  // namespace lineas
