// A predicate bound to the columns of a schema, and what rows and bounds of rows say to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "varve/table/predicate/predicate.h"
#include "varve/table/predicate/value_test.h"
#include "varve/table/table.h"

namespace varve::table {

// The bound form: `not` is carried down to the tests, so that of the three truth values only "true" and "not true" are
// left to tell apart. A value, cheap to copy; safe to read from several threads.
struct Condition {
  enum class Kind : uint8_t { kTest, kIsNull, kAll, kAny };

  Kind kind = Kind::kAll;
  size_t column = 0;                  // test, is null: its position in the schema
  bool inverted = false;              // is null: true where it is not
  ValueTestPtr test = {};             // test: true where the value passes; never of a null
  std::vector<Condition> terms = {};  // all, any: none or more. Those that ask for one column are one term

  // The column, if all below asks for the same one.
  [[nodiscard]] std::optional<size_t> only_column() const noexcept;
};

// Throws as table::check.
Condition bind(const Predicate& predicate, const Schema& schema);

// Whether rows whose columns are all null meet it.
bool is_true_of_null(const Condition& condition) noexcept;

// What is known of the values of one column in each of several lots of rows, one entry a lot. `least` and `most` hold
// no more and no less than all values but nulls and NaN do, or are null where that is not known.
struct ColumnBounds {
  Column least;
  Column most;
  std::vector<Outcome> nulls;  // how many rows of the lot are null
};
// How many rows of each lot meet a condition that asks for this column only.
std::vector<Outcome> outcomes(const Condition& condition, const ColumnBounds& bounds);

// A condition over columns at hand. Dictionaries are looked through once, when it is made. The condition and the
// columns must outlive it. Safe to read from several threads.
class Matcher {
 public:
  // `columns` by their positions in the schema that the condition was bound to.
  Matcher(const Condition& condition, std::span<const Column* const> columns);
  // For a condition that asks for this column only.
  Matcher(const Condition& condition, const Column& column);

  // Sets matches[i] to 1 where row `first + i` meets the condition, else to 0, for any number of rows.
  void match(int64_t first, std::span<uint8_t> matches) const;

 private:
  bool take_column(const Column& column);
  void match_block(int64_t first, std::span<uint8_t> matches) const;
  void match_leaf(int64_t first, std::span<uint8_t> matches) const;
  void match_indices(int64_t first, std::span<uint8_t> matches) const;
  void match_terms(int64_t first, std::span<uint8_t> matches) const;

  const Condition* condition_;
  const Column* column_ = nullptr;      // of a leaf, or of all that lies below if it is a dictionary column
  std::vector<uint8_t> of_dictionary_;  // a match a dictionary value
  std::vector<Matcher> terms_;
};

}  // namespace varve::table
