// Packs and unpacks 32 unsigned values of a fixed number of bits: the inner loops of RLE and delta encoding.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace varve::parquet {

// Values a call; they take 4 * width bytes.
inline constexpr size_t kPackedValues = 32;

namespace internal {

// Each width is a function of its own, in which every shift and every place is a constant.
template <typename T, int Width, size_t... Index>
void pack_width(const T* values, std::byte* out, std::index_sequence<Index...> /*indexes*/) {
  if constexpr (Width > 0) {
    uint64_t word = 0;
    const auto put = [&](auto index) {
      constexpr size_t kBit = index() * Width;
      constexpr size_t kShift = kBit % 64;
      const uint64_t value = values[index()];
      word |= value << kShift;
      if constexpr (kShift + Width >= 64) {
        std::memcpy(out + kBit / 64 * 8, &word, 8);
        word = kShift + Width > 64 ? value >> ((64 - kShift) % 64) : 0;
      }
    };
    (put(std::integral_constant<size_t, Index>()), ...);
    if constexpr (Width % 2 != 0) std::memcpy(out + 4 * Width - 4, &word, 4);
  }
}

template <typename T, int Width, size_t... Index>
void unpack_width(const std::byte* in, T* values, std::index_sequence<Index...> /*indexes*/) {
  if constexpr (Width == 0) {
    std::memset(values, 0, sizeof(T) * kPackedValues);
  } else if constexpr (Width == 1) {
    uint32_t word = 0;
    std::memcpy(&word, in, 4);
    ((values[Index] = (word >> Index) & 1), ...);
  } else {
    constexpr uint64_t kMask = Width == 64 ? ~uint64_t{0} : (uint64_t{1} << (Width % 64)) - 1;
    const auto get = [&](auto index) {
      constexpr size_t kBit = index() * Width;
      constexpr size_t kByte = std::min<size_t>(kBit / 8, 4 * Width - 8);  // never reads past the packed bytes
      constexpr size_t kShift = kBit - 8 * kByte;
      uint64_t word = 0;
      std::memcpy(&word, in + kByte, 8);
      word >>= kShift;
      if constexpr (kShift + Width > 64) word |= static_cast<uint64_t>(in[kByte + 8]) << (64 - kShift);
      values[index()] = static_cast<T>(word & kMask);
    };
    (get(std::integral_constant<size_t, Index>()), ...);
  }
}

template <typename T, int Width>
void pack_32(const T* values, std::byte* out) {
  pack_width<T, Width>(values, out, std::make_index_sequence<kPackedValues>());
}

template <typename T, int Width>
void unpack_32(const std::byte* in, T* values) {
  unpack_width<T, Width>(in, values, std::make_index_sequence<kPackedValues>());
}

template <typename T>
using PackFunction = void (*)(const T*, std::byte*);
template <typename T>
using UnpackFunction = void (*)(const std::byte*, T*);

template <typename T, size_t... Width>
constexpr std::array<PackFunction<T>, sizeof...(Width)> pack_table(std::index_sequence<Width...> /*widths*/) {
  return {&pack_32<T, static_cast<int>(Width)>...};
}
template <typename T, size_t... Width>
constexpr std::array<UnpackFunction<T>, sizeof...(Width)> unpack_table(std::index_sequence<Width...> /*widths*/) {
  return {&unpack_32<T, static_cast<int>(Width)>...};
}

}  // namespace internal

// T is uint32_t or uint64_t; `width` is 0 to the bits of T; the values must fit it.
template <typename T>
void pack_32(const T* values, int width, std::byte* out) {
  static constexpr auto kTable = internal::pack_table<T>(std::make_index_sequence<8 * sizeof(T) + 1>());
  kTable[static_cast<size_t>(width)](values, out);
}

template <typename T>
void unpack_32(const std::byte* in, int width, T* values) {
  static constexpr auto kTable = internal::unpack_table<T>(std::make_index_sequence<8 * sizeof(T) + 1>());
  kTable[static_cast<size_t>(width)](in, values);
}

}  // namespace varve::parquet
