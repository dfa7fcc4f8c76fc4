// Map files: safetensors with <name>.scale, <name>.shift and optionally
// <name>.low, <name>.high a map, and metadata (docs/formats.md). Knows nothing
// of models: check_fits holds a set against one.
#include <map>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/names.h"
#include "lineas/base/numbers.h"
#include "lineas/base/printable.h"
#include "lineas/maps/map_set.h"
#include "lineas/tensor/checkpoint.h"

namespace lineas {
namespace {

constexpr const char* kFormat = "lineas.map";
constexpr const char* kVersion = "1";

using Metadata = std::map<std::string, std::string>;

std::string metadata_or(const Metadata& metadata,
                        const std::string& key,
                        const std::string& fallback) {
  const auto found = metadata.find(key);
  return found == metadata.end() ? fallback : found->second;
}

void check_format(const Metadata& metadata, const std::string& path) {
  const std::string format = metadata_or(metadata, "format", "");
  if (format != kFormat)
    fail(ErrorKind::format,
         "{}: is not a map file: its metadata \"format\" is \"{}\", not "
         "\"{}\". `lineas learn` writes map files.",
         path,
         printable(format),
         kFormat);
  const std::string version = metadata_or(metadata, "version", "");
  if (version != kVersion)
    fail(ErrorKind::format,
         "{}: map format version \"{}\" is unknown to this program, which "
         "reads version {}. Is there a newer lineas?",
         path,
         printable(version),
         kVersion);
}

// A word of the metadata, with the file's name before a complaint.
template <typename T>
T parse_rule(const Metadata& metadata,
             const std::string& key,
             T (*parse)(const std::string&),
             const std::string& path) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) return T{};
  try {
    return parse(found->second);
  } catch (const Error& error) {
    fail(ErrorKind::format, "{}: metadata: {}", path, printable(error.what()));
  }
}

MapRules read_rules(const Metadata& metadata, const std::string& path) {
  return {parse_rule(metadata, "position", parse_position, path),
          parse_rule(metadata, "tokens", parse_token_scope, path),
          parse_rule(metadata, "guidance", parse_guidance, path)};
}

Json read_provenance(const Metadata& metadata, const std::string& path) {
  const std::string where = path + ": metadata \"provenance\"";
  const Json provenance =
      parse_json(metadata_or(metadata, "provenance", "{}"), where);
  if (!provenance.is_object())
    fail(ErrorKind::format, "{} is not a JSON object", where);
  return provenance;
}

// The four tensors that a map may have in its file, and its name there.
struct Parts {
  std::string written;
  Tensor scale_D = {}, shift_D = {}, low_D = {}, high_D = {};
};

Tensor* part_of(Parts& parts, const std::string& suffix) {
  if (suffix == "scale") return &parts.scale_D;
  if (suffix == "shift") return &parts.shift_D;
  if (suffix == "low") return &parts.low_D;
  if (suffix == "high") return &parts.high_D;
  return nullptr;
}

Tensor read_part(const SafetensorsFile& file, const TensorEntry& entry) {
  if (entry.dtype != DType::f32 || entry.shape.size() != 1 ||
      entry.shape[0] == 0)
    fail(ErrorKind::format,
         "{}: tensor \"{}\" is {} {}, a map's tensors are F32 [D]",
         file.path(),
         printable(entry.name),
         name_of(entry.dtype),
         to_string(entry.shape));
  const Tensor part_D = file.view(entry).clone();
  if (part_D.isnan().any().item<bool>())
    fail(ErrorKind::format,
         "{}: tensor \"{}\" has NaN",
         file.path(),
         entry.name);
  return part_D;
}

// Tensors by map, in the order of the file.
std::vector<std::pair<MapKey, Parts>> read_parts(const SafetensorsFile& file) {
  std::vector<std::pair<MapKey, Parts>> all;
  std::map<MapKey, size_t> places;
  for (const TensorEntry& entry : file.entries()) {
    const size_t dot = entry.name.rfind('.');
    const std::string written = entry.name.substr(0, dot);
    check_site_name(written, file.path());
    const MapKey key = parse_map_key(written);
    const auto [found, is_new] = places.emplace(key, all.size());
    if (is_new) all.emplace_back(key, Parts{written});
    if (all[found->second].second.written != written)
      fail(ErrorKind::format,
           "{}: \"{}\" and \"{}\" are two names of one map",
           file.path(),
           all[found->second].second.written,
           written);
    Tensor* part =
        dot == std::string::npos || dot == 0
            ? nullptr
            : part_of(all[found->second].second, entry.name.substr(dot + 1));
    if (part == nullptr)
      fail(ErrorKind::format,
           "{}: tensor \"{}\" is none of <site>.scale, .shift, .low, .high",
           file.path(),
           printable(entry.name));
    *part = read_part(file, entry);
  }
  return all;
}

void check_pair(const Tensor& first,
                const Tensor& second,
                const std::string& names,
                const std::string& where) {
  if (first.defined() != second.defined())
    fail(ErrorKind::format,
         "{} has only the {} of {}",
         where,
         first.defined() ? "first" : "second",
         names);
  if (first.defined() && first.sizes() != second.sizes())
    fail(ErrorKind::format,
         "{}: {} have {} and {} neurons",
         where,
         names,
         first.size(0),
         second.size(0));
}

AffineMap to_map(const Parts& parts, const std::string& where) {
  check_pair(parts.scale_D, parts.shift_D, ".scale and .shift", where);
  check_pair(parts.low_D, parts.high_D, ".low and .high", where);
  if (!parts.scale_D.defined())
    fail(ErrorKind::format, "{} has a support but no .scale and .shift", where);
  if (!parts.scale_D.isfinite().all().item<bool>() ||
      !parts.shift_D.isfinite().all().item<bool>())
    fail(ErrorKind::format, "{} has infinite values", where);
  AffineMap map{.scale_D = parts.scale_D, .shift_D = parts.shift_D};
  if (!parts.low_D.defined()) return map;
  check_pair(parts.scale_D, parts.low_D, ".scale and .low", where);
  if ((parts.low_D > parts.high_D).any().item<bool>())
    fail(ErrorKind::format, "{} has .low above .high", where);
  map.support = Interval{parts.low_D, parts.high_D};
  return map;
}

// Refuses to write what could not be read back.
void check_map(const std::string& path,
               const MapKey& key,
               const AffineMap& map) {
  const std::string name = to_string(key);
  check_site_name(name, path);
  if (parse_map_key(name) != key)
    fail(ErrorKind::format,
         "{}: the map of site \"{}\" is not written: it would be read back as "
         "another site's",
         path,
         name);
  for (const Tensor& part : {map.scale_D, map.shift_D})
    if (!part.isfinite().all().item<bool>())
      fail(ErrorKind::numeric,
           "the map of site \"{}\" has NaN or infinite values and is not "
           "written",
           name);
  if (map.support &&
      !(map.support->low_D <= map.support->high_D).all().item<bool>())
    fail(ErrorKind::numeric,
         "the support range of site \"{}\" has NaN or is upside down, and is "
         "not written",
         name);
}

// Names of files need not be UTF-8, JSON must be.
std::string provenance_text(const std::string& path, const Json& provenance) {
  const std::string text =
      provenance.dump(-1, ' ', false, Json::error_handler_t::replace);
  try {
    parse_json(text, "its provenance");
  } catch (const Error& error) {
    fail(ErrorKind::format,
         "{}: is not written, as nothing could read it: {}. Compose from the "
         "maps that its parts were made of.",
         path,
         error.what());
  }
  return text;
}

// Nothing for a text that is not two numbers with a dash between.
std::optional<StepWindow> parse_window(const std::string& text,
                                       const std::string& spec) {
  const size_t dash = text.find('-', 1);
  if (dash == std::string::npos) return std::nullopt;
  const auto begin =
      parse_number<double>(std::string_view(text).substr(0, dash));
  const auto end =
      parse_number<double>(std::string_view(text).substr(dash + 1));
  if (!begin || !end) return std::nullopt;
  if (!(*begin >= 0 && *begin < *end && *end <= 1))
    fail(ErrorKind::usage,
         "{}: \"@{}\" is not a part of the denoising; it goes from 0 to 1, "
         "@0.2-0.8 say",
         spec,
         text);
  return StepWindow{*begin, *end};
}

}  // namespace

MapSpec parse_map_spec(const std::string& spec) {
  if (file_exists(spec)) return {spec};
  const size_t at = spec.rfind('@');
  if (at != std::string::npos)
    if (const auto window = parse_window(spec.substr(at + 1), spec)) {
      MapSpec parsed = parse_map_spec(spec.substr(0, at));
      parsed.window = *window;
      return parsed;
    }
  const size_t colon = spec.rfind(':');
  if (colon == std::string::npos) return {spec};
  const std::string_view behind = std::string_view(spec).substr(colon + 1);
  if (const auto strength = parse_number<double>(behind))
    return {spec.substr(0, colon), *strength};
  if (file_exists(spec.substr(0, colon)))
    fail(ErrorKind::usage, "{}: \"{}\" is not a strength", spec, behind);
  return {spec};
}

void write_map_set(const std::string& path, const MapSet& set) {
  std::vector<std::pair<std::string, Tensor>> tensors;
  for (const auto& [key, map] : set.maps) {
    check_map(path, key, map);
    const std::string name = to_string(key);
    tensors.emplace_back(name + ".scale", map.scale_D.to(at::kFloat));
    tensors.emplace_back(name + ".shift", map.shift_D.to(at::kFloat));
    if (!map.support) continue;
    tensors.emplace_back(name + ".low", map.support->low_D.to(at::kFloat));
    tensors.emplace_back(name + ".high", map.support->high_D.to(at::kFloat));
  }
  write_safetensors(path,
                    tensors,
                    {{"format", kFormat},
                     {"version", kVersion},
                     {"provenance", provenance_text(path, set.provenance)},
                     {"position", to_string(set.rules.position)},
                     {"tokens", to_string(set.rules.tokens)},
                     {"guidance", to_string(set.rules.guidance)}});
}

MapSet read_map_set(const std::string& path) {
  const SafetensorsFile file(path);
  check_format(file.metadata(), path);
  MapSet set;
  set.rules = read_rules(file.metadata(), path);
  set.provenance = read_provenance(file.metadata(), path);
  for (const auto& [key, parts] : read_parts(file)) {
    const std::string where =
        fmt::format("{}: map \"{}\"", path, to_string(key));
    set.maps.add(key, to_map(parts, where));
  }
  if (set.maps.empty()) fail(ErrorKind::format, "{}: holds no maps", path);
  return set;
}

}  // namespace lineas
