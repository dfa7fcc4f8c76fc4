// Writing maps as the published programs read them: a file of torch.save a
// site.
#include <algorithm>
#include <filesystem>

#include "lineas/base/error.h"
#include "lineas/base/log.h"
#include "lineas/base/names.h"
#include "lineas/maps/statedict.h"
#include "lineas/tensor/torch_file.h"

namespace lineas {
namespace {

using Path = std::filesystem::path;

constexpr const char* kEverywhere = "q_all";
// What a support is called where its percents are not known.
constexpr const char* kWholeRange = "q_0_100";
constexpr auto kWide = at::kDouble;

// "q_5_95" where the map was learned with --support-range 5,95.
std::string quantiles_name(const MapSet& set) {
  const Json& provenance = set.provenance;
  std::string range = provenance.is_object() && provenance.contains("options")
                          ? text_or_none(provenance["options"], "support-range")
                          : "";
  std::replace(range.begin(), range.end(), ',', '_');
  return range.empty() ? kWholeRange : "q_" + range;
}

bool is_layer_wise(const MapSet& set) {
  return text_or_none(set.provenance, "method").ends_with("-act");
}

TorchDict to_dict(const AffineMap& map, const MapSet& set) {
  const int64_t width = map.width();
  TorchDict dict{{{"net.w1", {map.scale_D.to(at::kFloat).view({1, width})}},
                  {"net.b1", {map.shift_D.to(at::kFloat).view({1, width})}},
                  {"dim", {width}}}};
  if (!map.support && !is_layer_wise(set)) return dict;
  TorchDict quantiles;
  const std::string name = map.support ? quantiles_name(set) : kEverywhere;
  if (map.support)
    quantiles.items.emplace_back(
        name,
        TorchItem{std::vector<Tensor>{map.support->low_D.to(kWide),
                                      map.support->high_D.to(kWide)}});
  dict.items.emplace_back("quantiles_dict_src", TorchItem{quantiles});
  dict.items.emplace_back("quantiles_src", TorchItem{name});
  return dict;
}

// The folders on the way to a folder that are not there, the innermost first.
std::vector<Path> missing_folders(const std::string& folder) {
  std::vector<Path> missing;
  std::error_code ignored;
  Path path = folder;
  while (!path.empty() && !std::filesystem::exists(path, ignored)) {
    missing.push_back(path);
    path = path.parent_path();
  }
  return missing;
}

void make_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    fail(
        ErrorKind::resource, "{}: cannot be made: {}", folder, error.message());
}

// All files, or none: half a folder would look like a whole one. What was there
// before is left alone.
void write_files(const std::string& folder, const MapSet& set) {
  const std::vector<Path> missing = missing_folders(folder);
  std::vector<Path> written;
  try {
    make_folder(folder);
    for (const auto& [key, map] : set.maps) {
      const std::string path = folder + "/" + key.site + kStatedictExtension;
      write_torch_file(path, to_dict(map, set));
      written.push_back(path);
    }
  } catch (...) {
    std::error_code ignored;
    for (const auto& made : {written, missing})
      for (const Path& path : made) std::filesystem::remove(path, ignored);
    throw;
  }
}

void warn_of_rules(const std::string& folder, const MapRules& rules) {
  const MapRules plain;
  std::vector<std::string> lost;
  if (rules.position != plain.position)
    lost.push_back("position " + to_string(rules.position));
  if (rules.tokens != plain.tokens)
    lost.push_back("tokens " + to_string(rules.tokens));
  if (rules.guidance != plain.guidance)
    lost.push_back("guidance " + to_string(rules.guidance));
  if (!lost.empty())
    log_warning(
        "{}: this form has no place for {}; state it where the maps are used",
        folder,
        fmt::join(lost, ", "));
}

void check_writable_form(const std::string& folder, const MapSet& set) {
  if (folder.empty())
    fail(ErrorKind::usage, "the name of the folder to write is empty");
  if (has_statedict_files(folder))
    fail(ErrorKind::resource,
         "{}: already has {} files, which would be read as maps too. Name a "
         "new folder.",
         folder,
         kStatedictExtension);
  for (const auto& [key, map] : set.maps) {
    const std::string name = to_string(key);
    check_site_name(name, folder);
    if (parse_map_key(name).step || name.find('/') != std::string::npos)
      fail(ErrorKind::unsupported,
           "map \"{}\" has no place in a {} folder: a file a module, for all "
           "steps",
           name,
           kStatedictExtension);
  }
}

}  // namespace

void write_statedict_folder(const std::string& folder, const MapSet& set) {
  check_writable_form(folder, set);
  write_files(folder, set);
  warn_of_rules(folder, set.rules);
}

}  // namespace lineas
