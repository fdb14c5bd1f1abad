// Where the rows of a chunk go, by how they lie in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "varve/base/buffer.h"
#include "varve/parquet/read/page_reader.h"
#include "varve/parquet/read/workspace.h"
#include "varve/parquet/schema_mapping.h"
#include "varve/table/column.h"
#include "varve/table/index.h"

namespace varve::parquet {

// The rows of one page.
struct PageRows {
  int64_t count = 0;
  int64_t present = 0;
  const uint8_t* levels = nullptr;          // a byte 0 or 1 a row; null: all are present
  std::span<const table::RowRange> wanted;  // rows of the page to keep

  [[nodiscard]] bool whole() const { return wanted.size() == 1 && wanted[0].last - wanted[0].first == count; }
};

// Where a chunk's rows lie in the column.
struct RowSpace {
  std::byte* values = nullptr;  // of fixed width, or indices: room for all of them
  int64_t* offsets = nullptr;   // of strings: the first is set, the others have room; null if not known yet
  base::MutableBuffer* characters = nullptr;  // of strings, added at the end
};

// What of a chunk's rows does not lie in the column's final buffers right away.
struct DecodedChunk {
  int64_t rows = 0;
  int64_t null_count = 0;
  base::MutableBuffer validity;              // one bit a row; not allocated if no row is null
  base::MutableBuffer bits;                  // kBits
  base::MutableBuffer offsets;               // kVariable without a place: rows + 1, the first 0
  base::MutableBuffer characters;            // the same
  std::shared_ptr<const Column> dictionary;  // kIndexed
};

// Takes the pages of one chunk in their order. One virtual call a page. Each throws Corruption for bytes that do not
// hold what the page says.
class RowTarget {
 public:
  virtual ~RowTarget() = default;
  virtual void set_dictionary(const Page& page) = 0;
  virtual void add(const Page& page, const PageRows& rows) = 0;
  // True if nothing of the page has to be read to know what becomes of its rows `wanted`; `add` is then not called.
  virtual bool skip(const PageHeader&, std::span<const table::RowRange>) { return false; }
  // Hands over what was collected besides values of fixed width.
  virtual void finish(DecodedChunk& chunk) = 0;
};

// The target for `rows` rows of a column. Throws NotSupported if the column's type cannot be had from the stored one.
// The arguments must outlive the target.
std::unique_ptr<RowTarget> make_row_target(const LeafColumn& column, int64_t rows, const RowSpace& space,
                                           Workspace& workspace);

}  // namespace varve::parquet
