// Reads several Parquet files as one table.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "varve/parquet/reader.h"

namespace varve::parquet {

struct FilePart {
  std::shared_ptr<const Reader> reader;
  bool inside = false;  // all of its rows are known to lie within ReadOptions::range
};

struct JointTable {
  Table table;
  std::vector<int64_t> rows;  // of each part, in their order
};

// The rows of the parts that the options leave, one part after the other. They are decoded side by side straight into
// the columns of the result: many files cost no more memory and hardly more time than one that holds them all. The
// schema is that of the first part; there is one at least. Throws InvalidArgument for parts whose columns have other
// types; else as Reader::read.
JointTable read_jointly(std::span<const FilePart> parts, const ReadOptions& options);

}  // namespace varve::parquet
