#include "varve/store/partition.h"

#include <algorithm>

namespace varve::store {

std::vector<table::RowRange> cut_rows(int64_t rows, std::span<const int64_t> index, int64_t target_rows) {
  target_rows = std::max<int64_t>(target_rows, 1);
  const int64_t pieces = rows / target_rows + (rows % target_rows == 0 ? 0 : 1);
  std::vector<table::RowRange> ranges;
  int64_t first = 0;
  for (int64_t piece = 1; piece <= pieces && first < rows; ++piece) {
    int64_t last = piece == pieces ? rows : rows / pieces * piece + std::min(piece, rows % pieces);
    if (last <= first) continue;  // a long run of one value went over this place
    if (!index.empty()) {
      const auto from = index.begin() + last;
      last = std::upper_bound(from, index.end(), index[static_cast<size_t>(last - 1)]) - index.begin();
    }
    ranges.push_back({.first = first, .last = last});
    first = last;
  }
  return ranges;
}

std::vector<table::RowRange> cut_periods(int64_t rows, std::span<const int64_t> index, catalog::Period period) {
  if (rows == 0) return {};
  if (index.empty() || period == catalog::Period::kAll) return {{.first = 0, .last = rows}};
  const auto day_of = [period](int64_t value) { return catalog::first_day(period, to_date(Timestamp{value})); };
  std::vector<table::RowRange> ranges;
  for (auto first = index.begin(); first != index.end();) {
    const Date day = day_of(*first);
    const auto last = std::partition_point(first, index.end(), [&](int64_t value) { return day_of(value) <= day; });
    ranges.push_back({.first = first - index.begin(), .last = last - index.begin()});
    first = last;
  }
  return ranges;
}

std::string name_file(const FileRange& range, int64_t version, const std::function<bool(const std::string&)>& taken) {
  constexpr std::string_view kSuffix = ".parquet";
  const std::string stem =
      range.timed ? to_compact_string(range.first) + "-" + to_compact_string(range.last) : std::string("rows");
  std::string name = stem + std::string(kSuffix);
  for (int64_t number = std::max<int64_t>(version, 2); taken(name); ++number) {
    name = stem + "-" + std::to_string(number) + std::string(kSuffix);
  }
  return name;
}

}  // namespace varve::store
