#include "support/random.h"

#include <cstdlib>
#include <functional>
#include <limits>

namespace varve::testing {
namespace {

uint64_t choose_seed() {
  if (const char* text = std::getenv("VARVE_TEST_SEED")) return std::strtoull(text, nullptr, 10);
  const ::testing::TestInfo* test = ::testing::UnitTest::GetInstance()->current_test_info();
  uint64_t seed = 0xCBF29CE484222325;  // FNV-1a, the same on every machine
  if (test == nullptr) return seed;
  for (const char letter : std::string(test->test_suite_name()) + "." + test->name()) {
    seed = (seed ^ static_cast<unsigned char>(letter)) * 0x100000001B3;
  }
  return seed;
}

}  // namespace

Random::Random()
    : seed_(choose_seed()), trace_(__FILE__, __LINE__, "VARVE_TEST_SEED=" + std::to_string(seed_)), engine_(seed_) {}

int64_t Random::between(int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(engine_);
}

int64_t Random::edgy() {
  switch (next() % 4) {
    case 0: return between(-100, 100);
    case 1: return std::numeric_limits<int64_t>::min() + between(0, 100);
    case 2: return std::numeric_limits<int64_t>::max() - between(0, 100);
    default: return static_cast<int64_t>(next());
  }
}

std::vector<std::byte> Random::bytes(size_t count) {
  std::vector<std::byte> bytes(count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(next());
  return bytes;
}

}  // namespace varve::testing
