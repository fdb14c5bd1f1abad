// Cyclic redundancy checks: CRC-32 (IEEE 802.3, as in gzip and Parquet pages) and CRC-32C (Castagnoli).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace varve::base {

// The checksum of `bytes`, going on from `seed` (0 at the start), so that
// crc32(b, crc32(a)) is the checksum of a followed by b. Uses the processor's instructions where it has them;
// the portable path gives the same values.
uint32_t crc32(std::span<const std::byte> bytes, uint32_t seed = 0) noexcept;
uint32_t crc32c(std::span<const std::byte> bytes, uint32_t seed = 0) noexcept;

namespace internal {
// The two paths behind them, for tests: the portable one, and the one for processors of which has_crc_instructions()
// is true (it is the portable one where this compiler knows no such instructions).
uint32_t crc32_portable(std::span<const std::byte> bytes, uint32_t seed) noexcept;
uint32_t crc32c_portable(std::span<const std::byte> bytes, uint32_t seed) noexcept;
bool has_crc_instructions() noexcept;
uint32_t crc32_fast(std::span<const std::byte> bytes, uint32_t seed) noexcept;
uint32_t crc32c_fast(std::span<const std::byte> bytes, uint32_t seed) noexcept;
}  // namespace internal

}  // namespace varve::base
