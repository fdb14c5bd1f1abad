// Gives each distinct value a code, 0, 1, 2, … in the order of first appearance.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "varve/parquet/encoding.h"
#include "varve/parquet/write/value_grid.h"

namespace varve::parquet {

// Where a dictionary stops: beyond either it is slower to read than what it stands for, or larger.
struct DictionaryLimits {
  size_t entries = size_t{1} << 17;
  size_t bytes = size_t{2} << 20;
};

namespace internal {

// Spreads the bits of a number over the high bits of the result. Without the first step prices on a tick grid, whose
// bits repeat, would crowd together.
constexpr uint64_t mix(uint64_t value) noexcept { return (value ^ (value >> 32)) * 0x9E3779B97F4A7C15; }

inline uint64_t load_word(const char* bytes) noexcept {
  uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

// The last bytes of a string, at most eight, filled up with zeros. Where the memory goes on (`readable_end`) they are
// loaded as eight: lengths that change from string to string would mislead the processor at a branch.
inline uint64_t load_tail(std::string_view tail, const char* readable_end) noexcept {
  static constexpr std::array<uint64_t, 9> kMasks = {
      0, 0xFF, 0xFFFF, 0xFFFFFF, 0xFFFFFFFF, 0xFFFFFFFFFF, 0xFFFFFFFFFFFF, 0xFFFFFFFFFFFFFF, ~uint64_t{0}};
  if (readable_end - tail.data() >= 8) return load_word(tail.data()) & kMasks[tail.size()];
  uint64_t word = 0;
  if (!tail.empty()) std::memcpy(&word, tail.data(), tail.size());
  return word;
}

// Strings of one length up to eight bytes never share a hash.
inline uint64_t hash_bytes(std::string_view bytes, const char* readable_end) noexcept {
  uint64_t hash = bytes.size();
  while (bytes.size() > 8) {
    hash = mix(std::rotl(hash, 29) ^ load_word(bytes.data()));
    bytes.remove_prefix(8);
  }
  return mix(std::rotl(hash, 29) ^ load_tail(bytes, readable_end));
}

// Whether two strings of equal hashes are equal.
inline bool same_bytes(std::string_view left, std::string_view right) noexcept {
  if (left.size() != right.size()) return false;
  if (left.size() <= 8) return true;
  for (size_t at = 0; at + 8 < left.size(); at += 8) {
    if (load_word(left.data() + at) != load_word(right.data() + at)) return false;
  }
  return load_word(left.data() + left.size() - 8) == load_word(right.data() + right.size() - 8);
}

// Open addressing over codes alone: a slot is four bytes, so that the table of some thousand entries stays in the
// fastest caches.
class CodeTable {
 public:
  static constexpr uint32_t kEmpty = ~uint32_t{0};

  void reset(int slot_bits) {
    slot_bits_ = slot_bits;
    slots_.assign(size_t{1} << slot_bits, kEmpty);
  }
  [[nodiscard]] size_t slot_of(uint64_t hash) const noexcept { return hash >> (64 - slot_bits_); }
  [[nodiscard]] size_t after(size_t slot) const noexcept { return (slot + 1) & (slots_.size() - 1); }
  [[nodiscard]] uint32_t operator[](size_t slot) const noexcept { return slots_[slot]; }
  void put(size_t slot, uint32_t code) noexcept { slots_[slot] = code; }
  // At most a quarter of the slots are taken: the first one looked at is mostly the right one, and a wrong guess of the
  // processor costs more than a larger table does.
  [[nodiscard]] bool is_full(size_t entries) const noexcept { return 4 * entries >= slots_.size(); }
  [[nodiscard]] int slot_bits() const noexcept { return slot_bits_; }
  // Doubles the table; `hash_of(code)` gives the hash of an entry.
  template <typename HashOf>
  void grow(size_t entries, const HashOf& hash_of) {
    reset(slot_bits_ + 1);
    fill(entries, hash_of);
  }
  // Puts entries into the empty table.
  template <typename HashOf>
  void fill(size_t entries, const HashOf& hash_of) {
    for (uint32_t code = 0; code < entries; ++code) {
      size_t slot = slot_of(hash_of(code));
      while (slots_[slot] != kEmpty) slot = after(slot);
      slots_[slot] = code;
    }
  }

 private:
  std::vector<uint32_t> slots_;
  int slot_bits_ = 0;
};

inline constexpr int kFirstSlotBits = 8;

}  // namespace internal

// Of numbers, compared bit by bit (so that floats come back as they were). T is uint32_t or uint64_t.
template <typename T>
class NumberDictionary {
 public:
  NumberDictionary() { clear(); }

  // `grid`: where most values lie, if they are doubles or 64-bit integers. It makes the work quicker and changes
  // nothing else.
  void clear(const std::optional<ValueGrid>& grid = std::nullopt) {
    entries_.clear();
    grid_ = grid;
    if (grid_) {
      clear_places();
    } else {
      table_.reset(internal::kFirstSlotBits);
    }
  }

  // Sets codes[i] for each values[i], adding entries. False as soon as the limits are passed; what then stands in
  // `codes` and the entries is of no use.
  bool encode(std::span<const T> values, uint32_t* codes, const DictionaryLimits& limits) {
    const size_t entries_max = std::min(limits.entries, limits.bytes / sizeof(T));
    if constexpr (sizeof(T) == sizeof(uint64_t)) {
      while (grid_ && !values.empty()) {
        const auto block = values.first(std::min(kBlock, values.size()));
        const size_t entries_before = entries_.size();
        if (!encode_placed(block, codes)) {
          entries_.resize(entries_before);
          leave_grid();
          break;
        }
        if (entries_.size() > entries_max) return false;
        values = values.subspan(block.size());
        codes += block.size();
      }
    }
    return encode_hashed(values, codes, entries_max);
  }

  [[nodiscard]] std::span<const T> entries() const noexcept { return entries_; }

 private:
  static constexpr size_t kBlock = 1024;

  // False if a value is not on the grid; then the block's codes and entries are of no use.
  bool encode_placed(std::span<const T> values, uint32_t* codes) {
    uint32_t places[kBlock];
    if (!grid_->place(values, places)) return false;
    T different = 0;
    for (size_t index = 0; index < values.size(); ++index) {
      uint32_t& code = places_[places[index]];
      if (code == internal::CodeTable::kEmpty) {
        code = static_cast<uint32_t>(entries_.size());
        entries_.push_back(values[index]);
        taken_.push_back(places[index]);
      }
      different |= entries_[code] ^ values[index];
      codes[index] = code;
    }
    return different == 0;
  }

  // All places take longer to clear than a sample or a short chunk to encode.
  void clear_places() {
    if (places_.empty()) places_.assign(ValueGrid::kPlaces, internal::CodeTable::kEmpty);
    for (const uint32_t place : taken_) places_[place] = internal::CodeTable::kEmpty;
    taken_.clear();
  }

  void leave_grid() {
    grid_.reset();
    table_.reset(internal::kFirstSlotBits);
    while (table_.is_full(entries_.size())) table_.reset(table_.slot_bits() + 1);
    table_.fill(entries_.size(), hash_of_entry());
  }

  bool encode_hashed(std::span<const T> values, uint32_t* codes, size_t entries_max) {
    for (size_t index = 0; index < values.size(); ++index) {
      const T value = values[index];
      size_t slot = table_.slot_of(internal::mix(value));
      uint32_t code = table_[slot];
      while (code != internal::CodeTable::kEmpty && entries_[code] != value) code = table_[slot = table_.after(slot)];
      if (code == internal::CodeTable::kEmpty) {
        if (entries_.size() == entries_max) return false;
        code = add(value, slot);
      }
      codes[index] = code;
    }
    return true;
  }

  uint32_t add(T value, size_t slot) {
    const auto code = static_cast<uint32_t>(entries_.size());
    entries_.push_back(value);
    table_.put(slot, code);
    if (table_.is_full(entries_.size())) table_.grow(entries_.size(), hash_of_entry());
    return code;
  }

  auto hash_of_entry() const {
    return [this](uint32_t entry) { return internal::mix(entries_[entry]); };
  }

  std::vector<T> entries_;
  internal::CodeTable table_;
  std::optional<ValueGrid> grid_;
  std::vector<uint32_t> places_;  // codes by their place on the grid
  std::vector<uint32_t> taken_;   // the places that hold one
};

// Of byte strings, which are not copied: they must outlive the dictionary's use.
class BytesDictionary {
 public:
  BytesDictionary() { clear(); }

  void clear() {
    entries_.clear();
    hashes_.clear();
    bytes_ = 0;
    table_.reset(internal::kFirstSlotBits);
  }

  // As NumberDictionary::encode, for values value_at(0) to value_at(count - 1), which lie one behind the other.
  template <typename ValueAt>
  bool encode(size_t count, const ValueAt& value_at, uint32_t* codes, const DictionaryLimits& limits) {
    if (count == 0) return true;
    const char* const readable_end = value_at(count - 1).data() + value_at(count - 1).size();
    for (size_t index = 0; index < count; ++index) {
      const std::string_view value = value_at(index);
      const uint64_t hash = internal::hash_bytes(value, readable_end);
      size_t slot = table_.slot_of(hash);
      uint32_t code = table_[slot];
      while (code != internal::CodeTable::kEmpty &&
             (hashes_[code] != hash || !internal::same_bytes(entries_[code], value))) {
        code = table_[slot = table_.after(slot)];
      }
      if (code == internal::CodeTable::kEmpty) {
        bytes_ += value.size() + 4;
        if (entries_.size() == limits.entries || bytes_ > limits.bytes) return false;
        code = add(value, hash, slot);
      }
      codes[index] = code;
    }
    return true;
  }

  [[nodiscard]] std::span<const std::string_view> entries() const noexcept { return entries_; }

 private:
  uint32_t add(std::string_view value, uint64_t hash, size_t slot) {
    const auto code = static_cast<uint32_t>(entries_.size());
    entries_.push_back(value);
    hashes_.push_back(hash);
    table_.put(slot, code);
    if (table_.is_full(entries_.size())) {
      table_.grow(entries_.size(), [this](uint32_t entry) { return hashes_[entry]; });
    }
    return code;
  }

  std::vector<std::string_view> entries_;
  std::vector<uint64_t> hashes_;
  internal::CodeTable table_;
  size_t bytes_ = 0;
};

}  // namespace varve::parquet
