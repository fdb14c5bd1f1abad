#include "varve/parquet/read/pruning.h"

#include <cstring>
#include <string>

#include "varve/parquet/read/conversion.h"

namespace varve::parquet {
namespace {

using table::RowRange;

int64_t floor_divide(int64_t value, int64_t divisor) {
  const int64_t quotient = value / divisor;
  return quotient - (value % divisor < 0 ? 1 : 0);
}

// A bound as it is stored: PLAIN, little-endian. Nothing if it has the wrong size.
std::optional<int64_t> bound_of(const std::string& bytes, PhysicalType type) {
  if (type == PhysicalType::kInt32 && bytes.size() == sizeof(int32_t)) {
    int32_t value = 0;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  if (type == PhysicalType::kInt64 && bytes.size() == sizeof(int64_t)) {
    int64_t value = 0;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  return std::nullopt;
}

void add_rows(std::vector<RowRange>& ranges, const RowRange& rows) {
  if (!ranges.empty() && ranges.back().last == rows.first) {
    ranges.back().last = rows.last;
  } else if (rows.first < rows.last) {
    ranges.push_back(rows);
  }
}

}  // namespace

UnitRange to_units(Timestamp start, Timestamp end, int64_t unit_nanoseconds) {
  const int64_t below = floor_divide(start.nanoseconds, unit_nanoseconds);
  const bool whole = start.nanoseconds % unit_nanoseconds == 0;
  return {.first = whole ? below : below + 1, .last = floor_divide(end.nanoseconds, unit_nanoseconds)};
}

std::optional<UnitRange> stored_range_of(const LeafColumn& column, Timestamp start, Timestamp end) {
  const auto type = column.element.type;
  if (type != PhysicalType::kInt32 && type != PhysicalType::kInt64) return std::nullopt;
  int64_t unit = kNanosecondsPerDay;
  if (column.type.id == TypeId::kTimestamp) {
    unit = nanoseconds_per(stored_unit(column.element, column.type.unit));
  } else if (column.type.id != TypeId::kDate) {
    return std::nullopt;
  }
  return to_units(start, end, unit);
}

bool may_hold(const Statistics& statistics, PhysicalType type, const UnitRange& range) {
  if (range.first > range.last) return false;
  // Times are compared as signed integers, for which the deprecated pair is right as well.
  const auto& least = statistics.min_value ? statistics.min_value : statistics.min;
  const auto& most = statistics.max_value ? statistics.max_value : statistics.max;
  const auto first = least ? bound_of(*least, type) : std::nullopt;
  const auto last = most ? bound_of(*most, type) : std::nullopt;
  if (!first || !last || *first > *last) return true;
  return *last >= range.first && *first <= range.last;
}

std::optional<std::vector<RowRange>> rows_that_may_match(const ColumnIndex& index, const std::vector<PageRun>& pages,
                                                         PhysicalType type, const UnitRange& range) {
  const size_t count = pages.size();
  if (index.null_pages.size() != count || index.min_values.size() != count || index.max_values.size() != count) {
    return std::nullopt;
  }
  std::vector<RowRange> ranges;
  for (size_t page = 0; page < count; ++page) {
    if (index.null_pages[page]) continue;
    const auto first = bound_of(index.min_values[page], type);
    const auto last = bound_of(index.max_values[page], type);
    if (!first || !last || *first > *last) return std::nullopt;
    if (*last >= range.first && *first <= range.last) add_rows(ranges, pages[page].rows);
  }
  return ranges;
}

std::optional<std::vector<PageRun>> pages_of(const OffsetIndex& index, const ChunkLocation& chunk, int64_t num_rows) {
  std::vector<PageRun> pages;
  uint64_t end = chunk.begin;
  const auto& locations = index.page_locations;
  if (locations.empty() || locations[0].first_row_index != 0) return std::nullopt;
  for (size_t at = 0; at < locations.size(); ++at) {
    const PageLocation& location = locations[at];
    const int64_t last = at + 1 < locations.size() ? locations[at + 1].first_row_index : num_rows;
    if (location.offset < 0 || location.compressed_page_size <= 0 || last < location.first_row_index) {
      return std::nullopt;
    }
    const auto begin = static_cast<uint64_t>(location.offset);
    const auto size = static_cast<uint64_t>(location.compressed_page_size);
    if (begin < end || begin > chunk.end || size > chunk.end - begin) return std::nullopt;
    end = begin + size;
    pages.push_back({begin, end, {location.first_row_index, last}});
  }
  return pages;
}

std::vector<PageRun> runs_holding(const std::vector<PageRun>& pages, const std::vector<RowRange>& rows) {
  std::vector<PageRun> runs;
  size_t range = 0;
  for (const PageRun& page : pages) {
    while (range < rows.size() && rows[range].last <= page.rows.first) ++range;
    const bool wanted = range < rows.size() && rows[range].first < page.rows.last && page.rows.first < page.rows.last;
    if (!wanted) continue;
    const bool adjacent = !runs.empty() && runs.back().end == page.begin && runs.back().rows.last == page.rows.first;
    if (adjacent) {
      runs.back().end = page.end;
      runs.back().rows.last = page.rows.last;
    } else {
      runs.push_back(page);
    }
  }
  return runs;
}

}  // namespace varve::parquet
