#include "lineas/tensor/weight_index.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "lineas/base/error.h"
#include "lineas/base/json.h"
#include "lineas/base/printable.h"

namespace lineas {
namespace {

std::string file_inside(const Json& value,
                        const std::string& tensor,
                        const std::string& where) {
  const std::filesystem::path path =
      value.is_string()
          ? std::filesystem::path(value.get<std::string>()).lexically_normal()
          : std::filesystem::path();
  const bool is_file = path.has_filename() && path != ".";
  if (is_file && !path.is_absolute() && *path.begin() != "..")
    return path.string();
  fail(ErrorKind::format,
       "{}: the shard of tensor \"{}\" is {}, it must be a file inside the "
       "folder",
       where,
       printable(tensor),
       printable(value.dump()));
}

}  // namespace

WeightIndex read_weight_index(const std::string& path) {
  const Json map = require<Json>(read_json(path), "weight_map", path);
  if (!map.is_object() || map.empty())
    fail(ErrorKind::format, "{}: \"weight_map\" must be a filled object", path);
  WeightIndex index{.path = path};
  std::set<std::string> written;  // sorted as they are written
  for (const auto& [name, shard] : map.items()) {
    index.file_of[name] = file_inside(shard, name, path);
    written.insert(shard.get<std::string>());
  }
  for (const std::string& shard : written) {
    const std::string file = file_inside(shard, "", path);
    if (std::find(index.files.begin(), index.files.end(), file) ==
        index.files.end())
      index.files.push_back(file);
  }
  return index;
}

}  // namespace lineas
