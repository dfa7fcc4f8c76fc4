#include "lineas/engine/steering.h"

#include <cmath>

#include "lineas/base/error.h"
#include "lineas/base/log.h"
#include "lineas/maps/step_window.h"

namespace lineas {
namespace {

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

// Of a host with one step, a part makes no sense.
void check_window(const MapSpec& spec,
                  const SteerRequest& request,
                  const MapHost& host) {
  if (spec.window.is_everything() || host.is_denoised) return;
  fail(ErrorKind::usage,
       "--steer {}: a part of the denoising is for models that make pictures; "
       "say {}:{}",
       request.spec,
       spec.path,
       spec.strength);
}

void warn_of_empty_window(const MapSpec& spec,
                          const SteerRequest& request,
                          const MapHost& host) {
  for (int step = 0; step < host.steps; ++step)
    if (spec.window.has(step, host.steps)) return;
  log_warning("--steer {}: no step of {} lies there, so the map does nothing",
              request.spec,
              host.steps);
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

Steering load_steering(const SteerRequest& request, const MapHost& host) {
  const MapSpec spec = parse_map_spec(request.spec);
  check_window(spec, request, host);
  check_strength(
      spec.strength, request.allow_any_strength, "--steer " + request.spec);
  Steering steering{read_map_set(spec.path), spec.strength, spec.path};
  check_fits(steering.set, host, spec.path);
  MapRules& rules = steering.set.rules;
  override_rule(rules.position, request.position, "position", spec.path);
  override_rule(rules.tokens, request.tokens, "tokens", spec.path);
  override_rule(rules.guidance, request.guidance, "guidance", spec.path);
  if (!spec.window.is_everything()) {
    warn_of_empty_window(spec, request, host);
    steering.set = within(steering.set, spec.window, host.steps);
  }
  return steering;
}

}  // namespace lineas
