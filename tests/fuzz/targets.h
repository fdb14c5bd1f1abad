// The fuzz targets: each takes any bytes and fails for none.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>

namespace varve::testing {

// Any bytes are read as a file, or refused with an error of the hierarchy.
void fuzz_parquet_reader(std::span<const uint8_t> bytes);
// A table made from the bytes is written and comes back as it was.
void fuzz_parquet_round_trip(std::span<const uint8_t> bytes);

// Ends the program, as a sanitizer does, so that fuzzers keep the input.
[[noreturn]] inline void fail_fuzzing(const std::string& message) {
  std::fprintf(stderr, "fuzzing: %s\n", message.c_str());
  std::abort();
}

}  // namespace varve::testing
