// Streams of compressed bytes, as whole files have them.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "varve/compress/codec.h"

namespace varve::compress {

// Gives the next bytes of a source: fills as much of the span as it can and says how much; 0 at the end.
using ByteSource = std::function<size_t(std::span<std::byte>)>;

// Which codec a file is packed in by its first bytes (gzip, zstd) or kNone.
Codec detect_codec(std::span<const std::byte> first_bytes) noexcept;

// Unpacks gzip (all members, one after the other) or zstd (all frames, skippable ones too) while reading.
// Throws Corruption for damaged input and for one that ends too early, NotSupported for other codecs but kNone.
ByteSource make_decompressing_source(Codec codec, ByteSource packed);

}  // namespace varve::compress
