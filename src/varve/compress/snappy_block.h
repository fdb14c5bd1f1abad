// Unpacks Snappy blocks, quicker than the library does where values of eight bytes change in some of their bytes.
#pragma once

#include <cstddef>
#include <span>

namespace varve::compress {

// Fills `output` from `input`, a block in Snappy's format (google/snappy, format_description.txt). False if the block
// is damaged or does not give just that many bytes; what `output` then holds is unspecified.
bool unpack_snappy(std::span<const std::byte> input, std::span<std::byte> output) noexcept;

}  // namespace varve::compress
