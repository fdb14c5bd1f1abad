// Reads the pages of one column chunk one after the other: headers, checksums, decompression.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "varve/base/buffer.h"
#include "varve/base/file_system.h"
#include "varve/compress/codec.h"
#include "varve/parquet/format.h"
#include "varve/parquet/read/workspace.h"

namespace varve::parquet {

// Where a chunk lies and how it is packed. `begin` and `end` must lie within the file.
struct ChunkLocation {
  uint64_t begin = 0;
  uint64_t end = 0;
  CompressionCodec codec = CompressionCodec::kUncompressed;
  bool optional = false;  // data pages hold definition levels of one bit
  bool verify_checksums = true;
};

// The body of one data or dictionary page, unpacked.
struct Page {
  Encoding encoding = Encoding::kPlain;
  int64_t num_values = 0;  // nulls included
  std::optional<int64_t> num_nulls;
  Encoding level_encoding = Encoding::kRle;
  std::span<const std::byte> levels;  // definition levels without a length before them
  std::span<const std::byte> values;
  base::BufferPtr owner;  // of the values, where they do not go with the next page
};

// Walks over the pages. One thread. Everything it throws about the bytes is Corruption (or NotSupported for a codec).
// A page's bytes are only read when they are loaded, except for what comes in by the way.
class PageReader {
 public:
  // `file` and `workspace` must outlive this object.
  PageReader(const base::File& file, const ChunkLocation& chunk, Workspace& workspace);

  // Goes to the page at `begin`; nothing from `end` on is read.
  void seek(uint64_t begin, uint64_t end);
  // The next page's header, or null where the bytes end. Valid until the next call.
  const PageHeader* next();
  // The body of the page that `next` gave. Valid until the next call of either.
  Page load();

 private:
  std::span<const std::byte> fetch(uint64_t offset, size_t size);
  void drop_front(size_t skipped, size_t wanted);
  void grow_window(size_t size);
  std::span<const std::byte> unpack(std::span<const std::byte> stored, size_t size);
  void parse_header();
  Page load_data_page(std::span<const std::byte> stored);
  Page load_data_page_v2(std::span<const std::byte> stored);

  const base::File& file_;
  ChunkLocation chunk_;
  Workspace& workspace_;
  compress::BlockCodec& codec_;
  uint64_t position_;  // of the next header
  uint64_t end_;
  uint64_t body_ = 0;  // of the page at hand
  PageHeader header_;
  uint64_t window_begin_ = 0;
  base::MutableBuffer& window_;  // bytes of the file from window_begin_
};

// The values that a data page says it holds, nulls included. Throws Corruption if the header contradicts itself.
int64_t num_values_of(const PageHeader& header);

}  // namespace varve::parquet
