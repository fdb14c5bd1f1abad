// Columns of a series dropped or renamed, and what that makes of its schema and of rows written before.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "varve/catalog/catalog.h"
#include "varve/table/table.h"

namespace varve::store {

// Columns by the names that they have. All happens at once: two columns can take each other's name.
struct ColumnChange {
  std::vector<std::string> dropped = {};
  std::vector<std::pair<std::string, std::string>> renamed = {};  // from, to
};

// The schema afterwards; columns keep their order. Throws NotFound for a column that is not there, AlreadyExists for a
// new name that a column has, InvalidArgument for the index, a column of the identity (what rows are ordered and told
// apart by is fixed when a series is made), a column named twice, a bad name, or if no column would be left.
Schema change_columns(const Schema& schema, const ColumnChange& change, const catalog::SeriesDefinition& definition);

// Whether a column that both have has another type.
bool changes_types(const Schema& before, const Schema& after);

// The definition afterwards: prices keep their scales under their new names, and what is no price does not become one
// by a new name; one that is dropped begins at no places if it comes again. True if it changes.
bool rename_prices(const ColumnChange& change, catalog::SeriesDefinition& definition);

// Rows of a file of the series, which may be older than a column, under `schema`, that of after the change.
Table change_columns(const Table& rows, const ColumnChange& change, const Schema& schema);

}  // namespace varve::store
