// The rows of a table as a RowOrder sees them: comparisons for sorting and merging.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "varve/table/index.h"
#include "varve/table/sort.h"

namespace varve::table {

// A column whose rows can be compared: nulls first, NaN last, strings and binary by bytes, false before true.
// The column must outlive it.
class OrderedColumn {
 public:
  explicit OrderedColumn(const Column& column);

  // Negative, 0 or positive. `other` is of the same type.
  [[nodiscard]] int compare(int64_t row, const OrderedColumn& other, int64_t other_row) const;

 private:
  template <typename T>
  [[nodiscard]] int compare_as(int64_t row, const OrderedColumn& other, int64_t other_row) const;
  [[nodiscard]] int compare_indices(int64_t row, const OrderedColumn& other, int64_t other_row) const;

  const Column* column_;
  const void* values_ = nullptr;
  TypeId kind_;  // of the numbers in memory: a date compares as kInt32
  std::shared_ptr<const OrderedColumn> dictionary_;
};

// A table in the sight of an order. The table must outlive it.
class OrderedRows {
 public:
  // Throws as IndexValues does, and NotFound for an identity column that is not there.
  OrderedRows(const Table& table, const RowOrder& order);

  [[nodiscard]] int64_t num_rows() const noexcept { return num_rows_; }
  // The index as nanoseconds; null if the order has none.
  [[nodiscard]] const int64_t* index() const noexcept { return index_; }
  [[nodiscard]] bool has_identity() const noexcept { return !identity_.empty(); }

  [[nodiscard]] int compare_identity(int64_t row, const OrderedRows& other, int64_t other_row) const {
    for (size_t position = 0; position < identity_.size(); ++position) {
      const int result = identity_[position].compare(row, other.identity_[position], other_row);
      if (result != 0) return result;
    }
    return 0;
  }
  [[nodiscard]] int compare(int64_t row, const OrderedRows& other, int64_t other_row) const {
    if (index_ != nullptr && index_[row] != other.index_[other_row]) {
      return index_[row] < other.index_[other_row] ? -1 : 1;
    }
    return compare_identity(row, other, other_row);
  }

 private:
  int64_t num_rows_;
  std::optional<IndexValues> values_;
  const int64_t* index_ = nullptr;
  std::vector<OrderedColumn> identity_;
};

}  // namespace varve::table
