// Schemas and lists of columns as the JSON text that the catalog keeps.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "varve/table/schema.h"

namespace varve::catalog {

// [{"name":"close","type":"float64"},{"name":"symbol","type":"string","nullable":false}]; a field is nullable if
// nothing is said. The schema's metadata are left out.
std::string to_text(const Schema& schema);
// ["symbol","provider"]. Throws InvalidArgument for names that are not UTF-8.
std::string to_text(const std::vector<std::string>& columns);

// The inverses. Throw Corruption, with the text, for anything else.
Schema parse_schema(std::string_view text);
std::vector<std::string> parse_columns(std::string_view text);

}  // namespace varve::catalog
