// What a series is known to hold: asked for, received, empty. "No trades" and "never fetched" are different things.
#pragma once

#include <vector>

#include "varve/base/time_ranges.h"

namespace varve {

// Sets of moments, as half-open ranges in order: `start` is inside, `end` is not. What came and what is known to be
// empty was also asked for, and no moment is both. What was asked for and is neither was asked in vain.
// It belongs to the key as it is now: it has no versions, goes with the key when that is renamed, and ends with the
// series or when `write` replaces all of it.
struct Coverage {
  TimeRanges requested;
  TimeRanges received;
  TimeRanges empty;

  bool operator==(const Coverage&) const = default;
};

// What becomes known. Ranges come in any order and may overlap; the newest word on a moment counts.
struct CoverageChange {
  std::vector<TimeRange> forgotten;  // done first: nothing is known of these any more
  std::vector<TimeRange> requested;  // was asked for
  std::vector<TimeRange> received;   // came: whatever there is, the series has it
  std::vector<TimeRange> empty;      // there is nothing
};

}  // namespace varve
