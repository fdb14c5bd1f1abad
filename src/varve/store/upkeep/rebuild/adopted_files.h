// Files of somebody else's that were part of series, when nobody but the tree tells so.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "varve/store/upkeep/rebuild/shown_series.h"

namespace varve::store {

// Takes the tree's adopted files into the series that other files make known, where they lie in the series' places and
// fit: columns of the series' types, rows in order, none of another file's time. The others are told, and what to do
// with them. Throws Io, Cancelled.
void take_adopted_in(const Disk& disk, ShownTree& tree, Meter& meter);

}  // namespace varve::store
