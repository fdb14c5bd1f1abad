// Powers of ten for decimals.
#pragma once

#include <cstdint>

#include "varve/table/type.h"

namespace varve::table {

// 10 to the `exponent`, which must be 0 to 38.
inline Int128 power_of_ten(int32_t exponent) noexcept {
  Int128 power = 1;
  for (int32_t count = 0; count < exponent; ++count) power *= 10;
  return power;
}

}  // namespace varve::table
