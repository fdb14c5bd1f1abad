// What series were defined as before, which is what their older versions are read by. All within a transaction of the
// caller's.
#pragma once

#include <cstdint>
#include <optional>

#include "varve/catalog/series_definition.h"

namespace varve::catalog {

class Database;

// Keeps what the table `series` says of a series at this moment as what its versions before `until_version` were.
void keep_former_definition(Database& database, int64_t series_id, int64_t until_version);

// What the series was at a version; nothing: what it is.
std::optional<SeriesDefinition> select_former_definition(Database& database, int64_t series_id, int64_t version);

// Forgets what no version is read by any more.
void drop_former_definitions(Database& database, int64_t series_id);

}  // namespace varve::catalog
