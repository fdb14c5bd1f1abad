// Draws choices from the bytes that a fuzzer gives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace varve::testing {

// Bytes in order; behind their end, numbers that follow from how many there were, so that a short input makes a large
// table too. The same bytes draw the same choices.
class FuzzInput {
 public:
  explicit FuzzInput(std::span<const uint8_t> bytes) : bytes_(bytes), state_(bytes.size()) {}

  uint8_t byte() { return position_ < bytes_.size() ? bytes_[position_++] : static_cast<uint8_t>(random()); }
  bool flag() { return (byte() & 1) != 0; }
  uint64_t word() {
    uint64_t word = 0;
    for (int at = 0; at < 8; ++at) word = word << 8 | byte();
    return word;
  }
  // From `low` to `high`, both inside, less than 65,536 apart.
  int64_t between(int64_t low, int64_t high) {
    const int64_t drawn = high - low < 256 ? byte() : byte() << 8 | byte();
    return low + drawn % (high - low + 1);
  }
  // Takes no byte of the input (splitmix64).
  uint64_t random() {
    state_ += 0x9E3779B97F4A7C15;
    uint64_t mixed = (state_ ^ state_ >> 30) * 0xBF58476D1CE4E5B9;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB;
    return mixed ^ mixed >> 31;
  }
  // The random numbers from here on follow from `seed`.
  void reseed(uint64_t seed) { state_ = seed; }

 private:
  std::span<const uint8_t> bytes_;
  size_t position_ = 0;
  uint64_t state_;
};

}  // namespace varve::testing
