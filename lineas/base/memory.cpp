#include "lineas/base/memory.h"

#include <fstream>
#include <limits>
#include <string>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace lineas {
namespace {

// The figure of a "VmRSS:   123 kB" line, in bytes.
int64_t figure_of(const char* path, const std::string& key) {
  std::ifstream status(path);
  std::string word;
  while (status >> word) {
    if (word == key) {
      int64_t kilobytes = 0;
      status >> kilobytes;
      return kilobytes * 1024;
    }
    status.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 0;
}

}  // namespace

int64_t resident_bytes() {
  return figure_of("/proc/self/status", "VmRSS:");
}
int64_t peak_resident_bytes() {
  return figure_of("/proc/self/status", "VmHWM:");
}
int64_t available_bytes() {
  return figure_of("/proc/meminfo", "MemAvailable:");
}

void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  mallopt(M_ARENA_MAX, 1);
#endif
}

}  // namespace lineas
