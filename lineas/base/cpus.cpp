#include "lineas/base/cpus.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <vector>

namespace lineas {
namespace {

/// A group of /proc/self/cgroup: its controllers ("": version 2) and its path.
struct Group {
  std::string controllers;
  std::string path;
};

std::vector<Group> groups_of(const std::string& root) {
  std::vector<Group> groups;
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    groups.push_back(
        {line.substr(first + 1, second - first - 1), line.substr(second + 1)});
  }
  return groups;
}

/// Where a hierarchy is mounted, and which of its groups is seen there.
struct Mount {
  std::string point;
  std::string group;
};

bool has_word(const std::string& list, const std::string& word) {
  std::istringstream words(list);
  for (std::string one; std::getline(words, one, ',');)
    if (one == word) return true;
  return false;
}

/// The mount of version 2, or of version 1's cpu controller.
std::optional<Mount> mount_of(bool is_second, const std::string& root) {
  std::ifstream file(root + "/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string id, parent, device, group, point, word, type, source, options;
    words >> id >> parent >> device >> group >> point;
    while (words >> word && word != "-") continue;
    words >> type >> source >> options;
    if (is_second ? type == "cgroup2"
                  : type == "cgroup" && has_word(options, "cpu"))
      return Mount{point, group};
  }
  return std::nullopt;
}

/// "max 100000", or a quota and a period in microseconds.
std::optional<double> second_quota(const std::string& folder) {
  std::ifstream file(folder + "/cpu.max");
  double quota = 0, period = 0;
  if (file >> quota >> period && quota > 0 && period > 0) return quota / period;
  return std::nullopt;
}

std::optional<double> first_quota(const std::string& folder) {
  std::ifstream quota_file(folder + "/cpu.cfs_quota_us");
  std::ifstream period_file(folder + "/cpu.cfs_period_us");
  double quota = 0, period = 0;
  if (quota_file >> quota && period_file >> period && quota > 0 && period > 0)
    return quota / period;
  return std::nullopt;
}

/// The least quota of a group and of those above it, up to the mount.
std::optional<double> least_quota(const Group& group, const std::string& root) {
  const bool is_second = group.controllers.empty();
  const auto mount = mount_of(is_second, root);
  if (!mount) return std::nullopt;
  // In a container the mount may show the group itself as its top.
  std::string path = group.path;
  if (mount->group != "/" && path.starts_with(mount->group))
    path.erase(0, mount->group.size());
  std::optional<double> least;
  while (true) {
    const std::string folder = root + mount->point + path;
    const auto quota = is_second ? second_quota(folder) : first_quota(folder);
    if (quota) least = std::min(*quota, least.value_or(*quota));
    if (path.empty() || path == "/") return least;
    path.resize(path.rfind('/'));
  }
}

int affinity_cpus() {
  // Machines with more processors than the mask holds answer EINVAL.
  for (int size = 1024; size <= 1024 * 1024; size *= 4) {
    cpu_set_t* set = CPU_ALLOC(size);
    const size_t bytes = CPU_ALLOC_SIZE(size);
    CPU_ZERO_S(bytes, set);
    const int failed = ::sched_getaffinity(0, bytes, set);
    const int count = failed ? 0 : CPU_COUNT_S(bytes, set);
    CPU_FREE(set);
    if (count > 0) return count;
  }
  return static_cast<int>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
}

}  // namespace

std::optional<double> cpu_quota(const std::string& root) {
  std::optional<double> least;
  for (const Group& group : groups_of(root)) {
    if (!group.controllers.empty() && !has_word(group.controllers, "cpu"))
      continue;
    const auto quota = least_quota(group, root);
    if (quota) least = std::min(*quota, least.value_or(*quota));
  }
  return least;
}

int usable_cpus() {
  const int cpus = affinity_cpus();
  const auto quota = cpu_quota();
  if (!quota) return cpus;
  return std::clamp(static_cast<int>(std::ceil(*quota)), 1, cpus);
}

}  // namespace lineas
