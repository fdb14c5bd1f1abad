// Changes of type that lose nothing, and tables brought to one schema.
#pragma once

#include <string_view>

#include "varve/table/table.h"

namespace varve::table {

// `column` as `type`. Allowed where each value stays exact, checked value by value: integers to integers, to decimals
// and to floats; between floats; floats that are whole to integers; dates to timestamps; timestamps between units and
// zones (the moment stays); times and durations between units; decimals between scales, and to float64 and back where
// neither loses the other (decimals/float_decimal.h); strings and dictionaries of strings (or binary) to each other;
// null to anything. A naive timestamp is no moment and never becomes one with a zone, nor the other way round. Throws
// SchemaCompatibility, naming types, row and value, for anything else.
Column cast(const Column& column, const DataType& type);

// The type that can hold what `older` and `newer` hold: equal types; integers widen within their sign, unsigned with
// signed to the next wider signed; the wider of two floats; integers with floats to float64; decimals to the digits of
// both; null with anything. A timestamp keeps `older`'s unit and zone, and a string or a dictionary of strings stays
// what it is in `older`, provided that the newer values fit (checked by cast).
// Throws SchemaCompatibility, naming `name` and both types.
DataType unify(const DataType& older, const DataType& newer, std::string_view name);

// The columns of `older`, with types widened by those of `newer`, then new columns of `newer`; metadata of `older`.
// A column may hold nulls if it may in either or is missing from one.
Schema unify(const Schema& older, const Schema& newer);

// `table` with exactly the columns of `schema`, in its order: cast where needed, nulls where absent; columns that the
// schema does not have are left out. Does not copy what already fits. Throws as cast does, naming the column, and
// InvalidArgument for a null where the schema allows none.
Table conform(const Table& table, const Schema& schema);

}  // namespace varve::table
