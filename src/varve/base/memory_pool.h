// Blocks of memory for buffer.cpp: small ones from malloc, large ones in huge pages, kept for reuse when freed.
#pragma once

#include <cstddef>

namespace varve::base::internal {

// Bytes that lie readable and writable behind every buffer's capacity.
inline constexpr size_t kPadding = 64;

struct Block {
  std::byte* bytes = nullptr;
  size_t size = 0;      // at least what was asked for
  bool zeroed = false;  // fresh from the system
};

// A block of at least `size` bytes, aligned to 64 bytes, or to 2 MiB if large. Throws std::bad_alloc.
Block take_block(size_t size);

// Gives back what take_block gave: `bytes` of a block and its `size`.
void give_block(std::byte* bytes, size_t size) noexcept;

}  // namespace varve::base::internal
