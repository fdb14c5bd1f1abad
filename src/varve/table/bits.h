// Copies, sets and reads runs of bits that begin and end anywhere, a word at a time.
#pragma once

#include <cstdint>
#include <cstring>

#include "varve/base/buffer.h"
#include "varve/table/column.h"

namespace varve::table {

constexpr size_t bytes_for_bits(int64_t bits) { return (static_cast<size_t>(bits) + 7) / 8; }

inline void set_bit(uint8_t* target, int64_t at, bool value) noexcept {
  const auto mask = static_cast<uint8_t>(1U << (at & 7));
  uint8_t& byte = target[at >> 3];
  byte = static_cast<uint8_t>(value ? (byte | mask) : (byte & ~mask));
}

// The 64 bits from bit `at` of `source`, which must all be there: no byte behind the last of them is read.
inline uint64_t load_word(const uint8_t* source, int64_t at) noexcept {
  const uint8_t* first = source + (at >> 3);
  const auto shift = static_cast<unsigned>(at & 7);
  uint64_t word;
  std::memcpy(&word, first, sizeof word);
  return shift == 0 ? word : (word >> shift) | (static_cast<uint64_t>(first[8]) << (64 - shift));
}

// The `count` bits (1 to 64) from row `row` of `bits`, in the low bits of the result; the others are clear.
inline uint64_t read_bits(const BitSpan& bits, int64_t row, int64_t count) noexcept {
  if (bits.data == nullptr) return count == 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1;
  if (count == 64) return load_word(bits.data, bits.offset + row);
  uint64_t word = 0;
  const int64_t at = bits.offset + row;
  const int64_t byte_count = ((at + count - 1) >> 3) - (at >> 3) + 1;
  std::memcpy(&word, bits.data + (at >> 3), static_cast<size_t>(byte_count < 8 ? byte_count : 8));
  word >>= at & 7;
  if (byte_count > 8) word |= static_cast<uint64_t>(bits.data[(at >> 3) + 8]) << (64 - (at & 7));
  return word & ((uint64_t{1} << count) - 1);
}

// Eight bytes of 0 or 1 as the bits of one, the first in its lowest: the product moves the lowest bit of each byte to
// its place in the highest byte.
inline uint8_t pack_eight(const uint8_t* bytes) noexcept {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  return static_cast<uint8_t>((word * 0x0102040810204080U) >> 56);
}

// Sets `length` bits from bit `at` of `target` to `value`; the bits around them stay.
void set_bits(uint8_t* target, int64_t at, int64_t length, bool value) noexcept;

// Copies all bits of `source` to `target` from its bit `at`; the bits around them stay.
void copy_bits(const BitSpan& source, uint8_t* target, int64_t at) noexcept;

// The bits of `source` as a buffer of their own that begins with the first; null if `source` has no data.
base::BufferPtr bits_to_buffer(const BitSpan& source);

}  // namespace varve::table
