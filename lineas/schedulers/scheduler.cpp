#include "lineas/schedulers/scheduler.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "lineas/base/file.h"
#include "lineas/base/log.h"
#include "lineas/base/printable.h"
#include "lineas/schedulers/registry.h"

namespace lineas {
namespace {

using Maker = std::unique_ptr<const Scheduler> (*)(const SchedulerConfig&,
                                                   const SamplerOptions&);
constexpr Maker kMakers[] = {
#define LINEAS_SCHEDULER(name, class_name, short_name) make_##name,
#include "lineas/schedulers/schedulers.def"
#undef LINEAS_SCHEDULER
};

bool is_flow(const std::string& class_name) {
  return class_name.starts_with("FlowMatch");
}

std::vector<std::string> names_of(bool is_short) {
  std::vector<std::string> names;
  for (const SchedulerClass& known : scheduler_classes())
    names.push_back(is_short ? known.short_name : known.class_name);
  return names;
}

size_t find_class(const std::string& name, const std::string& where) {
  const auto& classes = scheduler_classes();
  for (size_t i = 0; i < classes.size(); ++i)
    if (name == classes[i].class_name || name == classes[i].short_name)
      return i;
  fail(ErrorKind::unsupported,
       "{}: the scheduler \"{}\" is not supported; known: {} (or {})",
       where,
       printable(name),
       fmt::join(names_of(false), ", "),
       fmt::join(names_of(true), ", "));
}

// The class that is asked for, else the config's own.
size_t choose_class(const Json& config,
                    const SamplerOptions& options,
                    const std::string& where) {
  const auto own =
      value_or<std::string>(config, "_class_name", where, std::string());
  if (!options.scheduler && own.empty())
    fail(ErrorKind::format,
         "{}: says no \"_class_name\"; choose a scheduler: {}",
         where,
         fmt::join(names_of(true), ", "));
  const size_t chosen = find_class(options.scheduler.value_or(own), where);
  const std::string& name = scheduler_classes()[chosen].class_name;
  if (!own.empty() && is_flow(own) != is_flow(name))
    fail(ErrorKind::unsupported,
         "{}: {} does not fit a model of {}: one is for flow-match models, the "
         "other is not",
         where,
         name,
         printable(own));
  return chosen;
}

// diffusers warns in the same case; keys of other classes are no matter.
void warn_of_unknown_keys(const Json& config, const std::string& where) {
  std::set<std::string> known = {"quantization_config"};
  for (const SchedulerClass& one : scheduler_classes()) {
    const Json defaults = Json::parse(one.defaults);
    for (const auto& item : defaults.items()) known.insert(item.key());
  }
  for (const auto& item : config.items())
    if (!item.key().starts_with('_') && !known.contains(item.key()))
      log_warning(
          "{}: \"{}\" is not known to any scheduler here and has no "
          "effect",
          where,
          printable(item.key()));
}

void check_list(const std::vector<double>& list, const char* name, bool ends) {
  for (size_t i = 0; i < list.size(); ++i) {
    const bool may_be_zero = ends && i + 1 == list.size();
    if (!std::isfinite(list[i]) || list[i] < 0 ||
        (list[i] == 0 && std::string(name) == "sigmas" && !may_be_zero))
      fail(ErrorKind::usage,
           "{}: {} at place {} is out of range",
           name,
           list[i],
           i + 1);
    if (i > 0 && list[i] >= list[i - 1])
      fail(ErrorKind::usage,
           "{}: they must descend, but {} is followed by {}",
           name,
           list[i - 1],
           list[i]);
  }
}

void check_options(const SamplerOptions& options) {
  const int given = options.steps.has_value() + !options.timesteps.empty() +
                    !options.sigmas.empty();
  if (given == 0)
    fail(ErrorKind::usage, "sampler: give steps, timesteps or sigmas");
  if (options.steps && given > 1)
    fail(ErrorKind::usage,
         "sampler: the number of steps follows from the {} that are given; "
         "give one of the two",
         options.timesteps.empty() ? "sigmas" : "timesteps");
  if (options.steps && *options.steps < 1)
    fail(ErrorKind::usage, "steps: {} must be at least 1", *options.steps);
  if (!(options.eta >= 0 && options.eta <= 1))
    fail(ErrorKind::usage, "eta: {} must be 0 to 1", options.eta);
  if (options.image_tokens && *options.image_tokens < 1)
    fail(ErrorKind::usage,
         "image_tokens: {} must be at least 1",
         *options.image_tokens);
  check_list(options.timesteps, "timesteps", true);
  check_list(options.sigmas, "sigmas", true);
}

void override_field(SchedulerConfig& config,
                    const std::string& key,
                    const std::optional<std::string>& value,
                    const std::string& class_name) {
  if (!value) return;
  if (!config.has(key))
    fail(ErrorKind::usage,
         "{}: {} has no \"{}\", leave it out",
         config.where(),
         class_name,
         key);
  config.set(key, *value);
}

// Extreme numbers of a config meet their end here, whatever the class.
void check_finite(const Scheduler& scheduler, const std::string& where) {
  const auto is_bad = [](double x) { return !std::isfinite(x); };
  if (std::ranges::any_of(scheduler.timesteps(), is_bad) ||
      std::ranges::any_of(scheduler.sigmas(), is_bad) ||
      is_bad(scheduler.init_noise_sigma()))
    fail(ErrorKind::numeric,
         "{}: the schedule it describes is not finite; check its betas, shifts "
         "and sigmas",
         where);
}

}  // namespace

const std::vector<SchedulerClass>& scheduler_classes() {
  static const std::vector<SchedulerClass> classes = {
#define LINEAS_SCHEDULER(name, class_name, short_name) \
  {#name, class_name, short_name, defaults_##name()},
#include "lineas/schedulers/schedulers.def"
#undef LINEAS_SCHEDULER
  };
  return classes;
}

std::unique_ptr<const Scheduler> make_scheduler(const Json& config,
                                                const SamplerOptions& options,
                                                const std::string& where) {
  const size_t chosen = choose_class(config, options, where);
  const SchedulerClass& known = scheduler_classes()[chosen];
  check_options(options);
  warn_of_unknown_keys(config, where);
  SchedulerConfig complete(config, Json::parse(known.defaults), where);
  override_field(
      complete, "timestep_spacing", options.spacing, known.class_name);
  override_field(
      complete, "prediction_type", options.prediction, known.class_name);
  if (!options.timesteps.empty() && !options.sigmas.empty() &&
      known.name != "flow_euler")
    fail(ErrorKind::usage,
         "sigmas: {} takes either timesteps or sigmas",
         known.class_name);
  if (options.eta > 0 && known.name != "ddim")
    fail(ErrorKind::usage,
         "eta: {} takes none; leave it out, or choose ddim",
         known.class_name);
  auto scheduler = kMakers[chosen](complete, options);
  check_finite(*scheduler, where);
  return scheduler;
}

Json parse_scheduler_config(std::string text, const std::string& where) {
  const std::string key = "\"lambda_min_clipped\"";
  const std::string value = "-Infinity";
  const size_t found = text.find(key);
  if (found != std::string::npos) {
    const size_t begin = text.find_first_not_of(" \t\r\n:", found + key.size());
    if (begin != std::string::npos &&
        text.compare(begin, value.size(), value) == 0)
      text.replace(begin, value.size(), "null");
  }
  return parse_json(text, where);
}

Json read_scheduler_config(const std::string& path) {
  return parse_scheduler_config(read_file(path), path);
}

int64_t Scheduler::noises_before(int64_t step) const {
  int64_t count = 0;
  for (int64_t i = 0; i < step; ++i) count += needs_noise(i);
  return count;
}

Carried Scheduler::step(const Tensor& output,
                        int64_t step,
                        const Carried& carried,
                        const Tensor& noise) const {
  if (step < 0 || step >= calls())
    fail(ErrorKind::usage, "sampler: step {} of {}", step, calls());
  if (std::ssize(carried) != 1 + remembered(step))
    fail(ErrorKind::shape,
         "sampler: step {} continues {} tensors, not {}",
         step,
         1 + remembered(step),
         carried.size());
  if (noise.defined() != needs_noise(step))
    fail(ErrorKind::usage,
         "sampler: step {} takes {}",
         step,
         needs_noise(step) ? "noise" : "no noise");
  const at::ScalarType dtype = carried[0].scalar_type();
  const at::ScalarType wide = at::promote_types(dtype, at::kFloat);
  const auto widened = [&](const Tensor& x) {
    if (x.sizes() != carried[0].sizes())
      fail(ErrorKind::shape,
           "sampler: {} beside latents of {}",
           to_string(x.sizes()),
           to_string(carried[0].sizes()));
    return x.to(wide);
  };
  Carried before;
  for (const Tensor& x : carried) before.push_back(widened(x));
  Carried after = advance(
      widened(output), step, before, noise.defined() ? widened(noise) : noise);
  after[0] = after[0].to(dtype);
  return after;
}

}  // namespace lineas
