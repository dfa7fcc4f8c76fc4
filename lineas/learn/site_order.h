// In which order a layer-wise method fits places: as the model comes by them,
// in one pass (frontier.h), or as the published programs list them, with a pass
// a place. The two differ where modules are listed in another order than they
// run in, as a UNet's are. Knows no method.
#pragma once

#include <string>
#include <vector>

#include "lineas/learn/frontier.h"

namespace lineas {

enum class SiteOrder { visiting, listed };
/// "visiting" or "listed"; throws usage.
SiteOrder parse_site_order(const std::string& text);

/// Numbers into `names`, which stand in the order of the model's modules: the
/// same order, but a UNet's middle before its way up (ml-act,
/// StableDiffusionWithHooks.find_module_names).
std::vector<size_t> listed_order(const std::vector<std::string>& names);

/// Fits place after place in that order, each from a run of its own in which
/// the maps fitted so far act. Throws as fit_at_frontier does.
void fit_as_listed(const Problem& problem,
                   const FrontierOptions& options,
                   const FrontierFit& fit);

}  // namespace lineas
