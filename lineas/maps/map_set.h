// What every learning method ends in: maps by key, how they want to be applied,
// and where they come from.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "lineas/base/json.h"
#include "lineas/maps/affine_map.h"
#include "lineas/maps/map_key.h"

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

/// Maps by key, in the order in which they were added: the model's site order.
class MapList {
 public:
  using Entry = std::pair<const MapKey, AffineMap>;

  MapList() = default;
  MapList(std::initializer_list<Entry> entries);
  MapList(const MapList&) = default;
  MapList(MapList&&) = default;
  MapList& operator=(MapList other) noexcept;

  /// Throws usage where the key has a map already.
  void add(MapKey key, AffineMap map);
  /// The map of that key, or null.
  const AffineMap* find(const MapKey& key) const;

  size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  Entry& operator[](size_t number) { return entries_[number]; }
  const Entry& operator[](size_t number) const { return entries_[number]; }
  auto begin() { return entries_.begin(); }
  auto end() { return entries_.end(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

 private:
  std::vector<Entry> entries_;
  std::map<MapKey, size_t> numbers_;
};

struct MapSet {
  MapList maps;
  MapRules rules = {};
  Json provenance = Json::object();

  const AffineMap* find(const MapKey& key) const { return maps.find(key); }
};

/// A map set in use, by itself or as a part of a composition. `name` (its file)
/// stands in messages and in a composition's provenance.
struct Steering {
  MapSet set;
  double strength = 1;
  std::string name = "the map";
};

/// A part of the denoising, as shares of its steps: a step is in it where its
/// middle is.
struct StepWindow {
  double begin = 0;
  double end = 1;

  bool is_everything() const { return begin <= 0 && end >= 1; }
  bool has(int step, int steps) const {
    const double middle = (step + 0.5) / steps;
    return middle >= begin && middle <= end;
  }
};

/// A map file as users name it, with the strength to use it at and the part of
/// the denoising to use it in.
struct MapSpec {
  std::string path;
  double strength = 1;
  StepWindow window = {};
};
/// Reads "MAP", "MAP:STRENGTH", "MAP:STRENGTH@BEGIN-END"; a colon or an at sign
/// that no number follows belongs to the path. Throws usage for a file's name
/// with another word behind it, and a window that is none.
MapSpec parse_map_spec(const std::string& spec);

/// Writes and reads the map file of docs/formats.md (safetensors). Reading
/// checks names, shapes, dtypes, finiteness and metadata and throws format; it
/// drops ":0" behind a site. Writing throws numeric, naming the map, where one
/// is not finite, and format where reading would refuse the file or find other
/// keys (a provenance that nests too deeply or is too long, a site named
/// "a@3").
void write_map_set(const std::string& path, const MapSet& set);
MapSet read_map_set(const std::string& path);

/// What maps are held against: the sites of a model (or of a whole pipeline),
/// the denoising steps that it takes (a text model: one), and whose they are.
struct MapHost {
  const SiteTable& sites;
  int steps = 1;
  std::string name = "the model";
  std::string fingerprint = "";  // "": nothing is said of other weights
  bool is_denoised = false;      // pictures, which may be steered in part
};

/// Throws shape, with the nearest names, unless every map has its site in
/// `sites` with its width. `where` names the maps in the message.
void check_fits(const MapSet& set,
                const SiteTable& sites,
                const std::string& where);
/// The same; warns of maps for steps that the host does not take, and where its
/// weights are others than those the maps were learned on.
void check_fits(const MapSet& set,
                const MapHost& host,
                const std::string& where);

}  // namespace lineas
