// Small pictures made of text, for terminals. Numbers in, lines out; knows
// nothing of maps.
#pragma once

#include <span>
#include <string>

namespace lineas {

/// The numbers as one line of at most `columns` blocks of eight heights, each
/// the mean of its share; on a logarithmic scale where all are above 0 and
/// they span more than a factor of 5. "" for none; gaps for NaN and infinity.
std::string sparkline(std::span<const double> values, size_t columns);

/// A bar of share (0 to 1) times `columns` blocks, in eighths; a share above 0
/// shows at least the thinnest one. Padded to `columns`.
std::string bar(double share, size_t columns);

}  // namespace lineas
