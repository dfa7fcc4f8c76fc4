// What maps at a model's head may ask for. The head is given only the tokens
// whose logits are wanted, so a map there does not see its row's others.
#pragma once

#include <vector>

#include "lineas/maps/map_set.h"

namespace lineas {

enum class HeadUse { generate, score };

/// Throws unsupported, naming the map, for one at the head whose rules need
/// tokens that the head does not get: position avg, and where texts are scored
/// position last and tokens last:K too.
void check_head_maps(const Site& head,
                     const std::vector<Steering>& steerings,
                     HeadUse use);

}  // namespace lineas
