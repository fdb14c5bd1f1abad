// What one call of read takes from one file: columns and rows, narrowed step by step, then decoded chunk by chunk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "varve/parquet/read/chunk_locator.h"
#include "varve/parquet/read/column_decoder.h"
#include "varve/parquet/read/row_ranges.h"
#include "varve/parquet/read/row_selection.h"
#include "varve/parquet/read/workspace.h"
#include "varve/parquet/reader.h"

namespace varve::parquet {

// Rows of one row group that are wanted.
struct GroupRows {
  size_t group = 0;
  RowRanges rows;
};

// The row groups that hold rows [first, first + count) of the file, which are cut to those that there are.
std::vector<GroupRows> groups_of(const Reader& reader, int64_t first, int64_t count);

// The reader and the options must outlive it. What it throws names the file. `decode` is safe from several threads.
class FileRead {
 public:
  // Throws as Reader::read for what does not fit the file.
  FileRead(const Reader& reader, const ReadOptions& options, std::vector<GroupRows> groups);

  [[nodiscard]] const OpenFile& file() const noexcept { return *file_; }
  [[nodiscard]] Schema schema() const;  // of the columns
  [[nodiscard]] std::span<const LeafColumn* const> columns() const noexcept { return columns_; }
  // None of them empty after `select`.
  [[nodiscard]] const std::vector<GroupRows>& groups() const noexcept { return groups_; }

  // Leaves of the wanted rows those that meet the options' range and condition.
  void select();
  // What chunks say of themselves is checked for all of them before memory is taken for any.
  void check_chunks() const { check_chunks(columns_); }
  // About how many values the pages hold that are to be decoded.
  [[nodiscard]] int64_t values_to_decode() const;
  // The most bytes that a result may rightly take.
  [[nodiscard]] int64_t bytes_max() const;
  // The rows of one group, as decode_chunk.
  [[nodiscard]] DecodedChunk decode(size_t column, size_t group, const RowSpace& space, Workspace& workspace) const;

 private:
  [[nodiscard]] const LeafColumn& find(const std::string& name) const;
  [[noreturn]] void refuse(const std::string& nested) const;
  void check_index(const LeafColumn& index) const;
  void drop_empty_groups();
  void check_chunks(std::span<const LeafColumn* const> columns) const;
  [[nodiscard]] RowRanges match(const ColumnQuestion& question, size_t group, Workspace& workspace) const;
  [[nodiscard]] ChunkRequest request(const LeafColumn& column, const GroupRows& group, Workspace& workspace) const;
  template <typename Body>
  void in_chunk(const LeafColumn& column, size_t group, const Body& body) const;

  const Reader* reader_;
  const OpenFile* file_;
  const ReadOptions* options_;
  std::vector<const LeafColumn*> columns_;
  std::vector<GroupRows> groups_;
};

}  // namespace varve::parquet
