// From values as Parquet stores them to values as columns hold them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "varve/parquet/schema_mapping.h"

namespace varve::parquet {

// How one value of fixed width becomes another. A value; pure.
struct Conversion {
  // Turns `count` values at `stored` into values at `out`; the two do not overlap.
  using Function = void (*)(const Conversion& conversion, const std::byte* stored, int64_t count, std::byte* out);

  Function function = nullptr;  // null: stored as it is in memory
  int64_t width_stored = 0;     // bytes a value; 0 for byte arrays, which convert_byte_arrays turns
  int64_t width = 0;            // bytes a value in memory
  int64_t multiply = 1;         // units of time
  int64_t divide = 1;
  Int128 limit = 0;  // what decimals stay below on both sides of zero: else they are Corruption
};

// The conversion of a column whose values have fixed width. BYTE_ARRAY is allowed for decimals only. Throws
// NotSupported for a pair of types that has none.
Conversion conversion_of(const LeafColumn& column);

// Parquet's decimals in bytes: big-endian two's complement. Throws Corruption if it does not fit 128 bits.
Int128 decimal_of(const std::byte* bytes, int64_t size);

// Decimals in byte arrays as values at `out`: each one lies in `bytes` from one of `offsets` to the next.
void convert_byte_arrays(const Conversion& conversion, std::span<const int64_t> offsets, const std::byte* bytes,
                         std::byte* out);

}  // namespace varve::parquet
