// Compression codecs by name, block by block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "varve/base/buffer.h"

namespace varve::compress {

enum class Codec { kNone, kSnappy, kGzip, kLz4Raw, kLz4Hadoop, kZstd, kBrotli };

std::string_view to_string(Codec codec) noexcept;  // "none", "snappy", "gzip", "lz4", "lz4_hadoop", "zstd", "brotli"
Codec parse_codec(std::string_view name);          // throws InvalidArgument, listing the names

inline constexpr int kDefaultLevel = -1000;

// Compresses and decompresses single blocks; keeps the library's working memory between calls. Move-only; one thread at
// a time. gzip blocks are whole gzip members; lz4 is the raw block format; lz4_hadoop (read only) the framing that old
// Parquet writers used, falling back to frames and raw blocks as they did.
class BlockCodec {
 public:
  // `level`: zstd 1 to 22 (default 1), gzip 1 to 9 (default 6), brotli 0 to 11 (default 5), none for the others.
  // Throws InvalidArgument for a level that the codec does not have.
  explicit BlockCodec(Codec codec, int level = kDefaultLevel);
  ~BlockCodec();
  BlockCodec(BlockCodec&&) noexcept;
  BlockCodec& operator=(BlockCodec&&) noexcept;

  // Most bytes that compressing `size` bytes can give.
  [[nodiscard]] size_t bound(size_t size) const;
  // Compresses `input` into `output`, at least bound(input.size()) large; returns the bytes used.
  // `streams`: the input is that many streams of equal length one behind the other, each with bytes of its own kind;
  // zstd then keeps statistics for each of them. Throws InvalidArgument for more bytes than the codec can take at
  // once, NotSupported for lz4_hadoop.
  size_t compress(std::span<const std::byte> input, std::span<std::byte> output, size_t streams = 1);
  // Fills `output` exactly. Throws Corruption if the block is damaged or does not give just that many bytes.
  void decompress(std::span<const std::byte> input, std::span<std::byte> output);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace varve::compress
