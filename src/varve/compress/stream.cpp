#include "varve/compress/stream.h"

#include <algorithm>
#include <array>
#include <new>
#include <vector>

#include <zlib.h>
#include <zstd.h>

#include "varve/base/error.h"

namespace varve::compress {

namespace {

constexpr size_t kBufferBytes = size_t{128} << 10;

// The packed bytes as they come, a buffer at a time.
class PackedInput {
 public:
  explicit PackedInput(ByteSource source) : source_(std::move(source)), buffer_(kBufferBytes) {}

  // What is at hand; empty only at the end of the source.
  std::span<const std::byte> peek() {
    if (begin_ == end_) {
      begin_ = 0;
      end_ = source_(buffer_);
    }
    return std::span(buffer_).subspan(begin_, end_ - begin_);
  }
  void consume(size_t count) { begin_ += count; }

 private:
  ByteSource source_;
  std::vector<std::byte> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

class GzipSource {
 public:
  explicit GzipSource(ByteSource source) : input_(std::move(source)) {
    if (inflateInit2(&stream_, kGzipWindow) != Z_OK) throw std::bad_alloc();
  }
  ~GzipSource() { inflateEnd(&stream_); }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

  size_t read(std::span<std::byte> out) {
    const size_t wanted = std::min(out.size(), kBufferBytes);
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(wanted);
    while (stream_.avail_out == wanted && wanted > 0) {
      const auto packed = input_.peek();
      if (packed.empty()) {
        if (in_member_) throw Corruption("gzip data end within a member");
        break;
      }
      in_member_ = true;
      inflate_some(packed);
    }
    return wanted - stream_.avail_out;
  }

 private:
  static constexpr int kGzipWindow = 15 + 16;

  void inflate_some(std::span<const std::byte> packed) {
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(packed.size());
    const int result = inflate(&stream_, Z_NO_FLUSH);
    if (result == Z_MEM_ERROR) throw std::bad_alloc();
    if (result != Z_OK && result != Z_STREAM_END) {
      throw Corruption("gzip data are damaged: {}", stream_.msg != nullptr ? stream_.msg : "no progress");
    }
    input_.consume(packed.size() - stream_.avail_in);
    if (result == Z_STREAM_END) {
      in_member_ = false;
      inflateReset(&stream_);
    }
  }

  PackedInput input_;
  z_stream stream_{};
  bool in_member_ = false;
};

class ZstdSource {
 public:
  explicit ZstdSource(ByteSource source) : input_(std::move(source)), stream_(ZSTD_createDStream()) {
    if (!stream_) throw std::bad_alloc();
  }

  size_t read(std::span<std::byte> out) {
    ZSTD_outBuffer target{out.data(), out.size(), 0};
    while (target.pos == 0 && !out.empty()) {
      const auto packed = input_.peek();
      ZSTD_inBuffer source{packed.data(), packed.size(), 0};
      // With no input left there may still be bytes in the library's own buffer.
      if (packed.empty() && !in_frame_) break;
      const size_t hint = ZSTD_decompressStream(stream_.get(), &target, &source);
      if (ZSTD_isError(hint) != 0) throw Corruption("zstd data are damaged: {}", ZSTD_getErrorName(hint));
      input_.consume(source.pos);
      in_frame_ = hint != 0;
      if (packed.empty() && target.pos == 0 && in_frame_) throw Corruption("zstd data end within a frame");
    }
    return target.pos;
  }

 private:
  struct Free {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
  };
  PackedInput input_;
  std::unique_ptr<ZSTD_DStream, Free> stream_;
  bool in_frame_ = false;
};

template <typename Source>
ByteSource make_source(ByteSource packed) {
  return [source = std::make_shared<Source>(std::move(packed))](std::span<std::byte> out) { return source->read(out); };
}

}  // namespace

Codec detect_codec(std::span<const std::byte> first_bytes) noexcept {
  const auto starts_with = [&](auto... magic) {
    const std::array expected{static_cast<std::byte>(magic)...};
    return first_bytes.size() >= expected.size() && std::equal(expected.begin(), expected.end(), first_bytes.begin());
  };
  if (starts_with(0x1F, 0x8B)) return Codec::kGzip;
  if (starts_with(0x28, 0xB5, 0x2F, 0xFD)) return Codec::kZstd;
  // Skippable frames may come first: their last four bits are free.
  for (int kind = 0x50; kind < 0x60; ++kind) {
    if (starts_with(kind, 0x2A, 0x4D, 0x18)) return Codec::kZstd;
  }
  return Codec::kNone;
}

ByteSource make_decompressing_source(Codec codec, ByteSource packed) {
  switch (codec) {
    case Codec::kNone: return packed;
    case Codec::kGzip: return make_source<GzipSource>(std::move(packed));
    case Codec::kZstd: return make_source<ZstdSource>(std::move(packed));
    default: throw NotSupported("files packed with {} cannot be read as a stream", to_string(codec));
  }
}

}  // namespace varve::compress
