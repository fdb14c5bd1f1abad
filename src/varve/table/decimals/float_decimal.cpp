#include "varve/table/decimals/float_decimal.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <string>
#include <utility>

#include "varve/base/error.h"
#include "varve/table/bits.h"
#include "varve/table/decimal.h"
#include "varve/table/print.h"

namespace varve::table {
namespace {

// Powers that are exact as doubles.
constexpr std::array kPowers = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr auto kScaleMax = static_cast<int32_t>(kPowers.size()) - 1;
constexpr double kDigitsEnd = 1e15;
// Adding this to a number below 2^51 in size, and taking it away, rounds the number.
constexpr double kRounder = 0x1.8p52;

// Whether the value is `digits` divided by the power. The product is off by a quarter at most, so it is rounded right;
// the quotient of two exact numbers is the nearest double.
bool has_digits(double value, double power, double& digits) noexcept {
  digits = value * power + kRounder - kRounder;
  return std::fabs(digits) < kDigitsEnd && digits / power == value && (digits != 0 || !std::signbit(value));
}

[[noreturn]] void refuse(const Column& column, int64_t row, const std::string& why) {
  throw SchemaCompatibility("row {} is {}, which is no decimal {}", row, value_text(column, row), why);
}

std::string at_scale(int32_t scale) {
  return "of at most " + std::to_string(scale) + " places and " + std::to_string(kFloatDigits) + " digits";
}

// Values of a column as others, null rows as whatever they become.
template <typename From, typename To, typename Convert>
Column convert(const Column& column, const DataType& type, Convert convert_row) {
  const std::span<const From> in = column.values<From>();
  base::MutableBuffer buffer = base::MutableBuffer::allocate(in.size() * sizeof(To));
  To* out = buffer.as<To>();
  for (size_t row = 0; row < in.size(); ++row) out[row] = convert_row(in[row], static_cast<int64_t>(row));
  return Column({.type = type,
                 .length = column.length(),
                 .validity = bits_to_buffer(column.validity()),
                 .values = std::move(buffer).finish(),
                 .null_count = column.null_count()});
}

}  // namespace

std::optional<DecimalDigits> decimal_of(double value, int32_t scale_max) noexcept {
  double digits = 0;
  for (int32_t scale = 0; scale <= scale_max; ++scale) {
    if (has_digits(value, kPowers[static_cast<size_t>(scale)], digits)) return {{static_cast<int64_t>(digits), scale}};
    if (!(std::fabs(digits) < kDigitsEnd)) return {};
  }
  return {};
}

int32_t decimal_scale(const Column& floats, int32_t least, int32_t scale_max) {
  const std::span<const double> values = floats.values<double>();
  int32_t scale = least;
  double digits = 0;
  for (size_t at = 0; at < values.size(); ++at) {
    if (has_digits(values[at], kPowers[static_cast<size_t>(scale)], digits)) continue;
    const auto row = static_cast<int64_t>(at);
    if (floats.is_null(row)) continue;
    const std::optional<DecimalDigits> decimal = decimal_of(values[at], scale_max);
    if (!decimal) refuse(floats, row, at_scale(scale_max));
    scale = std::max(scale, decimal->scale);
  }
  return scale;
}

Column to_decimal(const Column& floats, const DataType& type) {
  const auto scale_max = std::min(type.scale, kScaleMax);
  const double power = kPowers[static_cast<size_t>(scale_max)];
  const Int128 factor = power_of_ten(type.scale - scale_max);
  const Int128 end = power_of_ten(type.precision);
  return convert<double, Int128>(floats, type, [&](double value, int64_t row) -> Int128 {
    double digits = 0;
    Int128 unscaled = 0;
    if (has_digits(value, power, digits)) {
      unscaled = static_cast<Int128>(digits) * factor;
    } else {
      if (floats.is_null(row)) return 0;
      const std::optional<DecimalDigits> decimal = decimal_of(value, scale_max);
      if (!decimal) refuse(floats, row, at_scale(type.scale));
      unscaled = Int128{decimal->digits} * power_of_ten(type.scale - decimal->scale);
    }
    const bool fits = -end < unscaled && unscaled < end;
    if (!fits && !floats.is_null(row)) refuse(floats, row, "that fits " + to_string(type));
    return fits ? unscaled : Int128{0};
  });
}

Column to_float(const Column& decimals) {
  constexpr auto kEnd = static_cast<Int128>(kDigitsEnd);
  return convert<Int128, double>(decimals, DataType::float64(), [&](Int128 unscaled, int64_t row) {
    int32_t scale = decimals.type().scale;
    const auto is_exact = [&] { return scale <= kScaleMax && -kEnd < unscaled && unscaled < kEnd; };
    for (; !is_exact() && scale > 0 && unscaled % 10 == 0; --scale) unscaled /= 10;
    if (is_exact()) return static_cast<double>(static_cast<int64_t>(unscaled)) / kPowers[static_cast<size_t>(scale)];
    if (decimals.is_null(row)) return 0.0;
    refuse(decimals, row, "of at most " + std::to_string(kFloatDigits) + " digits");
  });
}

}  // namespace varve::table
