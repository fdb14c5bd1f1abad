// Puts encoded values and levels together to the pages of one column chunk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "varve/base/buffer.h"
#include "varve/compress/codec.h"
#include "varve/parquet/format.h"
#include "varve/parquet/writer.h"

namespace varve::parquet {

// What a block is, for its codec.
struct BlockContent {
  size_t streams = 1;               // as BlockCodec takes them
  bool dictionary_indexes = false;  // read so fast that unpacking would take most of the time
};
BlockContent content_of(Encoding encoding, size_t streams) noexcept;

// Packs blocks where that pays: for `auto` where it takes off at least a tenth, or a seventh of dictionary indexes (of
// these, and of dictionaries, a part is tried first); for a codec asked for by name where it takes off anything. Keeps
// the codec's working memory; one thread at a time.
class PagePacker {
 public:
  // Throws InvalidArgument for a level that the codec does not have.
  explicit PagePacker(const CompressionSetting& setting);

  [[nodiscard]] CompressionCodec codec() const noexcept;
  // The packed block, shown until the next call, or nothing if it does not pay.
  std::optional<std::span<const std::byte>> pack(std::span<const std::byte> block, const BlockContent& content = {});
  // As pack, at the price of more time, unless a level was asked for: for a dictionary that is much of its chunk.
  std::optional<std::span<const std::byte>> pack_thoroughly(std::span<const std::byte> block);
  // As pack, whether it pays or not.
  std::span<const std::byte> pack_always(std::span<const std::byte> block, size_t streams = 1);
  [[nodiscard]] bool is_automatic() const noexcept { return setting_.codec == Compression::kAuto; }

 private:
  // False where a part shows that packing all of a large block will not pay.
  bool may_shrink(std::span<const std::byte> block);

  CompressionSetting setting_;
  compress::BlockCodec codec_;
  std::optional<compress::BlockCodec> thorough_;  // made when first used
  base::MutableBuffer packed_;
};

// The values of one data page.
struct DataPage {
  int32_t num_rows = 0;
  int32_t num_nulls = 0;
  Encoding encoding = Encoding::kPlain;
  std::span<const std::byte> levels;  // definition levels, empty for a column that cannot hold nulls
  std::span<const std::byte> values;
  size_t streams = 1;  // of BYTE_STREAM_SPLIT
};

// The pages of a chunk as they will lie in the file, places counted from the chunk's own beginning.
struct ChunkPages {
  base::MutableBuffer dictionary;  // lies before the data pages; empty if there is none
  base::MutableBuffer data;
  CompressionCodec codec = CompressionCodec::kUncompressed;
  int64_t uncompressed_size = 0;  // of both, with headers
  OffsetIndex offsets;            // of data pages, from the beginning of `data`
};

// What is known of a chunk's data pages beforehand.
struct ExpectedPages {
  size_t bytes = 0;    // of all of them, about
  bool shrink = true;  // false: a sample of the chunk did not, so that few pages are tried
};

class PageWriter {
 public:
  PageWriter(PagePacker& packer, const ExpectedPages& expected);

  // Adds a page (DataPageV2, with its checksum).
  void add(const DataPage& page);
  // Ends the chunk. `dictionary` (PLAIN-encoded, `entries` of them) comes first, if there is one.
  ChunkPages finish(std::span<const std::byte> dictionary, size_t entries);

 private:
  std::optional<std::span<const std::byte>> try_pack(const DataPage& page);

  PagePacker& packer_;
  ChunkPages pages_;
  int64_t num_rows_ = 0;
  bool any_packed_ = false;
  size_t pages_to_skip_;  // before the next is tried
  size_t pages_between_tries_;
};

}  // namespace varve::parquet
