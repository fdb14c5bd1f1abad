// Numbers on a grid, such as prices on a tick or volumes, as small whole numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>

#include "varve/parquet/number_loops.h"

namespace varve::parquet {

// A linear function from doubles or integers to places on a grid, which a dictionary uses instead of a hash: neighbours
// lie side by side, and no two values of the grid share a place.
class ValueGrid {
 public:
  static constexpr size_t kPlaces = size_t{1} << 17;

  // The coarsest grid of decimal fractions on which all values of `sample` lie, with room around them; nothing if there
  // is none.
  static std::optional<ValueGrid> find_ticks(std::span<const double> sample);
  // One place for each integer around those of `sample`; nothing if these lie too far apart.
  static std::optional<ValueGrid> find_integers(std::span<const int64_t> sample);

  // Sets places[i], which is below kPlaces, for the number whose bits are values[i]. False if one lies outside; what
  // then stands in `places` is of no use. Values off the grid get the place of some neighbour.
  bool place(std::span<const uint64_t> values, uint32_t* places) const noexcept;

 private:
  using FirstInteger = uint64_t;  // the one at place 0, modulo 2^64

  explicit ValueGrid(const std::variant<GridScale, FirstInteger>& scale) : scale_(scale) {}

  std::variant<GridScale, FirstInteger> scale_;
};

}  // namespace varve::parquet
