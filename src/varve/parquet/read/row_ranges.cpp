#include "varve/parquet/read/row_ranges.h"

#include <algorithm>

namespace varve::parquet {

int64_t count_rows(std::span<const RowRange> ranges) noexcept {
  int64_t rows = 0;
  for (const RowRange& range : ranges) rows += range.last - range.first;
  return rows;
}

RowRanges intersect(const RowRanges& left, const RowRanges& right) {
  RowRanges result;
  for (size_t l = 0, r = 0; l < left.size() && r < right.size();) {
    append(result, {std::max(left[l].first, right[r].first), std::min(left[l].last, right[r].last)});
    if (left[l].last < right[r].last) {
      ++l;
    } else {
      ++r;
    }
  }
  return result;
}

RowRanges unite(RowRanges left, RowRanges right) {
  if (left.empty()) return right;
  if (right.empty()) return left;
  RowRanges result;
  const auto add = [&result](const RowRange& rows) {
    const int64_t end = result.empty() ? rows.first : result.back().last;
    append(result, {std::max(rows.first, end), rows.last});
  };
  for (size_t l = 0, r = 0; l < left.size() || r < right.size();) {
    const bool from_left = r == right.size() || (l < left.size() && left[l].first < right[r].first);
    add(from_left ? left[l++] : right[r++]);
  }
  return result;
}

RowRanges subtract(const RowRanges& from, const RowRanges& rows) {
  RowRanges result;
  size_t next = 0;
  for (RowRange left : from) {
    while (next < rows.size() && rows[next].last <= left.first) ++next;
    for (size_t at = next; at < rows.size() && rows[at].first < left.last; ++at) {
      append(result, {left.first, rows[at].first});
      left.first = rows[at].last;
    }
    append(result, left);
  }
  return result;
}

RowRanges choose(std::span<const RowRange> ranges, RowRanges chosen) {
  if (ranges.size() == 1) {
    for (RowRange& range : chosen) range = {ranges[0].first + range.first, ranges[0].first + range.last};
    return chosen;
  }
  RowRanges result;
  int64_t number = 0;  // of the first row of `ranges[at]`
  size_t at = 0;
  for (RowRange left : chosen) {
    while (left.first < left.last) {
      const RowRange& range = ranges[at];
      const int64_t end = number + range.last - range.first;
      if (left.first < end) {
        const int64_t last = std::min(left.last, end);
        append(result, {range.first + left.first - number, range.first + last - number});
        left.first = last;
      }
      if (left.first < end) break;
      number = end;
      ++at;
    }
  }
  return result;
}

}  // namespace varve::parquet
