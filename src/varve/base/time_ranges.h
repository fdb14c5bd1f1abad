// Sets of moments as lists of ranges: union, difference and intersection.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "varve/base/time.h"

namespace varve {

// A set of moments: half-open ranges in order, none of them empty, no two of which overlap or touch. Each set has
// exactly one such list, so that equal lists are equal sets. Timestamp::max() is in no set.
using TimeRanges = std::vector<TimeRange>;

// The moments that lie in any of the ranges, which come in any order, may overlap, and may be empty.
inline TimeRanges merge_ranges(std::vector<TimeRange> ranges) {
  std::erase_if(ranges, [](const TimeRange& range) { return range.empty(); });
  std::sort(ranges.begin(), ranges.end(),
            [](const TimeRange& left, const TimeRange& right) { return left.start < right.start; });
  TimeRanges merged;
  for (const TimeRange& range : ranges) {
    if (!merged.empty() && range.start <= merged.back().end) {
      merged.back().end = std::max(merged.back().end, range.end);
    } else {
      merged.push_back(range);
    }
  }
  return merged;
}

inline TimeRanges unite(TimeRanges left, const TimeRanges& right) {
  left.insert(left.end(), right.begin(), right.end());
  return merge_ranges(std::move(left));
}

inline TimeRanges intersect(const TimeRanges& left, const TimeRanges& right) {
  TimeRanges both;
  for (size_t i = 0, j = 0; i < left.size() && j < right.size();) {
    const TimeRange overlap{std::max(left[i].start, right[j].start), std::min(left[i].end, right[j].end)};
    if (!overlap.empty()) both.push_back(overlap);
    ++(left[i].end < right[j].end ? i : j);
  }
  return both;
}

// What is in `whole` and not in `part`.
inline TimeRanges subtract(const TimeRanges& whole, const TimeRanges& part) {
  TimeRanges left;
  size_t next = 0;
  for (const TimeRange& range : whole) {
    while (next < part.size() && part[next].end <= range.start) ++next;
    Timestamp from = range.start;
    for (size_t i = next; i < part.size() && part[i].start < range.end; ++i) {
      if (from < part[i].start) left.push_back({from, part[i].start});
      from = part[i].end;
    }
    if (from < range.end) left.push_back({from, range.end});
  }
  return left;
}

}  // namespace varve
