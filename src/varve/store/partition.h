// Cutting the rows of a series into files, and naming these.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "varve/base/time.h"
#include "varve/catalog/path_template.h"
#include "varve/table/index.h"

namespace varve::store {

inline constexpr int64_t kTargetRowsPerFile = int64_t{1} << 17;  // unless the series says otherwise

// Cuts rows 0 to rows - 1 into the fewest pieces of about equal size with at most `target_rows` each, except that rows
// of one index value always stay together: the closed time ranges of pieces do not touch. `index` holds the sorted
// index values of the rows, or is empty for an untimed series. No rows: no pieces.
std::vector<table::RowRange> cut_rows(int64_t rows, std::span<const int64_t> index, int64_t target_rows);

// Cuts them, as few pieces as can be, so that none holds rows of two periods.
std::vector<table::RowRange> cut_periods(int64_t rows, std::span<const int64_t> index, catalog::Period period);

// The name of a file in its directory: `20240101T100000-20240101T235959.parquet` by the first
// and last index value, `rows.parquet` if untimed. Where `taken` says that the name is, then the same with `-<version>`
// before `.parquet`, counting on from there.
struct FileRange {
  bool timed = true;
  Timestamp first;
  Timestamp last;
};
std::string name_file(const FileRange& range, int64_t version, const std::function<bool(const std::string&)>& taken);

}  // namespace varve::store
