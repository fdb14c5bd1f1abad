#include "varve/parquet/write/value_grid.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace varve::parquet {

namespace {

constexpr int kDecimalsMax = 9;
constexpr double kTicksMax = 1e13;
constexpr double kRoundingError = 0x1p-50;  // of the product of a number and of what made it

// Adding this to a number below 2^51 in size leaves the number, rounded, in the lowest bits.
constexpr double kRounder = 0x1.8p52;

// True if all values are whole multiples of 1 / `denominator`, but for rounding, whose greatest common divisor is then
// `divisor`.
bool lie_on(std::span<const double> sample, double denominator, int64_t& divisor) {
  divisor = 0;
  for (const double value : sample) {
    const double scaled = value * denominator;
    const double ticks = std::nearbyint(scaled);
    if (!(std::fabs(ticks) < kTicksMax) || std::fabs(ticks - scaled) > std::fabs(scaled) * kRoundingError) return false;
    if (divisor != 1) divisor = std::gcd(divisor, static_cast<int64_t>(ticks));
  }
  return true;
}

}  // namespace

std::optional<ValueGrid> ValueGrid::find_ticks(std::span<const double> sample) {
  if (sample.empty()) return std::nullopt;
  double denominator = 1;
  int64_t divisor = 0;
  for (int decimals = 0; !lie_on(sample, denominator, divisor); ++decimals, denominator *= 10) {
    if (decimals == kDecimalsMax) return std::nullopt;
  }
  const double places_per_unit = denominator / static_cast<double>(std::max<int64_t>(divisor, 1));
  const auto [least, greatest] = std::minmax_element(sample.begin(), sample.end());
  const double first = std::nearbyint(*least * places_per_unit);
  const double last = std::nearbyint(*greatest * places_per_unit);
  const double margin = std::floor((static_cast<double>(kPlaces) - (last - first)) / 2);
  if (margin < 1) return std::nullopt;
  return ValueGrid(GridScale{places_per_unit, kRounder, std::bit_cast<uint64_t>(kRounder + (first - margin))});
}

std::optional<ValueGrid> ValueGrid::find_integers(std::span<const int64_t> sample) {
  if (sample.empty()) return std::nullopt;
  const auto [least, greatest] = std::minmax_element(sample.begin(), sample.end());
  const auto first = static_cast<uint64_t>(*least);
  const uint64_t between = static_cast<uint64_t>(*greatest) - first;
  if (between >= kPlaces) return std::nullopt;
  return ValueGrid(first - (kPlaces - between) / 2);
}

bool ValueGrid::place(std::span<const uint64_t> values, uint32_t* places) const noexcept {
  return std::visit([&](const auto& scale) { return place_values(values, scale, kPlaces, places); }, scale_);
}

}  // namespace varve::parquet
