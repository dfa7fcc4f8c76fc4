// How many processors this process may really use: what its affinity and the
// quota of its control group leave of the machine.
#pragma once

#include <optional>
#include <string>

namespace lineas {

/// Processors to use at once, at least 1: those of the affinity mask, or the
/// quota of the control group (rounded up) where that is less.
int usable_cpus();

/// The processor quota (processors, e.g. 1.5) of the process's control group
/// and of those above it, whichever is the least; nothing where there is none.
/// Reads control groups v1 and v2. `root` takes the place of "/" in tests.
std::optional<double> cpu_quota(const std::string& root = "");

}  // namespace lineas
