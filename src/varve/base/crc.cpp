#include "varve/base/crc.h"

#include <array>
#include <cstring>

#include "varve/base/crc_x86.h"

namespace varve::base {
namespace {

constexpr uint32_t kPolynomialIeee = 0xEDB88320;        // both with the lowest power in the highest bit
constexpr uint32_t kPolynomialCastagnoli = 0x82F63B78;  // RFC 3720, appendix B.4

constexpr size_t kSlices = 16;
// Row 0 steps the checksum by one byte; row k by one byte and k bytes of zeros after it. XORing one entry of each row
// so steps sixteen bytes at once.
using Tables = std::array<std::array<uint32_t, 256>, kSlices>;

constexpr Tables make_tables(uint32_t polynomial) {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1) != 0 ? polynomial : 0);
    tables[0][byte] = rest;
  }
  for (size_t slice = 1; slice < kSlices; ++slice) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables[slice - 1][byte];
      tables[slice][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}

constexpr Tables kTablesIeee = make_tables(kPolynomialIeee);
constexpr Tables kTablesCastagnoli = make_tables(kPolynomialCastagnoli);

uint32_t slice_by_16(const Tables& tables, std::span<const std::byte> bytes, uint32_t seed) {
  uint32_t rest = ~seed;
  while (bytes.size() >= kSlices) {
    std::array<uint8_t, kSlices> block;
    std::memcpy(block.data(), bytes.data(), kSlices);
    uint32_t next = 0;
    for (size_t i = 0; i < kSlices; ++i) {
      const uint32_t carried = i < 4 ? (rest >> (8 * i)) & 0xFF : 0;
      next ^= tables[kSlices - 1 - i][block[i] ^ carried];
    }
    rest = next;
    bytes = bytes.subspan(kSlices);
  }
  for (const std::byte byte : bytes) rest = (rest >> 8) ^ tables[0][(rest ^ static_cast<uint32_t>(byte)) & 0xFF];
  return ~rest;
}

}  // namespace

namespace internal {

uint32_t crc32_portable(std::span<const std::byte> bytes, uint32_t seed) noexcept {
  return slice_by_16(kTablesIeee, bytes, seed);
}
uint32_t crc32c_portable(std::span<const std::byte> bytes, uint32_t seed) noexcept {
  return slice_by_16(kTablesCastagnoli, bytes, seed);
}

}  // namespace internal

uint32_t crc32(std::span<const std::byte> bytes, uint32_t seed) noexcept {
  return internal::has_crc_instructions() ? internal::crc32_x86(bytes, seed) : internal::crc32_portable(bytes, seed);
}
uint32_t crc32c(std::span<const std::byte> bytes, uint32_t seed) noexcept {
  return internal::has_crc_instructions() ? internal::crc32c_x86(bytes, seed) : internal::crc32c_portable(bytes, seed);
}

}  // namespace varve::base
