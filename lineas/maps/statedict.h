// Folders of `.statedict` files: how the published programs keep their maps,
// one file of torch.save a module. Read through the restricted pickle reader.
#pragma once

#include <string>

#include "lineas/maps/map_set.h"

namespace lineas {

struct StatedictOptions {
  /// Files of means and deviations (mu1, std1, ...) are Gaussian maps; true
  /// takes the difference of the means alone, which looks the same on disk.
  bool only_means = false;
};

/// What the files' names end in.
inline constexpr const char* kStatedictExtension = ".statedict";
bool has_statedict_files(const std::string& folder);

/// Reads every <module>.statedict of a folder. Understood are affine maps
/// (net.w1, net.b1), their support (quantiles_src, a name in
/// quantiles_dict_src or the bounds themselves), Gaussian ones (mu1, mu2, std1,
/// std2) and AurA's (auroc, or alpha). Sites come in the order of their names,
/// numbers by value. Throws not_found for a
/// folder without such files, format, with file and key, for other contents.
/// Source: docs/formats.md (folders of .statedict files).
MapSet read_statedict_folder(const std::string& folder,
                             const StatedictOptions& options = {});

/// Writes the maps as the published programs read them; makes the folder. All
/// or nothing: what was there before is left alone, what was made is removed.
/// Throws resource where it already has such files (they would be read too),
/// unsupported for maps of single denoising steps. What the form has no place
/// for (position, tokens, guidance) is said in a warning.
void write_statedict_folder(const std::string& folder, const MapSet& set);

}  // namespace lineas
