// Gives times without a zone their zone.
#pragma once

#include <string>
#include <string_view>

#include "varve/table/table.h"

namespace varve {

// The table with the naive timestamps of `column` as moments in UTC, of the same unit: what the clocks of `zone` (a
// name or an offset, see base::Zone) show is what stands there. Throws InvalidArgument for a null, for a reading that
// those clocks skip or show twice, and for a time outside 1677 to 2262; NotFound for an unknown zone.
Table localize(const Table& table, const std::string& column, std::string_view zone);

// The same of an index, if it holds times without a zone: these are never guessed. Throws InvalidArgument if `zone` is
// empty then.
Table with_zone(const Table& table, const std::string& index, const std::string& zone);

}  // namespace varve
