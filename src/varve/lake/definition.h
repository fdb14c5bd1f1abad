// What a series is by its first write, and whether a later one agrees.
#pragma once

#include <string_view>

#include "varve/catalog/catalog.h"
#include "varve/lake/options.h"
#include "varve/table/schema.h"

namespace varve {

// The definition of a new series of rows with `schema`: as the options say, else by the kind's rules and the columns.
// Throws InvalidArgument for options that make no sense for such rows, NotFound for an index column that is not there.
catalog::SeriesDefinition define_series(const SeriesOptions& options, const Schema& schema);

// Throws InvalidArgument, naming both, where an option that is given is not what the series has.
void check_agreement(std::string_view key, const catalog::SeriesDefinition& definition, const SeriesOptions& options);

}  // namespace varve
