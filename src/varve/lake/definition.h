// What a series is by its first write, whether a later one agrees, and which version of it is meant.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "varve/catalog/history.h"
#include "varve/catalog/series_definition.h"
#include "varve/lake/options.h"
#include "varve/table/schema.h"

namespace varve {

// The definition of a new series of rows with `schema`: as the options say, else by the kind's rules and the columns.
// Throws InvalidArgument for options that make no sense for such rows, NotFound for an index column that is not there.
catalog::SeriesDefinition define_series(const SeriesOptions& options, const Schema& schema);

// Whether the index of such a series holds dates.
bool has_dates(const catalog::SeriesDefinition& definition, const Schema& schema);

// Whether prices are decimals ("decimal") or floats ("float"). Throws InvalidArgument for another word.
bool parse_prices(std::string_view text);

// The version of a key that is meant; the newest if nothing is said. Throws NotFound for a number that no version has.
catalog::VersionWanted to_version(std::string_view key, const std::optional<AsOf>& as_of);

// The options that make a series like this one of rows with `schema`.
SeriesOptions to_options(const catalog::SeriesDefinition& definition, const Schema& schema);

// Throws InvalidArgument, naming both, where an option that is given is not what the series has.
void check_agreement(std::string_view key, const catalog::SeriesDefinition& definition, const SeriesOptions& options);

// Whether both say the same of a series; scales of prices, which grow with its rows, are not looked at.
bool is_like(const catalog::SeriesDefinition& one, const catalog::SeriesDefinition& other);

// The columns that a write adds to the identity of its series: those of its kind that `rows` brings and `series`, the
// schema up to now, does not have. Rows that are there have nulls in them, so none of them becomes like another. A
// series without identity gets none, and one whose columns are not the kind's keeps them.
std::vector<std::string> identity_growth(const catalog::SeriesDefinition& definition, const Schema& series,
                                         const Schema& rows);

}  // namespace varve
