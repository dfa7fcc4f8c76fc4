#include "lineas/cli/provenance.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "lineas/base/error.h"
#include "lineas/engine/calibration.h"
#include "lineas/learn/methods.h"

namespace lineas {
namespace {

std::string shown(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// The value of a key, null where there is none.
Json part(const Json& object, const char* key) {
  return object.is_object() ? object.value(key, Json()) : Json();
}

double number(const Json& value) {
  return value.is_number() ? value.get<double>() : NAN;
}

double mean_of(const Json& values) {
  double sum = 0;
  for (const Json& value : values) sum += number(value);
  return sum / static_cast<double>(values.size());
}

// The longest text that is shown in full.
constexpr size_t kLong = 60;

bool is_said_elsewhere(const std::string& name) {
  static const std::set<std::string> names = {"calibration",
                                              "from",
                                              "loss",
                                              "match",
                                              "method",
                                              "model",
                                              "neurons",
                                              "options",
                                              "parts",
                                              "penalty",
                                              "sites",
                                              "source",
                                              "support",
                                              "target",
                                              "tool",
                                              "transport_loss",
                                              "untouched_loss"};
  return names.contains(name);
}

// [scale, shift] as --l1 and --group take it, "" for no penalty.
std::string penalty_option(const Json& penalty, const char* name) {
  const Json weights = part(penalty, name);
  if (!weights.is_array() || weights.size() != 2) return "";
  const double scale = number(weights[0]), shift = number(weights[1]);
  if (scale == 0 && shift == 0) return "";
  return fmt::format(" --{} {:.4g},{:.4g}", name, scale, shift);
}

}  // namespace

std::string word(const Json& object, const char* key) {
  return object.is_object() && object.contains(key) ? shown(object[key]) : "";
}

std::string changed_options(const Json& provenance) {
  const Json options = part(provenance, "options");
  if (!options.is_object()) return "";
  const std::string method = word(provenance, "method");
  const auto known = known_methods();
  const bool is_known =
      std::find(known.begin(), known.end(), method) != known.end();
  const Json defaults = is_known ? default_options(method) : Json::object();
  std::vector<std::string> changed;
  for (const auto& [name, value] : options.items())
    if (!defaults.contains(name) || defaults[name] != value)
      changed.push_back(fmt::format("{} {}", name, shown(value)));
  if (!is_known) return fmt::format("{}", fmt::join(changed, ", "));
  return changed.empty() ? "the defaults"
                         : fmt::format("{} (others: the defaults)",
                                       fmt::join(changed, ", "));
}

std::string describe_model(const Json& provenance) {
  const Json model = part(provenance, "model");
  if (!model.is_object()) return "";
  return fmt::format("{} ({}, weights {})",
                     word(model, "id"),
                     word(model, "architecture"),
                     word(model, "fingerprint"));
}

std::string describe_prompts(const Json& provenance, const char* side) {
  const Json prompts = part(provenance, side);
  if (!prompts.is_object()) return "";
  return fmt::format("{}, {} prompts, hash {}",
                     word(prompts, "name"),
                     word(prompts, "count"),
                     word(prompts, "hash"));
}

std::vector<double> step_losses(const Json& provenance) {
  std::vector<double> losses;
  const Json list = part(provenance, "loss");
  if (list.is_array())
    for (const Json& value : list) losses.push_back(number(value));
  return losses;
}

std::string describe_loss(const Json& provenance) {
  const std::vector<double> losses = step_losses(provenance);
  const auto found = [&](const char* key, double otherwise) {
    const Json value = part(part(provenance, "found"), key);
    return value.is_number() ? number(value) : otherwise;
  };
  const double before =
      found("untouched_loss", losses.empty() ? NAN : losses.front());
  const double after = found("loss", losses.empty() ? NAN : losses.back());
  return std::isnan(before) ? ""
                            : fmt::format("{:.4g} -> {:.4g}", before, after);
}

std::string describe_transport(const Json& provenance) {
  const Json losses = part(provenance, "transport_loss");
  const Json before = part(losses, "before"), after = part(losses, "after");
  if (!before.is_array() || before.empty() || !after.is_array()) return "";
  return fmt::format("{:.4g} -> {:.4g}", mean_of(before), mean_of(after));
}

std::string describe_support(const Json& provenance) {
  const Json found = part(provenance, "found");
  if (!found.is_object() || !found.contains("support")) return "";
  std::string text = word(found, "support");
  if (found.contains("neurons")) text += " of " + word(found, "neurons");
  text += " neurons moved";
  const Json penalty = part(found, "penalty");
  const std::string options =
      penalty_option(penalty, "l1") + penalty_option(penalty, "group");
  return options.empty() ? text : text + ", penalty" + options;
}

std::string describe_calibration(const Json& provenance) {
  const auto end = calibrated_end(provenance);
  if (!end) return "";
  std::string text = fmt::format("slider ends at {:.2f}", *end);
  const Json& found = provenance["calibration"];
  const auto numbers = [&](const char* key) {
    std::vector<double> values;
    if (found.contains(key) && found[key].is_array())
      for (const Json& value : found[key])
        values.push_back(value.is_number() ? value.get<double>() : NAN);
    return values;
  };
  const auto strength = numbers("strength"), kl = numbers("kl"),
             perplexity = numbers("perplexity");
  for (size_t i = 1; i < strength.size(); ++i)
    if (strength[i] == 1 && i < std::min(kl.size(), perplexity.size()))
      text += fmt::format(
          "; at 1 target prompts change by {:.2g} nats, perplexity {:+.1f}%",
          kl[i],
          100 * (perplexity[i] / perplexity[0] - 1));
  return text;
}

std::vector<std::string> other_findings(const Json& provenance) {
  std::vector<std::string> lines;
  const auto add = [&](const std::string& name, const Json& value) {
    if (is_said_elsewhere(name)) return;
    const std::string text = shown(value);
    lines.push_back(text.size() <= kLong || !value.is_structured()
                        ? fmt::format("{} {}", name, text)
                        : fmt::format("{}: {} values", name, value.size()));
  };
  for (const auto& [name, value] : provenance.items())
    if (name == "found" && value.is_object())
      for (const auto& [inner, its] : value.items()) add(inner, its);
    else
      add(name, value);
  return lines;
}

}  // namespace lineas
