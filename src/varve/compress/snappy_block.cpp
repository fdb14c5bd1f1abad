#include "varve/compress/snappy_block.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace varve::compress {

namespace {

// A block is its unpacked size, then elements: a tag, whose lowest two bits say what it is, and what belongs to it.
enum Kind : uint8_t { kLiteral = 0, kShortCopy = 1, kCopy = 2, kFarCopy = 3 };

constexpr size_t kCopyMax = 64;    // bytes that one copy gives
constexpr size_t kOvershoot = 16;  // copies are made in blocks of this size
constexpr size_t kTagBytesMax = 5;
constexpr size_t kLongLiteral = 60;  // from here on the tag says how many bytes hold the length

template <typename T>
T load(const std::byte* from) {
  T word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

template <typename T>
void move(const std::byte* from, std::byte* to) {
  const T word = load<T>(from);
  std::memcpy(to, &word, sizeof word);
}

struct Sixteen {
  uint64_t words[2];
};

struct Match {
  size_t length = 0;
  size_t offset = 0;
};

// The copy whose tag is at `in`; four bytes behind the tag may be read.
Match read_match(const std::byte*& in) {
  const auto tag = static_cast<size_t>(*in++);
  const auto following = load<uint32_t>(in);
  switch (tag & 3) {
    case kShortCopy: in += 1; return {4 + (tag >> 2 & 7), (tag >> 5) << 8 | (following & 0xFF)};
    case kCopy: in += 2; return {(tag >> 2) + 1, following & 0xFFFF};
    default: in += 4; return {(tag >> 2) + 1, following};
  }
}

// Writes up to kOvershoot bytes more than asked for.
void copy_match(std::byte* out, const Match& match) {
  const std::byte* from = out - match.offset;
  const std::byte* const end = out + match.length;
  if (match.offset >= sizeof(Sixteen)) {
    do {
      move<Sixteen>(from, out);
      from += sizeof(Sixteen);
      out += sizeof(Sixteen);
    } while (out < end);
    return;
  }
  if (match.offset < 8) {
    for (size_t at = 0; at < 8; ++at) out[at] = from[at];
    out += 8;
    from = out - (8 + match.offset - 1) / match.offset * match.offset;
  }
  while (out < end) {
    move<uint64_t>(from, out);
    from += 8;
    out += 8;
  }
}

class Unpacking {
 public:
  Unpacking(std::span<const std::byte> input, std::span<std::byte> output)
      : in_(input.data()),
        in_end_(in_ + input.size()),
        begin_(output.data()),
        out_(begin_),
        end_(out_ + output.size()) {}

  bool run() {
    if (!read_size()) return false;
    while (has_room()) {
      if (!step()) return false;
    }
    while (in_ != in_end_) {
      if (!step_at_the_end()) return false;
    }
    return out_ == end_;
  }

 private:
  [[nodiscard]] size_t in_left() const { return static_cast<size_t>(in_end_ - in_); }
  [[nodiscard]] size_t out_left() const { return static_cast<size_t>(end_ - out_); }
  // For one element whose bytes are read and written in whole blocks, and for the tag behind it.
  [[nodiscard]] bool has_room() const {
    return in_left() >= 2 * (kTagBytesMax + kOvershoot) && out_left() >= kCopyMax + kOvershoot;
  }

  bool read_size() {
    uint64_t size = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
      if (in_ == in_end_) return false;
      const auto byte = static_cast<uint64_t>(*in_++);
      size |= (byte & 0x7F) << shift;
      if (byte < 0x80) return size == out_left();
    }
    return false;
  }

  bool step() {
    const auto tag = static_cast<uint8_t>(*in_);
    if ((tag & 3) == kLiteral) {
      const size_t length = size_t{tag} / 4 + 1;
      if (length > kOvershoot) return long_literal();
      move<Sixteen>(in_ + 1, out_);
      in_ += 1 + length;
      out_ += length;
      return true;
    }
    const Match match = read_match(in_);
    if (!reaches(match)) return false;
    if (match.offset == 8) {
      step_by_eights(match.length);
    } else {
      copy_match(out_, match);
      out_ += match.length;
    }
    return true;
  }

  // Copies from eight bytes back, and the elements after it as long as they are such copies or short literals: columns
  // of numbers in whose values the same bytes change. The last eight bytes stay in a register: loading them just after
  // they were stored in pieces would wait for the stores each time.
  void step_by_eights(size_t length) {
    auto last = load<uint64_t>(out_ - 8);
    for (;;) {
      for (size_t at = 0; at < length; at += 8) std::memcpy(out_ + at, &last, 8);
      out_ += length;
      last = std::rotr(last, static_cast<int>(length % 8 * 8));
      if (!has_room()) return;
      auto tag = static_cast<uint8_t>(*in_);
      if ((tag & 3) == kLiteral && tag < 7 * 4) {
        const size_t count = size_t{tag} / 4 + 1;
        const auto literal = load<uint64_t>(in_ + 1);
        std::memcpy(out_, &literal, 8);
        last = last >> 8 * count | literal << (64 - 8 * count);
        in_ += 1 + count;
        out_ += count;
        tag = static_cast<uint8_t>(*in_);
      }
      if ((tag & 0xE3) != kShortCopy || in_[1] != std::byte{8}) return;
      length = 4 + (tag >> 2);
      in_ += 2;
    }
  }

  [[nodiscard]] bool reaches(const Match& match) const {
    return match.offset != 0 && match.offset <= static_cast<size_t>(out_ - begin_);
  }

  // Any literal; the bytes of its length must be there.
  bool long_literal() {
    size_t length = static_cast<size_t>(*in_++) / 4 + 1;
    if (length > kLongLiteral) {
      const size_t length_bytes = length - kLongLiteral;
      if (length_bytes > in_left()) return false;
      uint32_t stored = 0;
      std::memcpy(&stored, in_, length_bytes);
      length = size_t{stored} + 1;
      in_ += length_bytes;
    }
    if (length > in_left() || length > out_left()) return false;
    std::memcpy(out_, in_, length);
    in_ += length;
    out_ += length;
    return true;
  }

  // As step, byte by byte.
  bool step_at_the_end() {
    if ((static_cast<uint8_t>(*in_) & 3) == kLiteral) return long_literal();
    std::array<std::byte, kTagBytesMax> element{};
    std::copy_n(in_, std::min(in_left(), kTagBytesMax), element.begin());
    const std::byte* behind = element.data();
    const Match match = read_match(behind);
    const auto size = static_cast<size_t>(behind - element.data());
    if (size > in_left() || !reaches(match) || match.length > out_left()) return false;
    in_ += size;
    for (size_t at = 0; at < match.length; ++at, ++out_) *out_ = *(out_ - match.offset);
    return true;
  }

  const std::byte* in_;
  const std::byte* in_end_;
  std::byte* begin_;
  std::byte* out_;
  std::byte* end_;
};

}  // namespace

bool unpack_snappy(std::span<const std::byte> input, std::span<std::byte> output) noexcept {
  return Unpacking(input, output).run();
}

}  // namespace varve::compress
