// A table: columns of equal length under a schema.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "varve/table/column.h"
#include "varve/table/schema.h"

namespace varve {

// A value over shared, unchanging columns: cheap to copy and slice. Safe to read from several threads.
class Table {
 public:
  Table() = default;
  // Throws InvalidArgument if counts or lengths differ, or a column's type is not its field's, or a field that may
  // not hold nulls does.
  Table(Schema schema, std::vector<Column> columns);
  // A table of no rows with these columns.
  static Table empty(const Schema& schema);

  [[nodiscard]] const Schema& schema() const noexcept { return schema_; }
  [[nodiscard]] int64_t num_rows() const noexcept { return num_rows_; }
  [[nodiscard]] size_t num_columns() const noexcept { return columns_.size(); }
  [[nodiscard]] const Column& column(size_t position) const { return columns_[position]; }
  // Throws NotFound.
  [[nodiscard]] const Column& column(std::string_view name) const { return columns_[schema_.position_of(name)]; }

  // Rows [start, start + length), sharing buffers; what lies beyond the end is left out, a start beyond it gives none.
  [[nodiscard]] Table slice(int64_t start, int64_t length) const;
  // The named columns in the order named. Throws NotFound, InvalidArgument for a name given twice.
  [[nodiscard]] Table select(std::span<const std::string> names) const;
  // With the column set or added at the end.
  [[nodiscard]] Table with_column(const Field& field, const Column& column) const;
  [[nodiscard]] Table with_metadata(std::vector<std::pair<std::string, std::string>> metadata) const;
  [[nodiscard]] int64_t byte_size() const noexcept;

 private:
  Schema schema_;
  std::vector<Column> columns_;
  int64_t num_rows_ = 0;
};

// Same schema and equal rows in the same order. Nulls equal nulls; floating-point values are equal bit by bit, except
// that any NaN equals any NaN; a dictionary column equals one with the same values in another dictionary.
bool equals(const Table& left, const Table& right);
bool equals(const Column& left, const Column& right);
// What differs first, in words with row and column ("column close, row 3: 1.5 against 1.25"), or empty if nothing.
std::string difference(const Table& left, const Table& right);

}  // namespace varve
