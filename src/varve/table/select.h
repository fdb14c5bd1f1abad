// Rows chosen from tables, and tables put one after the other.
#pragma once

#include <cstdint>
#include <span>

#include "varve/base/thread_pool.h"
#include "varve/table/table.h"

namespace varve::table {

// The rows of `source` at `rows`, in that order, repeats allowed; -1 gives a null.
// Throws InvalidArgument for a row that is not there. Columns are worked on side by side if `pool` is given.
Column take(const Column& source, std::span<const int64_t> rows);
Table take(const Table& source, std::span<const int64_t> rows, base::ThreadPool* pool = nullptr);

// The rows where `mask` (boolean, as long as the table) is true; null counts as false.
Table filter(const Table& source, const Column& mask, base::ThreadPool* pool = nullptr);

// One after the other. All must have the same schema (metadata of the first is kept); one table alone is returned as
// it is, without copying. Dictionaries are united. Throws SchemaCompatibility if schemas differ, InvalidArgument if
// there is none.
Column concatenate(std::span<const Column> pieces);
Table concatenate(std::span<const Table> pieces, base::ThreadPool* pool = nullptr);

}  // namespace varve::table
