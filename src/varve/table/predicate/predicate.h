// Conditions on the rows of a table: comparisons of columns with values, joined by and, or, not.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "varve/base/thread_pool.h"
#include "varve/table/predicate/scalar.h"
#include "varve/table/table.h"

namespace varve {

enum class Comparison : uint8_t { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };
// "=", "!=", "<", "<=", ">", ">=".
std::string_view to_string(Comparison comparison) noexcept;

// A condition: an immutable tree, cheap to copy. Safe to read from several threads.
//
// Nulls are SQL's: comparing a null gives neither true nor false but unknown, `not` unknown is unknown, `and` is false
// where one side is, `or` true where one side is, else unknown where one side is. A row is kept where the whole is
// true. `in` is `or` over `=` of its values, so that in the empty set is false, for a null too. Only `is null` is true
// or false of every row.
//
// Values are compared exactly, as numbers or moments and never rounded: an int64 column with 2.5, a timestamp[ms] with
// a nanosecond, a uint8 with -1 or 1000, a float32 (as the number that it is) with 0.1. Only decimals and doubles meet
// by their text: against a decimal column a double means the shortest decimal that reads back as it (0.1 is 1/10),
// against a float column a decimal means the double nearest to it. Floats are IEEE's: -0 equals 0; NaN, in the column
// or as the value, makes `!=` true and every other comparison false (and `not` turns that around). Strings and binary
// are compared byte by byte. false < true. Timestamps without zone are taken as UTC, a date as its first instant.
class Predicate {
 public:
  enum class Kind : uint8_t { kCompare, kIn, kIsNull, kAnd, kOr, kNot };
  struct Node;

  static Predicate compare(std::string column, Comparison comparison, Scalar value);
  static Predicate in(std::string column, std::vector<Scalar> values);
  static Predicate is_null(std::string column);
  // `and` and `or` over any number of terms: all_of({}) is true, any_of({}) false. Terms of the same kind are taken
  // into the list. All of these throw InvalidArgument for trees of more than kDepthMax levels.
  static Predicate all_of(std::vector<Predicate> terms);
  static Predicate any_of(std::vector<Predicate> terms);
  static Predicate negate(Predicate term);

  friend Predicate operator&&(Predicate left, Predicate right) { return all_of({std::move(left), std::move(right)}); }
  friend Predicate operator||(Predicate left, Predicate right) { return any_of({std::move(left), std::move(right)}); }
  friend Predicate operator!(Predicate term) { return negate(std::move(term)); }

  [[nodiscard]] const Node& node() const noexcept { return *node_; }
  // The columns that it asks for, each once, in the order in which they first occur.
  [[nodiscard]] std::vector<std::string> columns() const;

  static constexpr int32_t kDepthMax = 256;

 private:
  explicit Predicate(Node node);
  static Predicate join(Kind kind, std::vector<Predicate> terms);

  std::shared_ptr<const Node> node_;
};

struct Predicate::Node {
  Kind kind = Kind::kAnd;
  std::string column = {};                     // compare, in, is null
  Comparison comparison = Comparison::kEqual;  // compare
  std::vector<Scalar> values = {};             // compare: one; in: any number
  std::vector<Predicate> terms = {};           // and, or: any number but one; not: one
  int32_t depth = 1;                           // levels of the tree below and with this one
};

// As people write it, with brackets where they are needed: `close > 100.5 and not (symbol in ("A", "B"))`.
std::string to_string(const Predicate& predicate);

// A column by name, from which predicates are made: ColumnName("close") > 100.5.
class ColumnName {
 public:
  explicit ColumnName(std::string name) : name_(std::move(name)) {}

  [[nodiscard]] Predicate in(std::vector<Scalar> values) const { return Predicate::in(name_, std::move(values)); }
  [[nodiscard]] Predicate is_null() const { return Predicate::is_null(name_); }

  friend Predicate operator==(const ColumnName& column, Scalar value) {
    return column.compare(Comparison::kEqual, std::move(value));
  }
  friend Predicate operator!=(const ColumnName& column, Scalar value) {
    return column.compare(Comparison::kNotEqual, std::move(value));
  }
  friend Predicate operator<(const ColumnName& column, Scalar value) {
    return column.compare(Comparison::kLess, std::move(value));
  }
  friend Predicate operator<=(const ColumnName& column, Scalar value) {
    return column.compare(Comparison::kLessEqual, std::move(value));
  }
  friend Predicate operator>(const ColumnName& column, Scalar value) {
    return column.compare(Comparison::kGreater, std::move(value));
  }
  friend Predicate operator>=(const ColumnName& column, Scalar value) {
    return column.compare(Comparison::kGreaterEqual, std::move(value));
  }

 private:
  [[nodiscard]] Predicate compare(Comparison comparison, Scalar value) const {
    return Predicate::compare(name_, comparison, std::move(value));
  }

  std::string name_;
};

namespace table {

// Throws NotFound for a column that `schema` does not have, InvalidArgument (naming column, type and value) for a value
// that cannot be compared with its column: bytes with numbers, a date with anything but dates and timestamps, and so
// on.
void check(const Predicate& predicate, const Schema& schema);

// For each row whether it is kept: a boolean column without nulls. Throws as check does.
Column evaluate(const Predicate& predicate, const Table& source, base::ThreadPool* pool = nullptr);

}  // namespace table

}  // namespace varve
