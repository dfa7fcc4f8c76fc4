// The constructors that schedulers.def lists, and what diffusers' class of each
// takes for keys that the config leaves out. Only scheduler.cpp and the
// schedulers' own files look in here.
#pragma once

#include <memory>

#include "lineas/schedulers/scheduler.h"
#include "lineas/schedulers/scheduler_config.h"

namespace lineas {

/// defaults_NAME: a JSON object, held against the class by
/// tests/schedulers/scheduler_test.cpp.
#define LINEAS_SCHEDULER(name, class_name, short_name)                         \
  std::unique_ptr<const Scheduler> make_##name(const SchedulerConfig& config,  \
                                               const SamplerOptions& options); \
  const char* defaults_##name();
#include "lineas/schedulers/schedulers.def"
#undef LINEAS_SCHEDULER

}  // namespace lineas
