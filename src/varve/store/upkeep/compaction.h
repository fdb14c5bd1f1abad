// Which small files of a series become one.
#pragma once

#include <cstdint>

#include "varve/store/plan.h"

namespace varve::store {

struct CompactionPlan {
  Plan plan;                // its files are merged while they are written, one at a time
  bool unfinished = false;  // more is to be done, in another commit: what one takes is bounded
};

// Merges neighbours that have at most `target_rows` rows together (0: what the series says), and a small rest with the
// file before it. No row changes, nor does a file come to hold rows of two periods of the layout.
CompactionPlan plan_compaction(const SeriesFiles& series, int64_t target_rows, const PlanTools& tools);

}  // namespace varve::store
