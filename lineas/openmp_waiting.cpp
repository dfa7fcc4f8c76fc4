// How long the threads of the OpenMP runtime wait for each other before they
// sleep. Its own answer, milliseconds in a loop that does nothing, is fine for
// a program that has the machine to itself; beside others the loop takes the
// processor from the very thread that is waited for. The runtime reads its
// environment when it is loaded, before anything of this program runs, so the
// environment is where it is told: the getenv of a program comes before that of
// the C library. A user's own setting wins.
#include <unistd.h>

#include <array>
#include <cstring>
#include <string_view>

namespace {

/// Turns of the waiting loop before a thread sleeps: none. Counts from 1000 to
/// 100000 were no faster on a quiet machine and two to three times slower
/// beside busy loops (`bench/run.py BUILD --only beside`).
char spin_count[] = "0";
constexpr std::string_view kSpinVariable = "GOMP_SPINCOUNT";
constexpr std::array<std::string_view, 3> kUsersVariables = {
    "OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"};

char* find_in_environment(std::string_view name) {
  if (environ == nullptr) return nullptr;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (text.starts_with(name) && text.substr(name.size(), 1) == "=")
      return *entry + name.size() + 1;
  }
  return nullptr;
}

bool is_set_by_user() {
  for (const std::string_view name : kUsersVariables)
    if (find_in_environment(name) != nullptr) return true;
  return false;
}

}  // namespace

extern "C" char* getenv(const char* name) noexcept {
  if (kSpinVariable == name && !is_set_by_user()) return spin_count;
  return find_in_environment(name);
}
