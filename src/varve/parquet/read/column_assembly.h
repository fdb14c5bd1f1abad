// Puts the pieces that tasks decode together into one column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "varve/base/buffer.h"
#include "varve/base/thread_pool.h"
#include "varve/parquet/read/column_decoder.h"
#include "varve/parquet/read/joined_strings.h"
#include "varve/parquet/schema_mapping.h"
#include "varve/table/column.h"

namespace varve::parquet {

// One column in the making. Its pieces follow one another; each is decoded by one task. `space_of` and `set` may be
// called for different pieces by several threads.
class ColumnAssembly {
 public:
  // `piece_rows` is the number of rows of each piece. Takes the final buffers from `budget` (Corruption).
  ColumnAssembly(const LeafColumn& column, const std::vector<int64_t>& piece_rows, MemoryBudget& budget);

  // Where the piece goes. `set` must follow, unless the column is given up.
  [[nodiscard]] RowSpace space_of(size_t piece);
  void set(size_t piece, DecodedChunk chunk);
  // The column, once all pieces are set. The object is spent.
  Column finish();

 private:
  [[nodiscard]] std::byte* values_of(size_t piece) noexcept;
  void unite_validity(ColumnParts& parts);
  void unite_bits(ColumnParts& parts);
  void unite_strings(ColumnParts& parts);
  void unite_dictionaries(ColumnParts& parts);

  DataType type_;
  int64_t rows_ = 0;
  std::vector<int64_t> first_rows_;
  std::vector<DecodedChunk> pieces_;
  base::MutableBuffer values_;
  std::unique_ptr<JoinedStrings> strings_;  // of several pieces
};

}  // namespace varve::parquet
