// Turns one value of many series into one column a series.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "varve/base/thread_pool.h"
#include "varve/table/table.h"

namespace varve::store {

// `rows` are an index (timestamp or date, without nulls) and a value: of the first key as many as `counts` says, then
// those of the second, and so on; those of each in order. The result has a row for each index value that any key has,
// in order: the index, and for each key its values, null where it has none. Throws InvalidArgument for two rows of a
// key with one index value, naming both, and for a key whose name is the index's.
Table make_wide(const Table& rows, std::span<const std::string> keys, std::span<const int64_t> counts,
                base::ThreadPool* pool);

}  // namespace varve::store
