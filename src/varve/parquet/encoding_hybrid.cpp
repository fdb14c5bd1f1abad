// RLE / bit-packed hybrid: runs of one value, and groups of eight values packed bit by bit.
#include <algorithm>
#include <bit>
#include <cstring>

#include "varve/base/error.h"
#include "varve/parquet/bit_packing.h"
#include "varve/parquet/encoding.h"
#include "varve/parquet/varint.h"
#include "varve/table/bits.h"

namespace varve::parquet {

namespace {

constexpr size_t kGroup = 8;
constexpr uint64_t kOneEach = 0x0101010101010101;

size_t value_bytes(int bit_width) { return (static_cast<size_t>(bit_width) + 7) / 8; }

bool is_one_value(const uint32_t* group) {
  uint32_t different = 0;
  for (size_t index = 1; index < kGroup; ++index) different |= group[index] ^ group[0];
  return different == 0;
}

bool is_one_value(const uint8_t* group) {
  uint64_t word = 0;
  std::memcpy(&word, group, sizeof(word));
  return word == 0 || word == kOneEach;
}

// Packs values in whole groups, the last one filled up with zeros, and returns the place behind them.
std::byte* pack_groups(std::span<const uint32_t> values, int bit_width, std::byte* out) {
  const size_t chunk_bytes = 4 * static_cast<size_t>(bit_width);
  size_t at = 0;
  for (; at + kPackedValues <= values.size(); at += kPackedValues, out += chunk_bytes) {
    pack_32(values.data() + at, bit_width, out);
  }
  if (at == values.size()) return out;
  uint32_t rest[kPackedValues] = {};
  std::byte packed[4 * 32];
  std::copy(values.begin() + static_cast<ptrdiff_t>(at), values.end(), rest);
  pack_32(rest, bit_width, packed);
  const size_t groups = (values.size() - at + kGroup - 1) / kGroup;
  return std::copy_n(packed, groups * static_cast<size_t>(bit_width), out);
}

std::byte* pack_groups(std::span<const uint8_t> values, int /*bit_width*/, std::byte* out) {
  size_t at = 0;
  for (; at + kGroup <= values.size(); at += kGroup) *out++ = std::byte{table::pack_eight(values.data() + at)};
  if (at == values.size()) return out;
  uint8_t rest[kGroup] = {};
  std::copy(values.begin() + static_cast<ptrdiff_t>(at), values.end(), rest);
  *out++ = std::byte{table::pack_eight(rest)};
  return out;
}

std::byte* write_run(uint32_t value, size_t count, int bit_width, std::byte* out) {
  out = write_varint(out, static_cast<uint64_t>(count) << 1);
  std::memcpy(out, &value, sizeof(value));
  return out + value_bytes(bit_width);
}

template <typename T>
std::byte* write_groups(std::span<const T> values, int bit_width, std::byte* out) {
  if (values.empty()) return out;
  const uint64_t groups = (values.size() + kGroup - 1) / kGroup;
  return pack_groups(values, bit_width, write_varint(out, groups << 1 | 1));
}

// The shortest run that takes fewer bytes as a run: it also costs a second head for the groups behind it.
size_t shortest_run(int bit_width) {
  const auto width = static_cast<size_t>(bit_width);
  return std::max<size_t>(kGroup, kGroup * (4 + value_bytes(bit_width)) / width);
}

template <typename T>
void encode(std::span<const T> values, int bit_width, base::MutableBuffer& out) {
  if (values.empty()) return;
  if (bit_width == 0) return encode_hybrid_run(0, values.size(), 0, out);
  const size_t start = out.size();
  const size_t groups_max = values.size() / kGroup + 2;
  out.resize(start + groups_max * (2 * kVarintBytesMax + 4 + static_cast<size_t>(bit_width)));
  std::byte* end = out.data() + start;
  const size_t run_min = shortest_run(bit_width);
  size_t literals = 0;  // the first value that is not written yet; whole groups lie between it and `at`
  for (size_t at = 0; at + kGroup <= values.size();) {
    if (!is_one_value(values.data() + at)) {
      at += kGroup;
      continue;
    }
    size_t run_end = at + kGroup;
    while (run_end < values.size() && values[run_end] == values[at]) ++run_end;
    if (run_end - at < run_min) {
      at += kGroup;
      continue;
    }
    end = write_groups(values.subspan(literals, at - literals), bit_width, end);
    end = write_run(values[at], run_end - at, bit_width, end);
    at = literals = run_end;
  }
  end = write_groups(values.subspan(literals), bit_width, end);
  out.resize(static_cast<size_t>(end - out.data()));
}

void unpack_groups(std::span<const std::byte> bytes, int bit_width, std::span<uint32_t> out) {
  const size_t chunk_bytes = 4 * static_cast<size_t>(bit_width);
  size_t at = 0;
  size_t byte = 0;
  for (; at + kPackedValues <= out.size(); at += kPackedValues, byte += chunk_bytes) {
    unpack_32(bytes.data() + byte, bit_width, out.data() + at);
  }
  if (at == out.size()) return;
  std::byte packed[4 * 32] = {};
  uint32_t rest[kPackedValues];
  std::copy(bytes.begin() + static_cast<ptrdiff_t>(byte), bytes.end(), packed);
  unpack_32(packed, bit_width, rest);
  std::copy_n(rest, out.size() - at, out.begin() + static_cast<ptrdiff_t>(at));
}

void unpack_groups(std::span<const std::byte> bytes, int /*bit_width*/, std::span<uint8_t> out) {
  for (size_t at = 0; at < out.size(); at += kGroup) {
    const auto bits = static_cast<uint64_t>(bytes[at / kGroup]);
    // Copies the byte eight times, keeps another bit of it in each, and makes what is left of it a one.
    const uint64_t spread = ((bits * kOneEach) & 0x8040201008040201) + 0x7F7F7F7F7F7F7F7F;
    const uint64_t word = (spread >> 7) & kOneEach;
    std::memcpy(out.data() + at, &word, std::min(kGroup, out.size() - at));
  }
}

// Decodes run by run.
template <typename T>
size_t decode(std::span<const std::byte> bytes, int bit_width, std::span<T> out) {
  size_t position = 0;
  for (size_t done = 0; done < out.size();) {
    const uint64_t head = read_varint(bytes, position);
    const size_t left = bytes.size() - position;
    if ((head & 1) == 0) {
      uint32_t value = 0;
      const size_t width = value_bytes(bit_width);
      if (width > left) throw Corruption("run of {} values without its value", head >> 1);
      std::memcpy(&value, bytes.data() + position, width);
      if (bit_width < 32 && (value >> bit_width) != 0) throw Corruption("value {} of {} bits", value, bit_width);
      position += width;
      const size_t count = std::min<uint64_t>(head >> 1, out.size() - done);
      std::fill_n(out.begin() + static_cast<ptrdiff_t>(done), count, static_cast<T>(value));
      done += count;
    } else {
      const size_t wanted = out.size() - done;
      const size_t groups = std::min<uint64_t>(head >> 1, (wanted + kGroup - 1) / kGroup);
      const size_t count = std::min(groups * kGroup, wanted);
      // Some writers cut the bytes of the last group to those that hold values.
      const size_t needed = (count * static_cast<size_t>(bit_width) + 7) / 8;
      if (needed > left) throw Corruption("{} packed values take {} bytes, {} are there", count, needed, left);
      unpack_groups(bytes.subspan(position, needed), bit_width, out.subspan(done, count));
      position += std::min(left, groups * static_cast<size_t>(bit_width));
      done += count;
    }
  }
  return position;
}

}  // namespace

int bit_width_of(uint64_t max) noexcept { return static_cast<int>(std::bit_width(max)); }

void encode_hybrid_run(uint32_t value, size_t count, int bit_width, base::MutableBuffer& out) {
  const size_t start = out.size();
  out.resize(start + kVarintBytesMax + sizeof(value));
  out.resize(static_cast<size_t>(write_run(value, count, bit_width, out.data() + start) - out.data()));
}

void encode_hybrid(std::span<const uint32_t> values, int bit_width, base::MutableBuffer& out) {
  encode(values, bit_width, out);
}

size_t decode_hybrid(std::span<const std::byte> bytes, int bit_width, std::span<uint32_t> out) {
  if (bit_width < 0 || bit_width > 32) throw Corruption("packed values of {} bits", bit_width);
  return decode(bytes, bit_width, out);
}

void encode_hybrid_bits(std::span<const uint8_t> values, base::MutableBuffer& out) { encode(values, 1, out); }

int64_t decode_hybrid_bits(std::span<const std::byte> bytes, std::span<uint8_t> out) {
  decode(bytes, 1, out);
  int64_t ones = 0;
  for (const uint8_t bit : out) ones += bit;
  return ones;
}

}  // namespace varve::parquet
