// The encoders' inner loops over numbers, compiled for several kinds of processor; the one at hand chooses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace varve::parquet {

// NaN is neither least nor greatest. Without other values `least` is the highest number that T has (infinity, for
// floats) and `greatest` the lowest.
template <typename T>
struct Extremes {
  T least;
  T greatest;
  bool has_nan;
};

// Where zeros of both signs are extremes, either is told.
Extremes<float> extremes_of(std::span<const float> values) noexcept;
Extremes<double> extremes_of(std::span<const double> values) noexcept;
Extremes<int32_t> extremes_of(std::span<const int32_t> values) noexcept;
Extremes<uint32_t> extremes_of(std::span<const uint32_t> values) noexcept;
Extremes<int64_t> extremes_of(std::span<const int64_t> values) noexcept;
Extremes<uint64_t> extremes_of(std::span<const uint64_t> values) noexcept;

// A linear function from doubles to whole numbers, which are found in the low bits of a sum with a large number.
struct GridScale {
  double places_per_unit;
  double rounder;   // added to value * places_per_unit
  uint64_t origin;  // the bits of that sum at place 0
};

// Sets places[i] for the double whose bits are values[i]: the low half of its place. False, and of no use, if a place
// is not below `places_max`, a power of two.
bool place_values(std::span<const uint64_t> values, const GridScale& scale, uint64_t places_max,
                  uint32_t* places) noexcept;

// The same for integers, of which `first` lies at place 0; modulo 2^64.
bool place_values(std::span<const uint64_t> values, uint64_t first, uint64_t places_max, uint32_t* places) noexcept;

// Differences that are taken at a time.
inline constexpr size_t kDifferences = 128;

// Sets differences[i] = values[i] - values[i - 1] - least, where `least`, which is returned, is the least difference of
// all, for i from 0 to kDifferences - 1; values[-1] is there, too. All arithmetic wraps around.
int32_t take_differences(const int32_t* values, uint32_t* differences) noexcept;
int64_t take_differences(const int64_t* values, uint64_t* differences) noexcept;

}  // namespace varve::parquet
