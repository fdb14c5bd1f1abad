// Tells what rows two versions of a series do not have in common.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "varve/store/engine.h"
#include "varve/table/table.h"

namespace varve::store {

struct DiffOptions {
  catalog::VersionWanted from = int64_t{0};
  catalog::VersionWanted to = int64_t{0};  // may be older than `from`
  std::optional<int64_t> rows_max;         // of each table that is given; the counts are of all rows
  int64_t rows_at_once = 1 << 18;          // read of a file
  std::function<void(uint64_t bytes, uint64_t bytes_total)> on_progress = {};  // of the files that are read
};

// Rows as both versions' schemas together have them (table::unify): columns of `from`, then new ones. Tables are in
// order and hold the first rows of each sort.
struct SeriesDiff {
  int64_t from = 0;
  int64_t to = 0;
  int64_t rows_added = 0;
  int64_t rows_removed = 0;
  int64_t rows_changed = 0;
  Table added;
  Table removed;
  Table before;  // rows that changed, as they were
  Table after;   // the same rows as they are: row by row those of `before`
  std::vector<std::string> columns_added;
  std::vector<std::string> columns_dropped;
  std::vector<std::string> columns_retyped;
};

// Files that both versions have are not read. The others are read side by side, `rows_at_once` rows of each version at
// a time: what lies in memory is two such pieces of each, all rows of one moment, and the rows given. Of an untimed
// series it is all rows of these files.
// A row is the same in both if its index and identity are; it changed if a value in a column of `to` did (null where
// `from` has no such column). Where rows have no identity there are no changed ones, and equal rows are counted.
// Throws NotFound for a series or version that is not there, SchemaCompatibility if columns of one name cannot be
// compared or the index is another, Corruption.
SeriesDiff diff_series(Engine& engine, std::string_view key, const DiffOptions& options);

}  // namespace varve::store
