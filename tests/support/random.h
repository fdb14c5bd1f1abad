// Random numbers for tests: the same in every run, another stream for every test, and the seed told when a test fails.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace varve::testing {

// Lives in the test's body; while it does, failures print the seed. VARVE_TEST_SEED in the environment replaces the
// seed, which otherwise follows from the test's name. One thread.
class Random {
 public:
  Random();

  uint64_t next() { return engine_(); }
  // From `low` to `high`, both inside.
  int64_t between(int64_t low, int64_t high);
  // True once in `times` on average.
  bool one_in(uint64_t times) { return engine_() % times == 0; }
  // Any bit pattern, with small values and the ends of the range more often than chance would have it.
  int64_t edgy();
  std::vector<std::byte> bytes(size_t count);

  template <typename T>
  const T& pick(const std::vector<T>& values) {
    return values[engine_() % values.size()];
  }

  // Cuts at a random place, the ends included.
  template <typename T>
  std::pair<std::span<T>, std::span<T>> split(std::span<T> whole) {
    const size_t at = engine_() % (whole.size() + 1);
    return {whole.first(at), whole.subspan(at)};
  }

 private:
  uint64_t seed_;
  ::testing::ScopedTrace trace_;
  std::mt19937_64 engine_;
};

}  // namespace varve::testing
