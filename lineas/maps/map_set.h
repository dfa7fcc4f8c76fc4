// What every learning method ends in: maps by site name, how they want to be
// applied, and where they come from.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lineas/base/json.h"
#include "lineas/maps/affine_map.h"

namespace lineas {

/// Which tokens of a row a map sees as one: every token by itself, only the
/// last one, or all moved by what the map does to their mean.
enum class Position { all, last, avg };

/// Which tokens a map acts on at all.
struct TokenScope {
  enum class Kind { all, prompt, generated, from, last };
  Kind kind = Kind::all;
  int64_t k = 0;  // of `from` (first position) and `last` (count)
  bool operator==(const TokenScope&) const = default;
};

/// Which half of a guided picture batch a map acts on.
enum class Guidance { both, conditional, unconditional };

/// How a map set is applied: metadata that its user obeys.
struct MapRules {
  Position position = Position::all;
  TokenScope tokens;
  Guidance guidance = Guidance::both;
  bool operator==(const MapRules&) const = default;
};

/// "all", "last", "avg"; "all", "prompt", "generated", "from:K", "last:K";
/// "both", "conditional", "unconditional". The parsers throw usage.
std::string to_string(Position position);
std::string to_string(const TokenScope& scope);
std::string to_string(Guidance guidance);
Position parse_position(const std::string& text);
TokenScope parse_token_scope(const std::string& text);
Guidance parse_guidance(const std::string& text);

/// The two parts of a map's name: "site", or "site@step" for a map that acts at
/// one denoising step only.
struct MapName {
  std::string site;
  std::optional<int> step = std::nullopt;
};
MapName split_map_name(const std::string& name);

/// Map name -> map, in the model's site order.
struct MapSet {
  std::vector<std::pair<std::string, AffineMap>> maps;
  MapRules rules;
  Json provenance = Json::object();

  /// The map of that name, or null.
  const AffineMap* find(const std::string& site) const;
};

/// A map set in use, by itself or as a part of a composition. `name` (its file)
/// stands in messages and in a composition's provenance.
struct Steering {
  MapSet set;
  double strength = 1;
  std::string name = "the map";
};

/// A map file as users name it, with the strength to use it at.
struct MapSpec {
  std::string path;
  double strength = 1;
};
/// Reads "MAP" or "MAP:STRENGTH"; a colon that no number follows belongs to
/// the path. Throws usage for a file's name with another word behind it.
MapSpec parse_map_spec(const std::string& spec);

/// Writes and reads the map file of docs/formats.md (safetensors). Reading
/// checks names, shapes, dtypes, finiteness and metadata and throws format; it
/// drops ":0" behind a site. Writing throws numeric, naming the map, where one
/// is not finite, and format where reading would refuse the file (a provenance
/// that nests too deeply or is too long).
void write_map_set(const std::string& path, const MapSet& set);
MapSet read_map_set(const std::string& path);

/// Throws shape, with the nearest names, unless every map has its site in
/// `sites` with its width. `where` names the map in the message.
void check_fits(const MapSet& set,
                const SiteTable& sites,
                const std::string& where);

}  // namespace lineas
