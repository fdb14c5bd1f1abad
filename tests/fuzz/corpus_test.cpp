// Runs the fuzz targets over their corpus and over seeded random changes of it: the short form of fuzzing.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fuzz/targets.h"
#include "support/random.h"

namespace varve::testing {
namespace {

using Input = std::vector<uint8_t>;

std::vector<Input> corpus(const std::string& target) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(VARVE_FUZZ_CORPUS) + "/" + target)) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Input> inputs;
  for (const std::string& path : paths) {
    std::ifstream file(path, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return inputs;
}

// A few bytes set, flipped, copied over others or cut out; lengths and counts like extreme values.
void change(Random& random, Input& input) {
  const std::vector<uint8_t> extremes = {0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF};
  for (int64_t left = random.between(1, 4); left > 0 && !input.empty(); --left) {
    const auto at = static_cast<size_t>(random.between(0, static_cast<int64_t>(input.size()) - 1));
    const auto from = static_cast<size_t>(random.between(0, static_cast<int64_t>(input.size()) - 1));
    const size_t length =
        std::min({static_cast<size_t>(random.between(1, 16)), input.size() - at, input.size() - from});
    switch (random.between(0, 4)) {
      case 0: input[at] ^= static_cast<uint8_t>(1U << random.between(0, 7)); break;
      case 1: input[at] = random.pick(extremes); break;
      case 2: std::fill_n(input.begin() + static_cast<ptrdiff_t>(at), length, random.pick(extremes)); break;
      case 3: {
        const Input piece(input.begin() + static_cast<ptrdiff_t>(from),
                          input.begin() + static_cast<ptrdiff_t>(from + length));
        std::copy(piece.begin(), piece.end(), input.begin() + static_cast<ptrdiff_t>(at));
        break;
      }
      default:
        input.erase(input.begin() + static_cast<ptrdiff_t>(at), input.begin() + static_cast<ptrdiff_t>(at + length));
    }
  }
}

TEST(ParquetReaderFuzz, CorpusIsReadOrRefusedInEveryWay) {
  const std::vector<Input> inputs = corpus("parquet_reader");
  EXPECT_GE(inputs.size(), 10U);
  for (Input input : inputs) {
    fuzz_parquet_reader(input);
    for (const int ways : {0x06, 0x5D, 0x7D, 0x81}) {
      input[0] = static_cast<uint8_t>('P' ^ ways);
      fuzz_parquet_reader(input);
    }
  }
}

TEST(ParquetReaderFuzz, ChangedFilesAreReadOrRefused) {
  Random random;
  const std::vector<Input> inputs = corpus("parquet_reader");
  ASSERT_FALSE(inputs.empty());
  for (int round = 0; round < 40'000; ++round) {
    Input input = random.pick(inputs);
    change(random, input);
    if (!input.empty()) input[0] = static_cast<uint8_t>('P' ^ random.between(0, 255));
    fuzz_parquet_reader(input);
  }
}

TEST(ParquetRoundTripFuzz, TablesOfTheCorpusComeBack) {
  const std::vector<Input> inputs = corpus("parquet_round_trip");
  EXPECT_GE(inputs.size(), 10U);
  for (const Input& input : inputs) fuzz_parquet_round_trip(input);
}

TEST(ParquetRoundTripFuzz, RandomTablesComeBack) {
  Random random;
  for (int round = 0; round < 20'000; ++round) {
    Input input(static_cast<size_t>(random.between(0, 80)));
    for (uint8_t& byte : input) byte = static_cast<uint8_t>(random.next());
    fuzz_parquet_round_trip(input);
  }
}

}  // namespace
}  // namespace varve::testing
