// Encodings that move bytes: strings (PLAIN, DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY) and BYTE_STREAM_SPLIT.
#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include "varve/base/error.h"
#include "varve/parquet/encoding.h"

namespace varve::parquet {

namespace {

constexpr size_t kShort = 16;

// Short strings are copied as one block of sixteen bytes: `out` has room for it always, the source where `source_left`
// says so.
void copy_string(const char* source, size_t length, size_t source_left, char* out) {
  if (length <= kShort && source_left >= kShort) {
    std::memcpy(out, source, kShort);
  } else {
    std::memcpy(out, source, length);
  }
}

int32_t length_of(const ByteStrings& strings, size_t index) {
  const int64_t length = strings.offsets[index + 1] - strings.offsets[index];
  if (length > std::numeric_limits<int32_t>::max()) {
    throw InvalidArgument("a value of {} bytes; a Parquet file holds at most {}", length,
                          std::numeric_limits<int32_t>::max());
  }
  return static_cast<int32_t>(length);
}

size_t count_of(const ByteStrings& strings) { return strings.offsets.empty() ? 0 : strings.offsets.size() - 1; }

// Lengths of DELTA_LENGTH_BYTE_ARRAY and of prefixes, none negative. Returns the bytes consumed.
size_t decode_lengths(std::span<const std::byte> bytes, std::vector<int32_t>& lengths) {
  if (const uint64_t count = delta_count(bytes); count != lengths.size()) {
    throw Corruption("{} lengths for {} values", count, lengths.size());
  }
  const size_t consumed = decode_delta(bytes, std::span(lengths));
  if (std::any_of(lengths.begin(), lengths.end(), [](int32_t length) { return length < 0; })) {
    throw Corruption("a value of negative length");
  }
  return consumed;
}

template <size_t Width>
void split(const std::byte* values, size_t count, std::byte* out) {
  for (size_t index = 0; index < count; ++index) {
    for (size_t byte = 0; byte < Width; ++byte) out[byte * count + index] = values[index * Width + byte];
  }
}

template <size_t Width>
void join(const std::byte* bytes, size_t count, std::byte* out) {
  for (size_t index = 0; index < count; ++index) {
    for (size_t byte = 0; byte < Width; ++byte) out[index * Width + byte] = bytes[byte * count + index];
  }
}

// Swaps the places of rows and columns in a square of 8 × 8 bytes: halves, then quarters, then single bytes change
// sides. It is its own inverse.
void transpose(uint64_t (&rows)[8]) {
  const auto exchange = [&rows](size_t step, int shift, uint64_t mask) {
    for (size_t row = 0; row < 8; ++row) {
      if ((row & step) != 0) continue;
      const uint64_t moved = ((rows[row] >> shift) ^ rows[row + step]) & mask;
      rows[row] ^= moved << shift;
      rows[row + step] ^= moved;
    }
  };
  exchange(4, 32, 0x00000000FFFFFFFF);
  exchange(2, 16, 0x0000FFFF0000FFFF);
  exchange(1, 8, 0x00FF00FF00FF00FF);
}

constexpr size_t kSquare = 8;

void split_eight(const std::byte* values, size_t count, std::byte* out) {
  uint64_t rows[kSquare];
  size_t at = 0;
  for (; at + kSquare <= count; at += kSquare) {
    std::memcpy(rows, values + at * kSquare, sizeof(rows));
    transpose(rows);
    for (size_t byte = 0; byte < kSquare; ++byte) std::memcpy(out + byte * count + at, &rows[byte], kSquare);
  }
  for (; at < count; ++at) {
    for (size_t byte = 0; byte < kSquare; ++byte) out[byte * count + at] = values[at * kSquare + byte];
  }
}

void join_eight(const std::byte* bytes, size_t count, std::byte* out) {
  uint64_t rows[kSquare];
  size_t at = 0;
  for (; at + kSquare <= count; at += kSquare) {
    for (size_t byte = 0; byte < kSquare; ++byte) std::memcpy(&rows[byte], bytes + byte * count + at, kSquare);
    transpose(rows);
    std::memcpy(out + at * kSquare, rows, sizeof(rows));
  }
  for (; at < count; ++at) {
    for (size_t byte = 0; byte < kSquare; ++byte) out[at * kSquare + byte] = bytes[byte * count + at];
  }
}

}  // namespace

void encode_byte_stream_split(std::span<const std::byte> values, int width, base::MutableBuffer& out) {
  const auto stride = static_cast<size_t>(width);
  const size_t count = values.size() / stride;
  const size_t start = out.size();
  out.resize(start + count * stride);
  std::byte* target = out.data() + start;
  if (width == 8) return split_eight(values.data(), count, target);
  if (width == 4) return split<4>(values.data(), count, target);
  if (width == 2) return split<2>(values.data(), count, target);
  for (size_t byte = 0; byte < stride; ++byte) {
    for (size_t index = 0; index < count; ++index) *target++ = values[index * stride + byte];
  }
}

void decode_byte_stream_split(std::span<const std::byte> bytes, int width, std::span<std::byte> out) {
  const auto stride = static_cast<size_t>(width);
  if (bytes.size() != out.size() || bytes.size() % stride != 0) {
    throw Corruption("byte streams of {} bytes where {} values of {} bytes are expected", bytes.size(),
                     out.size() / stride, width);
  }
  const size_t count = bytes.size() / stride;
  if (width == 8) return join_eight(bytes.data(), count, out.data());
  if (width == 4) return join<4>(bytes.data(), count, out.data());
  if (width == 2) return join<2>(bytes.data(), count, out.data());
  for (size_t byte = 0; byte < stride; ++byte) {
    for (size_t index = 0; index < count; ++index) out[index * stride + byte] = bytes[byte * count + index];
  }
}

void encode_plain_strings(const ByteStrings& strings, base::MutableBuffer& out) {
  const size_t count = count_of(strings);
  if (count == 0) return;
  const auto total = static_cast<size_t>(strings.offsets[count] - strings.offsets[0]);
  const size_t start = out.size();
  out.resize(start + 4 * count + total);
  std::byte* end = out.data() + start;
  for (size_t index = 0; index < count; ++index) {
    const int32_t length = length_of(strings, index);
    std::memcpy(end, &length, sizeof(length));
    std::memcpy(end + 4, strings.characters + strings.offsets[index], static_cast<size_t>(length));
    end += 4 + length;
  }
}

void decode_plain_strings(std::span<const std::byte> bytes, const ByteStringSink& out) {
  const size_t count = out.offsets.size() - 1;
  if (count > bytes.size() / 4) throw Corruption("{} strings in {} bytes", count, bytes.size());
  base::MutableBuffer& characters = *out.characters;
  const size_t start = characters.size();
  characters.resize(start + bytes.size() - 4 * count + kShort);
  char* target = characters.as<char>() + start;
  const auto* source = reinterpret_cast<const char*>(bytes.data());
  const char* const end = source + bytes.size();
  int64_t offset = out.offsets[0];
  for (size_t index = 0; index < count; ++index) {
    uint32_t length = 0;
    std::memcpy(&length, source, sizeof(length));
    const auto left = static_cast<size_t>(end - source);  // never less than the lengths that are still to come
    if (length > left - 4 * (count - index)) throw Corruption("string {} of {} leaves its page", index, count);
    copy_string(source + 4, length, left - 4, target);
    source += 4 + length;
    target += length;
    offset += length;
    out.offsets[index + 1] = offset;
  }
  characters.resize(static_cast<size_t>(target - characters.as<char>()));
}

void encode_delta_length(const ByteStrings& strings, base::MutableBuffer& out) {
  const size_t count = count_of(strings);
  std::vector<int32_t> lengths(count);
  for (size_t index = 0; index < count; ++index) lengths[index] = length_of(strings, index);
  encode_delta(lengths, out);
  if (count == 0) return;
  out.append(std::as_bytes(std::span(strings.characters + strings.offsets[0],
                                     static_cast<size_t>(strings.offsets[count] - strings.offsets[0]))));
}

void decode_delta_length(std::span<const std::byte> bytes, const ByteStringSink& out) {
  std::vector<int32_t> lengths(out.offsets.size() - 1);
  const auto characters = bytes.subspan(decode_lengths(bytes, lengths));
  int64_t offset = out.offsets[0];
  for (size_t index = 0; index < lengths.size(); ++index) out.offsets[index + 1] = offset += lengths[index];
  const auto total = static_cast<uint64_t>(offset - out.offsets[0]);
  if (total > characters.size()) throw Corruption("strings of {} bytes in {} bytes", total, characters.size());
  out.characters->append(characters.first(total));
}

void decode_delta_strings(std::span<const std::byte> bytes, const ByteStringSink& out) {
  const size_t count = out.offsets.size() - 1;
  std::vector<int32_t> prefixes(count);
  std::vector<int32_t> suffixes(count);
  auto rest = bytes.subspan(decode_lengths(bytes, prefixes));
  rest = rest.subspan(decode_lengths(rest, suffixes));
  uint64_t total = 0;
  for (size_t index = 0; index < count; ++index) {
    total += static_cast<uint64_t>(prefixes[index]) + static_cast<uint64_t>(suffixes[index]);
  }
  if (total > std::max(kDecodedStringBytesMax, bytes.size())) {
    throw Corruption("strings of {} bytes in a page of {}", total, bytes.size());
  }
  const size_t start = out.characters->size();
  out.characters->resize(start + total);
  std::byte* target = out.characters->data() + start;
  size_t previous = 0;  // bytes of the string before
  for (size_t index = 0; index < count; ++index) {
    const auto prefix = static_cast<size_t>(prefixes[index]);
    const auto suffix = static_cast<size_t>(suffixes[index]);
    if (prefix > previous)
      throw Corruption("string {}: a prefix of {} bytes of a string of {}", index, prefix, previous);
    if (suffix > rest.size()) throw Corruption("string {} leaves its page", index);
    std::copy_n(target - previous, prefix, target);
    std::copy_n(rest.begin(), suffix, target + prefix);
    rest = rest.subspan(suffix);
    target += prefix + suffix;
    previous = prefix + suffix;
    out.offsets[index + 1] = out.offsets[index] + static_cast<int64_t>(previous);
  }
}

}  // namespace varve::parquet
