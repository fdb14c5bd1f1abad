// Thrift's compact protocol, as far as Parquet's metadata uses it: numbers, bytes and the heads of fields and lists.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "varve/base/error.h"

namespace varve::parquet::thrift {

enum class Wire : uint8_t {
  kStop = 0,
  kTrue = 1,
  kFalse = 2,
  kByte = 3,
  kI16 = 4,
  kI32 = 5,
  kI64 = 6,
  kDouble = 7,
  kBinary = 8,
  kList = 9,
  kSet = 10,
  kMap = 11,
  kStruct = 12,
  kUuid = 13,
};

inline constexpr int kDepthMax = 32;

// Bytes being read. Every length is checked; what is not there is Corruption.
class Input {
 public:
  explicit Input(std::span<const std::byte> bytes) : bytes_(bytes) {}

  [[nodiscard]] size_t position() const noexcept { return position_; }
  [[nodiscard]] size_t left() const noexcept { return bytes_.size() - position_; }

  uint8_t read_byte() { return static_cast<uint8_t>(take(1)[0]); }

  uint64_t read_varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint8_t byte = read_byte();
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    throw Corruption("thrift: a number of more than ten bytes at byte {}", position_);
  }

  int64_t read_zigzag() {
    const uint64_t value = read_varint();
    return static_cast<int64_t>((value >> 1) ^ (0 - (value & 1)));
  }

  std::span<const std::byte> take(size_t count) {
    if (count > left()) throw Corruption("thrift: {} bytes wanted at byte {}, {} there", count, position_, left());
    position_ += count;
    return bytes_.subspan(position_ - count, count);
  }

  // The head of the next field: its kind, kStop at the end. `id` is that of the field before, 0 at first.
  Wire read_field(int16_t& id) {
    const uint8_t head = read_byte();
    if (head == 0) return Wire::kStop;
    const int64_t next = (head >> 4) != 0 ? int64_t{id} + (head >> 4) : read_zigzag();
    if (next < 0 || next > std::numeric_limits<int16_t>::max()) throw Corruption("thrift: field number {}", next);
    id = static_cast<int16_t>(next);
    return static_cast<Wire>(head & 15);
  }

  // The head of a list: how many elements, each of at least one byte, and of what kind.
  size_t read_list(Wire& element) {
    const uint8_t head = read_byte();
    element = static_cast<Wire>(head & 15);
    const uint64_t count = (head >> 4) == 15 ? read_varint() : head >> 4;
    if (count > left()) throw Corruption("thrift: list of {} elements in {} bytes", count, left());
    return static_cast<size_t>(count);
  }

  void skip(Wire wire, bool in_list = false) {
    const Nesting nesting(*this);
    switch (wire) {
      case Wire::kTrue:
      case Wire::kFalse:
        if (in_list) read_byte();
        return;
      case Wire::kByte: read_byte(); return;
      case Wire::kI16:
      case Wire::kI32:
      case Wire::kI64: read_varint(); return;
      case Wire::kDouble: take(8); return;
      case Wire::kBinary: take(read_varint()); return;
      case Wire::kUuid: take(16); return;
      case Wire::kList:
      case Wire::kSet: skip_list(); return;
      case Wire::kMap: skip_map(); return;
      case Wire::kStruct:
        for (int16_t id = 0;;) {
          const Wire field = read_field(id);
          if (field == Wire::kStop) return;
          skip(field);
        }
      default: throw Corruption("thrift: unknown kind {} at byte {}", static_cast<int>(wire), position_);
    }
  }

  // Counts how deep structures lie in each other, so that hostile bytes cannot exhaust the stack.
  class Nesting {
   public:
    explicit Nesting(Input& input) : input_(input) {
      if (++input_.depth_ > kDepthMax) throw Corruption("thrift: nested deeper than {}", kDepthMax);
    }
    ~Nesting() { --input_.depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    Input& input_;
  };

 private:
  void skip_list() {
    Wire element = Wire::kStop;
    for (size_t count = read_list(element); count > 0; --count) skip(element, true);
  }
  void skip_map() {
    const uint64_t count = read_varint();
    if (count == 0) return;
    if (count > left()) throw Corruption("thrift: map of {} entries in {} bytes", count, left());
    const uint8_t kinds = read_byte();
    for (uint64_t entry = 0; entry < count; ++entry) {
      skip(static_cast<Wire>(kinds >> 4), true);
      skip(static_cast<Wire>(kinds & 15), true);
    }
  }

  std::span<const std::byte> bytes_;
  size_t position_ = 0;
  int depth_ = 0;
};

// Bytes being written.
class Output {
 public:
  explicit Output(std::string& bytes) : bytes_(bytes) {}

  void write_byte(uint8_t byte) { bytes_.push_back(static_cast<char>(byte)); }
  void write_varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) write_byte(static_cast<uint8_t>(value | 0x80));
    write_byte(static_cast<uint8_t>(value));
  }
  void write_zigzag(int64_t value) {
    write_varint((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
  }
  void write_bytes(std::string_view bytes) {
    write_varint(bytes.size());
    bytes_.append(bytes);
  }
  void write_field(int16_t id, int16_t& last_id, Wire wire) {
    if (id > last_id && id - last_id <= 15) {
      write_byte(static_cast<uint8_t>(((id - last_id) << 4) | static_cast<int>(wire)));
    } else {
      write_byte(static_cast<uint8_t>(wire));
      write_zigzag(id);
    }
    last_id = id;
  }
  void write_list(size_t count, Wire element) {
    if (count < 15) {
      write_byte(static_cast<uint8_t>((count << 4) | static_cast<size_t>(element)));
    } else {
      write_byte(static_cast<uint8_t>(0xF0 | static_cast<int>(element)));
      write_varint(count);
    }
  }

 private:
  std::string& bytes_;
};

}  // namespace varve::parquet::thrift
