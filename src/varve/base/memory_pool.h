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

// A block of at least `size` bytes that begins with the first `used` bytes of one that take_block gave, which is given
// back. Pages of large blocks are moved, not copied, unless a kept block fits. Throws std::bad_alloc; nothing is
// changed.
Block grow_block(Block block, size_t used, size_t size);

// Gives the whole huge pages among `size` bytes from `start` on, inside a block, back to the system (a small block has
// none); their bytes are unspecified afterwards.
void drop_pages(std::byte* start, size_t size) noexcept;

// Gives back what take_block gave: `bytes` of a block and its `size`.
void give_block(std::byte* bytes, size_t size) noexcept;

}  // namespace varve::base::internal
