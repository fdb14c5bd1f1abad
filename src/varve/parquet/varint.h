// Numbers of variable length (ULEB128) and zigzag numbers, as the encodings' heads use them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "varve/base/error.h"

namespace varve::parquet {

inline constexpr size_t kVarintBytesMax = 10;

// Writes at `out`, which has room for kVarintBytesMax, and returns the place behind it.
inline std::byte* write_varint(std::byte* out, uint64_t value) noexcept {
  for (; value >= 0x80; value >>= 7) *out++ = static_cast<std::byte>(value | 0x80);
  *out++ = static_cast<std::byte>(value);
  return out;
}

// Reads at `position` and moves it on. Throws Corruption where the bytes end or the number does not.
inline uint64_t read_varint(std::span<const std::byte> bytes, size_t& position) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (position >= bytes.size()) throw Corruption("encoded values end within a number, after {} bytes", bytes.size());
    const auto byte = static_cast<uint8_t>(bytes[position++]);
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  throw Corruption("encoded values: a number of more than ten bytes at byte {}", position);
}

constexpr uint64_t to_zigzag(int64_t value) noexcept {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
constexpr int64_t from_zigzag(uint64_t value) noexcept {
  return static_cast<int64_t>((value >> 1) ^ (0 - (value & 1)));
}

}  // namespace varve::parquet
