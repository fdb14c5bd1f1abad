// Floats that are decimals at heart, such as prices on a tick, as decimals and back, bit by bit.
#pragma once

#include <cstdint>
#include <optional>

#include "varve/table/column.h"

namespace varve::table {

// A float64 is taken for the decimal of at most 15 digits that it is the nearest one to: there is at most one, and
// different ones have different floats, so that nothing is lost either way. -0.0, NaN and the infinities are none, nor
// is 0.1 + 0.2.
inline constexpr int32_t kFloatDigits = 15;

struct DecimalDigits {
  int64_t digits = 0;  // less than 10^15 in size
  int32_t scale = 0;   // the value is `digits` divided by 10 to the `scale`
};
// The decimal of the least scale, from 0 to `scale_max` (22 at most); nothing if there is none.
std::optional<DecimalDigits> decimal_of(double value, int32_t scale_max) noexcept;

// The least scale, not below `least` and at most `scale_max`, at which all values of a float64 column are decimals; row
// by row, so that most columns cost one multiplication and one division a row. Nulls do not count. Throws
// SchemaCompatibility, naming row and value, for a value that is no decimal of such a scale.
int32_t decimal_scale(const Column& floats, int32_t least, int32_t scale_max);

// A float64 column as decimals. Throws SchemaCompatibility, naming row and value, for one that is none of the scale, or
// has more digits than the type.
Column to_decimal(const Column& floats, const DataType& type);

// A column of decimals as float64. Throws SchemaCompatibility, naming row and value, for one of more than 15 digits,
// not counting zeros at its end.
Column to_float(const Column& decimals);

}  // namespace varve::table
