// Changes of type that lose nothing, and tables brought to one schema.
#pragma once

#include <string_view>

#include "varve/table/table.h"

namespace varve::table {

// `column` as `type`. Allowed where each value stays exact, checked value by value: integers to integers, to decimals
// and to floats; float32 to float64 (and back if exact); floats that are whole to integers; dates to timestamps;
// timestamps between units and zones (the moment stays); decimals between scales; strings and dictionaries of strings
// to each other; null to anything. Throws SchemaCompatibility, naming types, row and value, for anything else.
Column cast(const Column& column, const DataType& type);

// The type that can hold what `older` and `newer` hold (design.md, schema rules): equal types; integers widen within
// their sign, unsigned with signed to the next wider signed; float32 with float64; integers with floats to float64;
// null with anything. A timestamp keeps `older`'s unit and zone, provided that the newer values fit (checked by cast).
// Throws SchemaCompatibility, naming `name` and both types.
DataType unify(const DataType& older, const DataType& newer, std::string_view name);

// The columns of `older`, with types widened by those of `newer`, then new columns of `newer`.
Schema unify(const Schema& older, const Schema& newer);

// `table` with exactly the columns of `schema`, in its order: cast where needed, nulls where absent; columns that the
// schema does not have are left out. Does not copy what already fits.
Table conform(const Table& table, const Schema& schema);

}  // namespace varve::table
