// Reads conditions as people write them.
#pragma once

#include <string_view>

#include "varve/table/predicate/predicate.h"

namespace varve {

// `close > 50000 and (side = "B" or not venue in ("XNAS", "ARCX"))`: comparisons of a column with a value (`=` or `==`,
// `!=` or `<>`, `<`, `<=`, `>`, `>=`), `in (…)`, `not in (…)`, `between … and …` (both ends inside), `is null`, `is not
// null`, the words `true` and `false`, joined by `and`, `or` and `not` with brackets; words in any case. `not` binds
// closest, then `and`. A column whose name is no word stands in backquotes, one of which is written twice within.
// Values are numbers (`5`, `-1.5`, `1e9`), texts in single or double quotes (written twice within), `true`, `false`,
// and, without quotes, moments (`2024-03-05T10:15:00Z`), days (`2024-03-05`) and lengths of time (`1h30m`). Throws
// InvalidArgument, with the text and the place, for anything else.
Predicate parse_predicate(std::string_view text);

}  // namespace varve
