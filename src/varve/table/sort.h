// Orders rows by index and identity, and merges ordered tables.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "varve/base/thread_pool.h"
#include "varve/table/table.h"

namespace varve::table {

// What rows are ordered by: the index as nanoseconds UTC, then the identity columns in the order given. Strings compare
// by bytes, false before true, nulls first, NaN last. `index` empty: by the identity alone.
struct RowOrder {
  std::string index = {};
  std::vector<std::string> identity = {};  // without the index itself
};

// Ascending, equal rows next to each other allowed. Quick where the rows are in order, as they mostly are.
bool is_sorted(const Table& table, const RowOrder& order);
// Ascending, no two rows equal. Looks at many rows on all threads of the pool, if there is one. Throws InvalidArgument
// for a null index, as is_sorted does.
bool is_strictly_sorted(const Table& table, const RowOrder& order, base::ThreadPool* pool = nullptr);
// Rows in order, stable. Returns the table itself where nothing has to move.
// Throws InvalidArgument for a null index, naming the row.
Table sort(const Table& table, const RowOrder& order, base::ThreadPool* pool = nullptr);

// What to do where an old and a new row have the same index and identity.
enum class OnConflict {
  kKeepBoth,  // there is no identity: old before new
  kError,     // AlreadyExists, showing the first such row
  kIgnore,    // the old row stays
  kReplace,   // the new row takes its place; an equal one changes nothing
};

struct MergeResult {
  Table table;
  int64_t rows_added = 0;
  int64_t rows_replaced = 0;   // took the place of another that differed
  int64_t rows_unchanged = 0;  // equal to the row that was there
  int64_t rows_ignored = 0;    // left out for the old one's sake
};

// Merges sorted `newer` into sorted `older`, which have one schema. Several rows of `newer` with one identity count
// as arriving one after the other: the first is added, the others meet it. Should `older` hold one identity several
// times, the last of its rows is the one that is met. With kKeepBoth the order of equals is that of arrival.
// Linear; where the tables do not interleave, rows are copied in blocks; where nothing changes, the result is `older`
// itself. Throws InvalidArgument for a null index, SchemaCompatibility if the schemas differ.
MergeResult merge(const Table& older, const Table& newer, const RowOrder& order, OnConflict on_conflict);

// The first row that has the same index and identity as the row before it, or -1. `table` must be sorted.
int64_t find_duplicate(const Table& table, const RowOrder& order);

// How many rows one thread looks at, at a time, to tell whether all are in order.
inline constexpr int64_t kRowsOfOrderTask = int64_t{1} << 18;

// "timestamp 2024-01-01T00:00:00Z, symbol AAPL": how a row is named in messages.
std::string describe_row(const Table& table, int64_t row, const RowOrder& order);

}  // namespace varve::table
