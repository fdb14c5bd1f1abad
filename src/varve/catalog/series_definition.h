// What is said of a series when it is made.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace varve::catalog {

// Float columns that files keep as decimals.
struct DecimalPrices {
  bool all_floats = false;                // any column of floats; else those that have a scale
  std::map<std::string, int32_t> scales;  // places behind the point, by column: so many as rows up to now needed

  bool operator==(const DecimalPrices&) const = default;
};

// What a series is, from one of its versions on until a write defines it anew. `kind`, `layout` and `compression` are
// words whose meaning lies above.
struct SeriesDefinition {
  std::string kind;                   // "ohlcv"
  std::string index = "timestamp";    // "": untimed
  std::vector<std::string> identity;  // without the index
  bool has_identity = false;          // rows are unique by index and identity (which may be the index alone)
  std::string layout = "range";
  std::string compression = "auto";
  int64_t target_rows_per_file = 0;
  std::optional<DecimalPrices> prices;  // empty: floats are kept as floats

  bool operator==(const SeriesDefinition&) const = default;
};

}  // namespace varve::catalog
