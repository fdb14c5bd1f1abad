#include "varve/compress/codec.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>
#include <string>

#include <brotli/decode.h>
#include <brotli/encode.h>
#include <lz4.h>
#include <lz4frame.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

#include "varve/base/error.h"
#include "varve/compress/snappy_block.h"

namespace varve::compress {

namespace {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

constexpr std::array<std::string_view, 7> kNames = {"none", "snappy", "gzip", "lz4", "lz4_hadoop", "zstd", "brotli"};

const char* as_chars(Bytes bytes) { return reinterpret_cast<const char*>(bytes.data()); }
char* as_chars(MutableBytes bytes) { return reinterpret_cast<char*>(bytes.data()); }
const uint8_t* as_octets(Bytes bytes) { return reinterpret_cast<const uint8_t*>(bytes.data()); }
uint8_t* as_octets(MutableBytes bytes) { return reinterpret_cast<uint8_t*>(bytes.data()); }

[[noreturn]] void throw_damaged(Codec codec, Bytes input, MutableBytes output) {
  throw Corruption("{} block of {} bytes does not unpack to {} bytes", to_string(codec), input.size(), output.size());
}

void check_level(Codec codec, int level, int min, int max) {
  if (level < min || level > max)
    throw InvalidArgument("{} has levels {} to {}, not {}", to_string(codec), min, max, level);
}

}  // namespace

// One kind a codec. `decompress` says whether the block was sound and filled the output.
struct BlockCodec::State {
  explicit State(Codec its_codec) : codec(its_codec) {}
  virtual ~State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  [[nodiscard]] virtual size_t bound(size_t size) const { return size; }
  virtual size_t compress(Bytes input, MutableBytes output) = 0;
  virtual size_t compress_streams(Bytes input, MutableBytes output, size_t /*streams*/) {
    return compress(input, output);
  }
  virtual bool decompress(Bytes input, MutableBytes output) = 0;

  [[noreturn]] void throw_refused(Bytes input) const {
    throw InvalidArgument("{} cannot pack a block of {} bytes", to_string(codec), input.size());
  }

  Codec codec;
};

namespace {

template <typename Base>
struct NoCodec final : Base {
  NoCodec() : Base(Codec::kNone) {}
  size_t compress(Bytes input, MutableBytes output) override {
    std::copy(input.begin(), input.end(), output.begin());
    return input.size();
  }
  bool decompress(Bytes input, MutableBytes output) override {
    if (input.size() != output.size()) return false;
    std::copy(input.begin(), input.end(), output.begin());
    return true;
  }
};

template <typename Base>
struct SnappyCodec final : Base {
  SnappyCodec() : Base(Codec::kSnappy) {}
  [[nodiscard]] size_t bound(size_t size) const override { return snappy_max_compressed_length(size); }
  size_t compress(Bytes input, MutableBytes output) override {
    size_t size = output.size();
    if (snappy_compress(as_chars(input), input.size(), as_chars(output), &size) != SNAPPY_OK)
      this->throw_refused(input);
    return size;
  }
  bool decompress(Bytes input, MutableBytes output) override { return unpack_snappy(input, output); }
};

// zlib's state for one direction.
class ZlibStream {
 public:
  enum class Direction { kDeflate, kInflate };

  explicit ZlibStream(Direction direction, int level = 0) : direction_(direction) {
    const int result = direction == Direction::kDeflate
                           ? deflateInit2(&stream_, level, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY)
                           : inflateInit2(&stream_, kAnyWindow);
    if (result != Z_OK) throw std::bad_alloc();
  }
  ~ZlibStream() { direction_ == Direction::kDeflate ? deflateEnd(&stream_) : inflateEnd(&stream_); }
  ZlibStream(const ZlibStream&) = delete;
  ZlibStream& operator=(const ZlibStream&) = delete;

  z_stream& operator*() { return stream_; }

 private:
  static constexpr int kGzipWindow = 15 + 16;
  static constexpr int kAnyWindow = 15 + 32;  // gzip or zlib, told by the head
  Direction direction_;
  z_stream stream_{};
};

constexpr uInt zlib_size(size_t size) {
  return static_cast<uInt>(std::min<size_t>(size, std::numeric_limits<uInt>::max()));
}

template <typename Base>
struct GzipCodec final : Base {
  explicit GzipCodec(int its_level) : Base(Codec::kGzip), level(its_level) {}

  [[nodiscard]] size_t bound(size_t size) const override { return compressBound(size) + 32; }

  size_t compress(Bytes input, MutableBytes output) override {
    if (input.size() > std::numeric_limits<uInt>::max()) this->throw_refused(input);
    if (!deflater) deflater.emplace(ZlibStream::Direction::kDeflate, level);
    z_stream& stream = **deflater;
    deflateReset(&stream);
    stream.next_in = const_cast<Bytef*>(as_octets(input));
    stream.avail_in = zlib_size(input.size());
    stream.next_out = as_octets(output);
    stream.avail_out = zlib_size(output.size());
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END) this->throw_refused(input);
    return stream.total_out;
  }

  bool decompress(Bytes input, MutableBytes output) override {
    if (!inflater) inflater.emplace(ZlibStream::Direction::kInflate);
    z_stream& stream = **inflater;
    Bytef nowhere = 0;  // zlib refuses a null pointer, even for no bytes
    // Members may follow each other; an empty one may be all there is.
    do {
      inflateReset(&stream);
      stream.next_in = const_cast<Bytef*>(as_octets(input));
      stream.avail_in = zlib_size(input.size());
      stream.next_out = output.empty() ? &nowhere : as_octets(output);
      stream.avail_out = zlib_size(output.size());
      if (inflate(&stream, Z_FINISH) != Z_STREAM_END) return false;
      input = input.subspan(stream.total_in);
      output = output.subspan(stream.total_out);
    } while (!input.empty());
    return output.empty();
  }

  int level;
  std::optional<ZlibStream> deflater;
  std::optional<ZlibStream> inflater;
};

bool decompress_lz4_block(Bytes input, MutableBytes output) {
  constexpr size_t kMax = std::numeric_limits<int>::max();
  if (input.size() > kMax || output.size() > kMax) return false;
  const int size = LZ4_decompress_safe(as_chars(input), as_chars(output), static_cast<int>(input.size()),
                                       static_cast<int>(output.size()));
  return size >= 0 && static_cast<size_t>(size) == output.size();
}

template <typename Base>
struct Lz4RawCodec final : Base {
  Lz4RawCodec() : Base(Codec::kLz4Raw) {}
  [[nodiscard]] size_t bound(size_t size) const override { return size + size / 255 + 16; }
  size_t compress(Bytes input, MutableBytes output) override {
    if (input.size() > LZ4_MAX_INPUT_SIZE) this->throw_refused(input);
    const auto room = static_cast<int>(std::min<size_t>(output.size(), std::numeric_limits<int>::max()));
    const int size = LZ4_compress_default(as_chars(input), as_chars(output), static_cast<int>(input.size()), room);
    if (size <= 0) this->throw_refused(input);
    return static_cast<size_t>(size);
  }
  bool decompress(Bytes input, MutableBytes output) override { return decompress_lz4_block(input, output); }
};

uint32_t load_big_endian(Bytes bytes) {
  uint32_t value = 0;
  for (size_t index = 0; index < 4; ++index) value = (value << 8) | static_cast<uint32_t>(bytes[index]);
  return value;
}

// Hadoop's framing: blocks of (bytes unpacked, bytes packed), both big-endian, before each raw block.
bool decompress_hadoop_blocks(Bytes input, MutableBytes output) {
  while (!input.empty()) {
    if (input.size() < 8) return false;
    const uint32_t unpacked = load_big_endian(input);
    const uint32_t packed = load_big_endian(input.subspan(4));
    input = input.subspan(8);
    if (packed > input.size() || unpacked > output.size()) return false;
    if (!decompress_lz4_block(input.first(packed), output.first(unpacked))) return false;
    input = input.subspan(packed);
    output = output.subspan(unpacked);
  }
  return output.empty();
}

bool decompress_lz4_frame(Bytes input, MutableBytes output) {
  LZ4F_dctx* raw_context = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&raw_context, LZ4F_VERSION)) != 0) throw std::bad_alloc();
  const std::unique_ptr<LZ4F_dctx, decltype(&LZ4F_freeDecompressionContext)> context(raw_context,
                                                                                     &LZ4F_freeDecompressionContext);
  while (!input.empty()) {
    size_t written = output.size();
    size_t consumed = input.size();
    const size_t hint = LZ4F_decompress(context.get(), output.data(), &written, input.data(), &consumed, nullptr);
    if (LZ4F_isError(hint) != 0 || (written == 0 && consumed == 0)) return false;
    input = input.subspan(consumed);
    output = output.subspan(written);
    if (hint == 0) return input.empty() && output.empty();
  }
  return false;
}

template <typename Base>
struct Lz4HadoopCodec final : Base {
  Lz4HadoopCodec() : Base(Codec::kLz4Hadoop) {}
  size_t compress(Bytes /*input*/, MutableBytes /*output*/) override {
    throw NotSupported("lz4_hadoop is read, not written");
  }
  bool decompress(Bytes input, MutableBytes output) override {
    return decompress_hadoop_blocks(input, output) || decompress_lz4_frame(input, output) ||
           decompress_lz4_block(input, output);
  }
};

template <typename Base>
struct ZstdCodec final : Base {
  explicit ZstdCodec(int its_level) : Base(Codec::kZstd), level(its_level) {}

  [[nodiscard]] size_t bound(size_t size) const override { return ZSTD_compressBound(size) + kFlushBytesMax; }
  size_t compress(Bytes input, MutableBytes output) override {
    make_packer();
    const size_t size =
        ZSTD_compressCCtx(packer.get(), output.data(), output.size(), input.data(), input.size(), level);
    if (ZSTD_isError(size) != 0) this->throw_refused(input);
    return size;
  }
  // The library's blocks, each of which has statistics of its own, end where a stream does.
  size_t compress_streams(Bytes input, MutableBytes output, size_t streams) override {
    if (streams > kFlushesMax) return compress(input, output);
    make_packer();
    ZSTD_CCtx_reset(packer.get(), ZSTD_reset_session_and_parameters);
    ZSTD_CCtx_setParameter(packer.get(), ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setPledgedSrcSize(packer.get(), input.size());
    ZSTD_outBuffer packed{output.data(), output.size(), 0};
    for (size_t stream = 0; stream < streams; ++stream) {
      const Bytes part = input.subspan(input.size() / streams * stream, input.size() / streams);
      ZSTD_inBuffer plain{part.data(), part.size(), 0};
      const auto flush = stream + 1 == streams ? ZSTD_e_end : ZSTD_e_flush;
      if (ZSTD_compressStream2(packer.get(), &packed, &plain, flush) != 0) this->throw_refused(input);
    }
    return packed.pos;
  }
  bool decompress(Bytes input, MutableBytes output) override {
    if (!unpacker) unpacker.reset(ZSTD_createDCtx());
    if (!unpacker) throw std::bad_alloc();
    return ZSTD_decompressDCtx(unpacker.get(), output.data(), output.size(), input.data(), input.size()) ==
           output.size();
  }

  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  void make_packer() {
    if (!packer) packer.reset(ZSTD_createCCtx());
    if (!packer) throw std::bad_alloc();
  }

  static constexpr size_t kFlushesMax = 16;
  static constexpr size_t kFlushBytesMax = kFlushesMax * 16;  // a flush may end a block early: three bytes more
  int level;
  std::unique_ptr<ZSTD_CCtx, Free> packer;
  std::unique_ptr<ZSTD_DCtx, Free> unpacker;
};

template <typename Base>
struct BrotliCodec final : Base {
  explicit BrotliCodec(int its_level) : Base(Codec::kBrotli), level(its_level) {}

  [[nodiscard]] size_t bound(size_t size) const override {
    return std::max<size_t>(BrotliEncoderMaxCompressedSize(size), 16);
  }
  size_t compress(Bytes input, MutableBytes output) override {
    size_t size = output.size();
    if (BrotliEncoderCompress(level, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, input.size(), as_octets(input), &size,
                              as_octets(output)) == BROTLI_FALSE) {
      this->throw_refused(input);
    }
    return size;
  }
  bool decompress(Bytes input, MutableBytes output) override {
    size_t size = output.size();
    return BrotliDecoderDecompress(input.size(), as_octets(input), &size, as_octets(output)) ==
               BROTLI_DECODER_RESULT_SUCCESS &&
           size == output.size();
  }

  int level;
};

template <typename Base>
std::unique_ptr<Base> make_state(Codec codec, int level) {
  const auto level_or = [&](int otherwise) { return level == kDefaultLevel ? otherwise : level; };
  switch (codec) {
    case Codec::kSnappy: return std::make_unique<SnappyCodec<Base>>();
    case Codec::kGzip: check_level(codec, level_or(6), 1, 9); return std::make_unique<GzipCodec<Base>>(level_or(6));
    case Codec::kLz4Raw: return std::make_unique<Lz4RawCodec<Base>>();
    case Codec::kLz4Hadoop: return std::make_unique<Lz4HadoopCodec<Base>>();
    case Codec::kZstd: check_level(codec, level_or(1), 1, 22); return std::make_unique<ZstdCodec<Base>>(level_or(1));
    case Codec::kBrotli:
      check_level(codec, level_or(5), 0, 11);
      return std::make_unique<BrotliCodec<Base>>(level_or(5));
    case Codec::kNone: break;
  }
  return std::make_unique<NoCodec<Base>>();
}

bool has_levels(Codec codec) { return codec == Codec::kGzip || codec == Codec::kZstd || codec == Codec::kBrotli; }

}  // namespace

std::string_view to_string(Codec codec) noexcept { return kNames[static_cast<size_t>(codec)]; }

Codec parse_codec(std::string_view name) {
  std::string known;
  for (size_t index = 0; index < kNames.size(); ++index) {
    if (name == kNames[index]) return static_cast<Codec>(index);
    known.append(index == 0 ? "" : ", ").append(kNames[index]);
  }
  throw InvalidArgument("no codec \"{}\"; there are {}", name, known);
}

BlockCodec::BlockCodec(Codec codec, int level) {
  if (level != kDefaultLevel && !has_levels(codec)) throw InvalidArgument("{} has no levels", to_string(codec));
  state_ = make_state<State>(codec, level);
}

BlockCodec::~BlockCodec() = default;
BlockCodec::BlockCodec(BlockCodec&&) noexcept = default;
BlockCodec& BlockCodec::operator=(BlockCodec&&) noexcept = default;

size_t BlockCodec::bound(size_t size) const { return state_->bound(size); }

size_t BlockCodec::compress(Bytes input, MutableBytes output, size_t streams) {
  return streams > 1 ? state_->compress_streams(input, output, streams) : state_->compress(input, output);
}

void BlockCodec::decompress(Bytes input, MutableBytes output) {
  if (!state_->decompress(input, output)) throw_damaged(state_->codec, input, output);
}

}  // namespace varve::compress
