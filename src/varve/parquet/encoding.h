// Parquet's encodings of runs of values, one pair of functions each; pages and levels are put together elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "varve/base/buffer.h"

namespace varve::parquet {

// Encoders add to the end of `out`. Decoders read from `bytes`, fill `out` exactly and throw Corruption if the bytes
// do not hold that many values; they return the bytes consumed where more may follow. All are defined by
// parquet-format's Encodings.md. Bits and integers are little-endian.

// Bits needed for values up to `max`: 0 for 0.
int bit_width_of(uint64_t max) noexcept;

// RLE / bit-packed hybrid of unsigned values of `bit_width` bits (0 to 32), without a length prefix.
void encode_hybrid(std::span<const uint32_t> values, int bit_width, base::MutableBuffer& out);
void encode_hybrid_run(uint32_t value, size_t count, int bit_width, base::MutableBuffer& out);  // one run of one value
size_t decode_hybrid(std::span<const std::byte> bytes, int bit_width, std::span<uint32_t> out);
// The same for single bits kept as bytes 0 and 1 (levels, booleans), counting the ones.
void encode_hybrid_bits(std::span<const uint8_t> values, base::MutableBuffer& out);
int64_t decode_hybrid_bits(std::span<const std::byte> bytes, std::span<uint8_t> out);

// DELTA_BINARY_PACKED: blocks of 128 values, four miniblocks. Decoding takes any shape of blocks, and fewer values than
// the run holds; what it says it consumed then means nothing.
void encode_delta(std::span<const int32_t> values, base::MutableBuffer& out);
void encode_delta(std::span<const int64_t> values, base::MutableBuffer& out);
size_t decode_delta(std::span<const std::byte> bytes, std::span<int32_t> out);
size_t decode_delta(std::span<const std::byte> bytes, std::span<int64_t> out);
// How many values a DELTA_BINARY_PACKED run says it holds.
uint64_t delta_count(std::span<const std::byte> bytes);

// BYTE_STREAM_SPLIT of values of `width` bytes.
void encode_byte_stream_split(std::span<const std::byte> values, int width, base::MutableBuffer& out);
void decode_byte_stream_split(std::span<const std::byte> bytes, int width, std::span<std::byte> out);

// Byte strings as offsets (one more than strings, starting anywhere) into `characters`.
struct ByteStrings {
  std::span<const int64_t> offsets;
  const char* characters = nullptr;
};
// Where decoded strings go: `offsets` has room for count + 1, the first of which is set and counted on from; bytes are
// appended to `characters`.
struct ByteStringSink {
  std::span<int64_t> offsets;
  base::MutableBuffer* characters = nullptr;
};
void encode_plain_strings(const ByteStrings& strings, base::MutableBuffer& out);
void decode_plain_strings(std::span<const std::byte> bytes, const ByteStringSink& out);
void encode_delta_length(const ByteStrings& strings, base::MutableBuffer& out);
void decode_delta_length(std::span<const std::byte> bytes, const ByteStringSink& out);
// DELTA_BYTE_ARRAY. A page that would grow beyond kDecodedStringBytesMax (and is not as large itself) is Corruption.
inline constexpr size_t kDecodedStringBytesMax = size_t{256} << 20;
void decode_delta_strings(std::span<const std::byte> bytes, const ByteStringSink& out);

}  // namespace varve::parquet
