// Prices that files keep as decimals on 64-bit integers, though reads give floats.
#pragma once

#include <string_view>

#include "varve/catalog/series_definition.h"
#include "varve/table/table.h"

namespace varve::store {

inline constexpr int32_t kPriceScaleMax = 9;    // places behind the point
inline constexpr int32_t kPricePrecision = 18;  // digits that 64 bits hold

// Columns of prices that came as decimals, as the floats that the series has. Throws as table::to_float.
Schema with_float_prices(const Schema& schema, const catalog::SeriesDefinition& definition);
Table with_float_prices(const Table& rows, const catalog::SeriesDefinition& definition);

// Takes note of the scales that new rows of a series need: those that it has stay as they are or grow. `schema` is that
// of the series with these rows. True if one grew. Throws SchemaCompatibility, naming column, row and value, for one
// that is no decimal of at most kPriceScaleMax places, or has more than kPricePrecision digits with the places of its
// column.
bool grow_price_scales(const Table& rows, const Schema& schema, catalog::SeriesDefinition& definition);

// Rows that were stored before scales grew. Throws SchemaCompatibility, naming series, column, row (by its index) and
// value, for one that has too many digits with the places that its column has by now.
void check_stored_prices(const Table& rows, const catalog::SeriesDefinition& definition, std::string_view key);

// The schema that files have, which is also that of reads that ask for decimals: float64 columns of prices are decimals
// of the scale that the series has by now. `rows` of the series' schema under that of files. Throws as
// table::to_decimal.
Schema with_decimal_prices(const Schema& schema, const catalog::SeriesDefinition& definition);
Table with_decimal_prices(const Table& rows, const catalog::SeriesDefinition& definition);

// Takes over the scales that a file of the series has, where they are more than is known.
void take_price_scales(const Schema& file, catalog::SeriesDefinition& definition);

}  // namespace varve::store
