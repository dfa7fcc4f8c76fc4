// The process's memory: how much there is of it, and how the allocator treats
// what is freed.
#pragma once

#include <cstdint>

namespace lineas {

/// Bytes of this process in memory now, and the most there ever were
/// (/proc/self/status; 0 where there is none).
int64_t resident_bytes();
int64_t peak_resident_bytes();
/// Bytes that the machine could still give (/proc/meminfo, MemAvailable; 0
/// where that is not known). Limits of containers are not looked at.
int64_t available_bytes();

/// Lets the allocator keep large freed blocks for the next step instead of
/// returning them: a step allocates the same tensors again and again, and pages
/// fresh from the system cost more than the arithmetic on them. Call once,
/// before the first large allocation.
void keep_freed_memory();

}  // namespace lineas
