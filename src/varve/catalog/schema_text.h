// The JSON text that the catalog keeps: schemas, lists of columns, and what users bring.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "varve/catalog/series_definition.h"
#include "varve/table/schema.h"

namespace varve::catalog {

// [{"name":"close","type":"float64"},{"name":"symbol","type":"string","nullable":false}]; a field is nullable if
// nothing is said. The schema's metadata are left out.
std::string to_text(const Schema& schema);
// ["symbol","provider"]. Throws InvalidArgument for names that are not UTF-8.
std::string to_text(const std::vector<std::string>& columns);

// {"all":false,"scales":{"close":5}}.
std::string to_text(const DecimalPrices& prices);

// The inverses. Throw Corruption, with the text, for anything else.
Schema parse_schema(std::string_view text);
std::vector<std::string> parse_columns(std::string_view text);
DecimalPrices parse_prices(std::string_view text);

// Text of users, kept as it is.
enum class JsonShape { kArray, kObject };
inline constexpr size_t kJsonBytesMax = size_t{1} << 20;
inline constexpr int kJsonDepthMax = 100;
// Throws InvalidArgument, beginning with `what`, for anything but a JSON array or object, and for one that is larger or
// deeper than that.
void check_json(std::string_view text, JsonShape shape, std::string_view what);

}  // namespace varve::catalog
