// Decodes what reads take from files into one table.
#pragma once

#include <span>

#include "varve/base/thread_pool.h"
#include "varve/parquet/read/file_read.h"

namespace varve::parquet {

// The rows of the files, whose `select` is done and whose columns have the same types, one after the other, each where
// it stays: nothing is copied together afterwards. There is one file at least, and the schema is the first one's.
// Throws as Reader::read.
Table read_table(std::span<const FileRead> files, base::ThreadPool* pool);

}  // namespace varve::parquet
