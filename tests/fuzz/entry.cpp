// Lets libFuzzer call one target, which VARVE_FUZZ_TARGET names.
#include <cstddef>
#include <cstdint>

#include "fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  varve::testing::VARVE_FUZZ_TARGET({bytes, size});
  return 0;
}
