#include "lineas/base/gguf_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>

#include "lineas/base/numbers.h"

namespace lineas {
namespace {

constexpr size_t kDigits = 5;

std::optional<int64_t> read_digits(std::string_view text) {
  const bool are_digits =
      std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return c >= '0' && c <= '9';
      });
  return are_digits ? parse_number<int64_t>(text) : std::nullopt;
}

}  // namespace

std::string GgufParts::path(int64_t number) const {
  return fmt::format("{}-{:05}-of-{:05}.gguf", stem, number, count);
}

std::optional<GgufParts> find_gguf_parts(const std::string& path) {
  constexpr std::string_view kForm = "-00001-of-00003.gguf";
  if (path.size() < kForm.size()) return {};
  const size_t at = path.size() - kForm.size();
  const std::string_view end = std::string_view(path).substr(at);
  const auto number = read_digits(end.substr(1, kDigits));
  const auto count = read_digits(end.substr(10, kDigits));
  if (!number || !count || *count < 2) return {};
  const GgufParts parts{path.substr(0, at), *count};
  return parts.path(*number) == path ? std::optional(parts) : std::nullopt;
}

std::string first_gguf_part(const std::string& path) {
  const auto parts = find_gguf_parts(path);
  return parts ? parts->path(1) : path;
}

std::vector<std::string> gguf_models_in(const std::string& folder) {
  std::set<std::string> models;
  std::error_code failed;
  for (const auto& entry :
       std::filesystem::directory_iterator(folder, failed)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".gguf") && !name.starts_with("mmproj"))
      models.insert(first_gguf_part(entry.path().string()));
  }
  return {models.begin(), models.end()};
}

}  // namespace lineas
