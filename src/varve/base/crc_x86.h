// The checksums of crc.h by the instructions of x86 processors: for crc.cpp and its tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace varve::base::internal {

// Whether this processor (and compiler) can run the functions below.
bool has_crc_instructions() noexcept;

// As crc32 and crc32c of crc.h, any length. Only to be called if has_crc_instructions().
uint32_t crc32_x86(std::span<const std::byte> bytes, uint32_t seed) noexcept;
uint32_t crc32c_x86(std::span<const std::byte> bytes, uint32_t seed) noexcept;

}  // namespace varve::base::internal
