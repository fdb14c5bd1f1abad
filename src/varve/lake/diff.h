// What two versions of a series do not have in common.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "varve/table/table.h"

namespace varve {

struct DiffOptions {
  std::optional<int64_t> limit = int64_t{1} << 20;  // rows given of each sort, the first ones; absent: all
  std::function<void(uint64_t bytes, uint64_t bytes_total)> on_progress = {};  // of the files that are read
};

// A row is the same in both if its index and identity are, and it changed if a value of it did. Where rows have no
// identity none changes: equal rows are counted, and what one has more of than the other is removed or added.
// Tables have the columns of both, widened where types differ, and are in order. A column that is new is null in older
// rows, so that values in it are changes; one that was dropped is told and changes no row.
struct Diff {
  int64_t from_version = 0;
  int64_t to_version = 0;
  int64_t rows_added = 0;  // all, also beyond the limit
  int64_t rows_removed = 0;
  int64_t rows_changed = 0;
  Table added;
  Table removed;
  Table before;  // rows that changed, as they were
  Table after;   // the same rows, in the same order, as they became
  std::vector<std::string> columns_added;
  std::vector<std::string> columns_dropped;
  std::vector<std::string> columns_retyped;

  // Rows and columns are the same.
  [[nodiscard]] bool empty() const noexcept {
    return rows_added + rows_removed + rows_changed == 0 && columns_added.empty() && columns_dropped.empty() &&
           columns_retyped.empty();
  }
};

}  // namespace varve
