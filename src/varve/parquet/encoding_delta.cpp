// DELTA_BINARY_PACKED: a first value, then blocks of differences, each block with its least difference and four
// miniblocks with a bit width each.
#include <algorithm>
#include <cstring>
#include <limits>

#include "varve/base/error.h"
#include "varve/parquet/bit_packing.h"
#include "varve/parquet/encoding.h"
#include "varve/parquet/number_loops.h"
#include "varve/parquet/varint.h"

namespace varve::parquet {

namespace {

constexpr size_t kBlockValues = kDifferences;
constexpr size_t kMiniblocks = 4;
constexpr size_t kMiniblockValues = kBlockValues / kMiniblocks;
static_assert(kMiniblockValues == kPackedValues);

// Values of a block: no writer makes larger ones.
constexpr uint64_t kBlockValuesMax = 1 << 20;

// As take_differences, for the last block of a page, which need not be full: zeros fill it up.
template <typename Signed, typename Unsigned>
Signed take_last_differences(std::span<const Signed> values, Signed before, Unsigned* differences) {
  Signed least = std::numeric_limits<Signed>::max();
  for (size_t index = 0; index < values.size(); ++index) {
    differences[index] = static_cast<Unsigned>(values[index]) - static_cast<Unsigned>(before);
    least = std::min(least, static_cast<Signed>(differences[index]));
    before = values[index];
  }
  for (size_t index = 0; index < values.size(); ++index) differences[index] -= static_cast<Unsigned>(least);
  std::fill(differences + values.size(), differences + kBlockValues, Unsigned{0});
  return least;
}

// Writes one block of differences from the least of them; all arithmetic wraps around, as the format wants it.
template <typename Signed, typename Unsigned>
std::byte* write_block(Signed least, const Unsigned* differences, std::byte* out) {
  out = write_varint(out, to_zigzag(least));
  std::byte* widths = out;
  out += kMiniblocks;
  for (size_t miniblock = 0; miniblock < kMiniblocks; ++miniblock) {
    const Unsigned* values = differences + miniblock * kMiniblockValues;
    Unsigned bits = 0;
    for (size_t index = 0; index < kMiniblockValues; ++index) bits |= values[index];
    const int width = bit_width_of(bits);
    widths[miniblock] = static_cast<std::byte>(width);
    // Behind the last value there are widths of zero and no bytes.
    pack_32(values, width, out);
    out += 4 * width;
  }
  return out;
}

template <typename Signed>
void encode(std::span<const Signed> values, base::MutableBuffer& out) {
  using Unsigned = std::make_unsigned_t<Signed>;
  const size_t start = out.size();
  const size_t blocks = values.size() / kBlockValues + 1;
  out.resize(start + 4 * kVarintBytesMax + blocks * (kVarintBytesMax + kMiniblocks + kBlockValues * sizeof(Signed)));
  std::byte* end = out.data() + start;
  end = write_varint(end, kBlockValues);
  end = write_varint(end, kMiniblocks);
  end = write_varint(end, values.size());
  end = write_varint(end, to_zigzag(values.empty() ? 0 : values[0]));
  Unsigned differences[kBlockValues];
  for (size_t at = 1; at < values.size(); at += kBlockValues) {
    const auto rest = values.subspan(at);
    const Signed least = rest.size() >= kBlockValues ? take_differences(rest.data(), differences)
                                                     : take_last_differences(rest, values[at - 1], differences);
    end = write_block(least, differences, end);
  }
  out.resize(static_cast<size_t>(end - out.data()));
}

struct Head {
  size_t miniblock_values = 0;
  size_t miniblocks = 0;
  uint64_t count = 0;
  int64_t first = 0;
};

Head read_head(std::span<const std::byte> bytes, size_t& position) {
  const uint64_t block_values = read_varint(bytes, position);
  const uint64_t miniblocks = read_varint(bytes, position);
  if (block_values == 0 || block_values > kBlockValuesMax || miniblocks == 0 || block_values % miniblocks != 0 ||
      block_values / miniblocks % kPackedValues != 0) {
    throw Corruption("delta-coded blocks of {} values in {} miniblocks", block_values, miniblocks);
  }
  Head head{.miniblock_values = block_values / miniblocks, .miniblocks = miniblocks};
  head.count = read_varint(bytes, position);
  head.first = from_zigzag(read_varint(bytes, position));
  return head;
}

// Adds up the differences in `bytes`, packed by `width` bits, and returns the last value.
template <typename Unsigned, typename Packed>
Unsigned add_miniblock(const std::byte* bytes, int width, Unsigned last, Unsigned least, std::span<Unsigned> out) {
  if (width == 0) {  // values at one distance, such as the bars of a market without gaps
    Unsigned steps = 0;
    for (Unsigned& value : out) value = last + ++steps * least;
    return last + steps * least;
  }
  for (size_t at = 0; at < out.size(); at += kPackedValues, bytes += 4 * width) {
    Packed differences[kPackedValues];
    unpack_32(bytes, width, differences);
    const size_t count = std::min(kPackedValues, out.size() - at);
    if (count == kPackedValues) {
      for (size_t index = 0; index < kPackedValues; ++index) {
        last += static_cast<Unsigned>(differences[index]) + least;
        out[at + index] = last;
      }
    } else {
      for (size_t index = 0; index < count; ++index) {
        last += static_cast<Unsigned>(differences[index]) + least;
        out[at + index] = last;
      }
    }
  }
  return last;
}

template <typename Signed>
size_t decode(std::span<const std::byte> bytes, std::span<Signed> values) {
  using Unsigned = std::make_unsigned_t<Signed>;
  const std::span<Unsigned> out(reinterpret_cast<Unsigned*>(values.data()), values.size());
  size_t position = 0;
  const Head head = read_head(bytes, position);
  if (head.count < out.size()) throw Corruption("{} delta-coded values where {} are expected", head.count, out.size());
  if (out.empty()) return position;
  auto last = static_cast<Unsigned>(head.first);
  out[0] = last;
  for (size_t done = 1; done < out.size();) {
    const auto least = static_cast<Unsigned>(from_zigzag(read_varint(bytes, position)));
    if (head.miniblocks > bytes.size() - position) throw Corruption("delta-coded block without its widths");
    const std::byte* widths = bytes.data() + position;
    position += head.miniblocks;
    for (size_t miniblock = 0; miniblock < head.miniblocks && done < out.size(); ++miniblock) {
      const int width = static_cast<int>(widths[miniblock]);
      if (width > 64) throw Corruption("delta-coded miniblock of {} bits", width);
      const size_t size = head.miniblock_values / 8 * static_cast<size_t>(width);
      if (size > bytes.size() - position) {
        throw Corruption("delta-coded miniblock takes {} bytes, {} are there", size, bytes.size() - position);
      }
      const auto target = out.subspan(done, std::min(head.miniblock_values, out.size() - done));
      last = width > 32 || sizeof(Unsigned) == 8
                 ? add_miniblock<Unsigned, uint64_t>(bytes.data() + position, width, last, least, target)
                 : add_miniblock<Unsigned, uint32_t>(bytes.data() + position, width, last, least, target);
      position += size;
      done += target.size();
    }
  }
  return position;
}

}  // namespace

void encode_delta(std::span<const int32_t> values, base::MutableBuffer& out) { encode(values, out); }
void encode_delta(std::span<const int64_t> values, base::MutableBuffer& out) { encode(values, out); }

size_t decode_delta(std::span<const std::byte> bytes, std::span<int32_t> out) { return decode(bytes, out); }
size_t decode_delta(std::span<const std::byte> bytes, std::span<int64_t> out) { return decode(bytes, out); }

uint64_t delta_count(std::span<const std::byte> bytes) {
  size_t position = 0;
  return read_head(bytes, position).count;
}

}  // namespace varve::parquet
