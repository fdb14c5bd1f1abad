// Tests that the values of a column may pass: whether they lie in a range or a set.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "varve/table/column.h"

namespace varve::table {

// How many of some rows meet a condition, as far as is known.
enum class Outcome : uint8_t { kNone, kSome, kAll };  // kSome: any number of them

// Rows that are tested at a time: few enough that what is known of them stays in the nearest cache.
inline constexpr size_t kBlockRows = 1024;

// Immutable.
class ValueTest {
 public:
  virtual ~ValueTest() = default;

  // Sets matches[i] to 1 if the value of row `first + i` passes, else to 0, for at most kBlockRows rows. What it says
  // of null rows has no meaning. The column has the type that the test was made for, and is no dictionary.
  virtual void match(const Column& column, int64_t first, std::span<uint8_t> matches) const = 0;
  // Of values between two rows that are not null, row `row` of `least` and of `most`, or equal to one of them; in
  // columns of floats NaN may be among them.
  [[nodiscard]] virtual Outcome outcome(const Column& least, const Column& most, int64_t row) const = 0;
};
using ValueTestPtr = std::shared_ptr<const ValueTest>;

// Passes every value or none.
ValueTestPtr make_constant_test(bool passes);

// For columns whose values are whole numbers: booleans (0 and 1), integers, dates, times in their unit, decimals
// (unscaled). Passes values from `least` to `most`, both inside and maybe beyond the type's reach, or, if `inverted`,
// the others; the second those in the set.
struct WholeRange {
  Int128 least = 0;
  Int128 most = 0;
};
ValueTestPtr make_range_test(const DataType& type, const WholeRange& range, bool inverted);
ValueTestPtr make_set_test(const DataType& type, std::span<const Int128> values, bool inverted);

// The same for floats, of which NaN lies outside of every range and set.
struct FloatRange {
  double least = 0;
  double most = 0;
};
ValueTestPtr make_range_test(const DataType& type, const FloatRange& range, bool inverted);
ValueTestPtr make_set_test(const DataType& type, std::span<const double> values, bool inverted);

// The same for strings and binary: from `least` on and before `beyond`, if there is such an end.
struct ByteRange {
  std::string least = {};
  std::optional<std::string> beyond = {};
};
ValueTestPtr make_range_test(ByteRange range, bool inverted);
ValueTestPtr make_set_test(std::vector<std::string> values, bool inverted);

}  // namespace varve::table
