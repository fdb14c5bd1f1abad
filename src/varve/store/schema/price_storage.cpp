#include "varve/store/schema/price_storage.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "varve/base/error.h"
#include "varve/table/cast.h"
#include "varve/table/decimals/float_decimal.h"
#include "varve/table/print.h"

namespace varve::store {
namespace {

bool is_price(const std::string& name, const catalog::SeriesDefinition& definition) {
  if (!definition.prices || name == definition.index) return false;
  if (definition.prices->scales.contains(name)) return true;
  const std::vector<std::string>& identity = definition.identity;
  return definition.prices->all_floats && std::find(identity.begin(), identity.end(), name) == identity.end();
}

int32_t scale_of(const std::string& name, const catalog::DecimalPrices& prices) {
  const auto at = prices.scales.find(name);
  return at == prices.scales.end() ? 0 : at->second;
}

// Throws for a value that has too many digits once all values have so many places.
void check_digits(const Column& prices, int32_t scale) {
  const double end = std::pow(10.0, kPricePrecision - scale);  // exact
  const std::span<const double> values = prices.values<double>();
  for (size_t at = 0; at < values.size(); ++at) {
    const auto row = static_cast<int64_t>(at);
    if (std::fabs(values[at]) < end || prices.is_null(row)) continue;
    throw SchemaCompatibility("row {} is {}, which has more than {} digits with the {} places of this column", row,
                              table::value_text(prices, row), kPricePrecision, scale);
  }
}

// The first value that is no decimal of the scale, or has too many digits with it; there is one.
int64_t first_misfit(const Column& prices, int32_t scale) {
  const double end = std::pow(10.0, kPricePrecision - scale);  // exact
  const std::span<const double> values = prices.values<double>();
  int64_t row = 0;
  const auto fits = [&] {
    const double value = values[static_cast<size_t>(row)];
    return prices.is_null(row) || (std::fabs(value) < end && table::decimal_of(value, scale));
  };
  while (row + 1 < prices.length() && fits()) ++row;
  return row;
}

std::string name_row(const Table& rows, int64_t row, const std::string& index) {
  return index.empty() ? "a row" : "the row of " + table::value_text(rows.column(index), row);
}

}  // namespace

Schema with_float_prices(const Schema& schema, const catalog::SeriesDefinition& definition) {
  if (!definition.prices) return schema;
  std::vector<Field> fields = schema.fields();
  for (Field& field : fields) {
    if (field.type.id == TypeId::kDecimal && is_price(field.name, definition)) field.type = DataType::float64();
  }
  return Schema(std::move(fields), schema.metadata());
}

Table with_float_prices(const Table& rows, const catalog::SeriesDefinition& definition) {
  return definition.prices ? table::conform(rows, with_float_prices(rows.schema(), definition)) : rows;
}

bool grow_price_scales(const Table& rows, const Schema& schema, catalog::SeriesDefinition& definition) {
  if (!definition.prices) return false;
  bool grew = false;
  for (size_t position = 0; position < rows.num_columns(); ++position) {
    const std::string& name = rows.schema()[position].name;
    const auto in_series = schema.find(name);
    if (!in_series || schema[*in_series].type != DataType::float64() || !is_price(name, definition)) continue;
    const int32_t scale = scale_of(name, *definition.prices);
    try {
      const Column prices = table::cast(rows.column(position), DataType::float64());
      const int32_t needed = table::decimal_scale(prices, scale, kPriceScaleMax);
      check_digits(prices, needed);
      if (needed == scale && definition.prices->scales.contains(name)) continue;
      definition.prices->scales[name] = needed;
      grew = true;
    } catch (const SchemaCompatibility& error) {
      throw SchemaCompatibility("column {}, whose prices are kept as decimals: {}", name, error.what());
    }
  }
  return grew;
}

void check_stored_prices(const Table& rows, const catalog::SeriesDefinition& definition, std::string_view key) {
  const Schema stored = with_decimal_prices(rows.schema(), definition);
  for (size_t position = 0; position < rows.num_columns(); ++position) {
    if (stored[position].type == rows.schema()[position].type) continue;
    const int32_t scale = stored[position].type.scale;
    const Column& prices = rows.column(position);
    try {
      static_cast<void>(table::decimal_scale(prices, scale, scale));
      check_digits(prices, scale);
    } catch (const SchemaCompatibility&) {
      const int64_t row = first_misfit(prices, scale);
      throw SchemaCompatibility(
          "series {}: column {}, whose prices are kept as decimals: {} that is stored is {}, "
          "which does not fit {} digits with the {} places of this column",
          quote(key), stored[position].name, name_row(rows, row, definition.index), table::value_text(prices, row),
          kPricePrecision, scale);
    }
  }
}

Schema with_decimal_prices(const Schema& schema, const catalog::SeriesDefinition& definition) {
  if (!definition.prices) return schema;
  std::vector<Field> fields = schema.fields();
  for (Field& field : fields) {
    if (field.type != DataType::float64() || !is_price(field.name, definition)) continue;
    field.type = DataType::decimal(kPricePrecision, scale_of(field.name, *definition.prices));
  }
  return Schema(std::move(fields), schema.metadata());
}

Table with_decimal_prices(const Table& rows, const catalog::SeriesDefinition& definition) {
  return definition.prices ? table::conform(rows, with_decimal_prices(rows.schema(), definition)) : rows;
}

void take_price_scales(const Schema& file, catalog::SeriesDefinition& definition) {
  if (!definition.prices) return;
  for (const Field& field : file.fields()) {
    if (field.type.id != TypeId::kDecimal || !is_price(field.name, definition)) continue;
    int32_t& scale = definition.prices->scales[field.name];
    scale = std::max(scale, std::min(field.type.scale, kPriceScaleMax));
  }
}

}  // namespace varve::store
