// IEEE 754 half precision numbers, kept as 16 bits, to and from the machine's own.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace varve::table {

inline float half_to_float(uint16_t half) noexcept {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000U) << 16;
  const uint32_t exponent = (half >> 10) & 0x1FU;
  const uint32_t fraction = half & 0x3FFU;
  if (exponent == 0) {
    const float magnitude = std::ldexp(static_cast<float>(fraction), -24);
    return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign);
  }
  if (exponent == 0x1F) return std::bit_cast<float>(sign | 0x7F800000U | (fraction << 13));
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
}

// The nearest half, ties to even; infinite above 65519. A NaN stays one.
inline uint16_t double_to_half(double value) noexcept {
  const auto sign = static_cast<uint16_t>(std::signbit(value) ? 0x8000U : 0U);
  const double magnitude = std::fabs(value);
  if (std::isnan(value)) return static_cast<uint16_t>(sign | 0x7E00U);
  if (magnitude >= 65520.0) return static_cast<uint16_t>(sign | 0x7C00U);
  if (magnitude < 0x1p-14)
    return static_cast<uint16_t>(sign | static_cast<uint16_t>(std::nearbyint(magnitude * 0x1p24)));
  int exponent = 0;
  const double fraction = std::frexp(magnitude, &exponent);  // in [0.5, 1)
  // 1024 to 2048, the hidden bit with it: added to the exponent it carries over by itself.
  const auto digits = static_cast<unsigned>(std::nearbyint(fraction * 2048.0));
  return static_cast<uint16_t>(sign | ((static_cast<unsigned>(exponent + 13) << 10) + digits));
}

}  // namespace varve::table
