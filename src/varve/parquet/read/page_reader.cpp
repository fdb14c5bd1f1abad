#include "varve/parquet/read/page_reader.h"

#include <algorithm>
#include <cstring>

#include "varve/base/crc.h"
#include "varve/base/error.h"

namespace varve::parquet {
namespace {

// Small enough to stay in a core's cache between reading and decoding, large enough to make calls rare.
constexpr size_t kWindowBytes = size_t{512} << 10;
constexpr size_t kHeaderBytesUsual = size_t{4} << 10;
// Headers hold statistics, which hold values: a header as large as this is no header.
constexpr size_t kHeaderBytesMax = size_t{16} << 20;

compress::Codec to_codec(CompressionCodec codec) {
  switch (codec) {
    case CompressionCodec::kUncompressed: return compress::Codec::kNone;
    case CompressionCodec::kSnappy: return compress::Codec::kSnappy;
    case CompressionCodec::kGzip: return compress::Codec::kGzip;
    case CompressionCodec::kBrotli: return compress::Codec::kBrotli;
    case CompressionCodec::kLz4: return compress::Codec::kLz4Hadoop;
    case CompressionCodec::kZstd: return compress::Codec::kZstd;
    case CompressionCodec::kLz4Raw: return compress::Codec::kLz4Raw;
    case CompressionCodec::kLzo: throw NotSupported("compression codec LZO is not supported");
  }
  throw NotSupported("compression codec {} is not known", static_cast<int32_t>(codec));
}

// The most bytes that one compressed byte can stand for, by the codec's own format; 0 where that is boundless.
// It keeps a false size in a header from costing memory.
size_t expansion_max(CompressionCodec codec) {
  switch (codec) {
    case CompressionCodec::kSnappy: return 64;
    case CompressionCodec::kLz4:
    case CompressionCodec::kLz4Raw: return 256;
    case CompressionCodec::kGzip: return 1100;
    case CompressionCodec::kZstd: return size_t{1} << 16;
    default: return 0;
  }
}

}  // namespace

PageReader::PageReader(const base::File& file, const ChunkLocation& chunk, Workspace& workspace)
    : file_(file),
      chunk_(chunk),
      workspace_(workspace),
      codec_(workspace.codec(to_codec(chunk.codec))),
      position_(chunk.begin),
      end_(chunk.end),
      window_(workspace.window) {
  window_.resize(0);
}

void PageReader::seek(uint64_t begin, uint64_t end) {
  position_ = begin;
  end_ = end;
}

std::span<const std::byte> PageReader::fetch(uint64_t offset, size_t size) {
  const bool inside = offset >= window_begin_ && offset - window_begin_ < window_.size();
  if (!inside) {
    window_.resize(0);
    window_begin_ = offset;
  }
  const auto skipped = static_cast<size_t>(offset - window_begin_);
  const size_t there = window_.size() - skipped;
  if (there < size) {
    const size_t wanted = std::min<uint64_t>(std::max(size, kWindowBytes), end_ - offset);
    if (skipped + size > window_.capacity()) {
      drop_front(skipped, wanted);
      window_begin_ = offset;
    }
    const auto from = static_cast<size_t>(offset - window_begin_);
    grow_window(std::min(from + wanted, window_.capacity()));
  }
  const auto from = static_cast<size_t>(offset - window_begin_);
  return {window_.data() + from, std::min<size_t>(window_.size() - from, end_ - offset)};
}

// Moves the window's bytes from `skipped` on to its front and makes room for `wanted`.
void PageReader::drop_front(size_t skipped, size_t wanted) {
  const size_t there = window_.size() - skipped;
  if (wanted <= window_.capacity()) {
    std::memmove(window_.data(), window_.data() + skipped, there);
    window_.resize(there);
    return;
  }
  // With room for another window behind it, what is there seldom has to move again.
  base::MutableBuffer moved = base::MutableBuffer::allocate(wanted + kWindowBytes);
  if (there != 0) std::memcpy(moved.data(), window_.data() + skipped, there);
  moved.resize(there);
  window_ = std::move(moved);
}

void PageReader::grow_window(size_t size) {
  const size_t there = window_.size();
  window_.resize(size);
  try {
    file_.read_at(window_begin_ + there, {window_.data() + there, size - there});
  } catch (...) {
    window_.resize(0);
    throw;
  }
}

void PageReader::parse_header() {
  const uint64_t left = end_ - position_;
  size_t consumed = 0;
  const auto bytes = fetch(position_, std::min<uint64_t>(left, kHeaderBytesUsual));
  try {
    header_ = parse_page_header(bytes, consumed);
  } catch (const Corruption&) {
    const size_t more = std::min<uint64_t>(left, kHeaderBytesMax);
    if (more <= bytes.size()) throw;
    header_ = parse_page_header(fetch(position_, more), consumed);
  }
  body_ = position_ + consumed;
}

const PageHeader* PageReader::next() {
  if (position_ >= end_) return nullptr;
  parse_header();
  const int32_t size = header_.compressed_page_size;
  if (size < 0 || header_.uncompressed_page_size < 0 || static_cast<uint64_t>(size) > end_ - body_) {
    throw Corruption("the page at byte {} claims {} bytes, {} unpacked, where {} are left", position_, size,
                     header_.uncompressed_page_size, end_ - body_);
  }
  position_ = body_ + static_cast<uint64_t>(size);
  return &header_;
}

std::span<const std::byte> PageReader::unpack(std::span<const std::byte> stored, size_t size) {
  if (chunk_.codec == CompressionCodec::kUncompressed) {
    if (stored.size() != size) {
      throw Corruption("the uncompressed page at byte {} has {} bytes, expected {}", body_, stored.size(), size);
    }
    return stored;
  }
  if (size == 0) return {};
  const size_t factor = expansion_max(chunk_.codec);
  if (factor == 0) workspace_.budget->check(static_cast<int64_t>(size), 1);
  if (factor != 0 && size / factor > stored.size()) {
    throw Corruption("the page at byte {} claims that {} bytes unpack to {}", body_, stored.size(), size);
  }
  const std::span<std::byte> output{workspace_.unpacked.at_least(static_cast<int64_t>(size)), size};
  codec_.decompress(stored, output);
  return output;
}

Page PageReader::load() {
  const auto stored = fetch(body_, static_cast<size_t>(header_.compressed_page_size))
                          .first(static_cast<size_t>(header_.compressed_page_size));
  if (chunk_.verify_checksums && header_.crc) {
    const uint32_t found = base::crc32(stored);
    if (found != *header_.crc) {
      throw Corruption("the page at byte {} has checksum {}, expected {}", body_, found, *header_.crc);
    }
  }
  if (header_.type == PageType::kDataPage) return load_data_page(stored);
  if (header_.type == PageType::kDataPageV2) return load_data_page_v2(stored);
  if (header_.type != PageType::kDictionaryPage || !header_.dictionary_page) {
    throw Corruption("the page at byte {} is neither a data page nor a dictionary", body_);
  }
  Page page;
  page.encoding = header_.dictionary_page->encoding;
  page.num_values = header_.dictionary_page->num_values;
  page.values = unpack(stored, static_cast<size_t>(header_.uncompressed_page_size));
  return page;
}

Page PageReader::load_data_page(std::span<const std::byte> stored) {
  Page page;
  page.num_values = num_values_of(header_);  // first: it refuses a header without the part that it needs
  const DataPageHeader& header = *header_.data_page;
  page.encoding = header.encoding;
  page.values = unpack(stored, static_cast<size_t>(header_.uncompressed_page_size));
  if (!chunk_.optional || page.num_values == 0) return page;
  page.level_encoding = header.definition_level_encoding;
  uint64_t begin = 0;
  uint64_t size = (static_cast<uint64_t>(page.num_values) + 7) / 8;  // the deprecated form has no length before it
  if (page.level_encoding == Encoding::kRle) {
    uint32_t length = 0;
    if (page.values.size() >= sizeof length) std::memcpy(&length, page.values.data(), sizeof length);
    begin = sizeof length;
    size = length;
  }
  if (begin + size > page.values.size()) {
    throw Corruption("the page at byte {} has {} bytes, its levels claim {}", body_, page.values.size(), begin + size);
  }
  page.levels = page.values.subspan(begin, size);
  page.values = page.values.subspan(begin + size);
  return page;
}

Page PageReader::load_data_page_v2(std::span<const std::byte> stored) {
  Page page;
  page.num_values = num_values_of(header_);
  const DataPageHeaderV2& header = *header_.data_page_v2;
  const int64_t repetition_bytes = header.repetition_levels_byte_length;
  const int64_t definition_bytes = header.definition_levels_byte_length;
  const int64_t level_bytes = repetition_bytes + definition_bytes;
  const auto unpacked_size = static_cast<int64_t>(header_.uncompressed_page_size);
  if (repetition_bytes < 0 || definition_bytes < 0 || level_bytes > std::ssize(stored) || level_bytes > unpacked_size) {
    throw Corruption("the page at byte {} has {} bytes, its levels claim {} and {}", body_, stored.size(),
                     repetition_bytes, definition_bytes);
  }
  page.encoding = header.encoding;
  page.num_nulls = header.num_nulls;
  if (chunk_.optional) {
    page.levels = stored.subspan(static_cast<size_t>(repetition_bytes), static_cast<size_t>(definition_bytes));
  }
  const auto body = stored.subspan(static_cast<size_t>(level_bytes));
  page.values = header.is_compressed ? unpack(body, static_cast<size_t>(unpacked_size - level_bytes)) : body;
  return page;
}

int64_t num_values_of(const PageHeader& header) {
  int64_t count = -1;
  if (header.type == PageType::kDataPage && header.data_page) count = header.data_page->num_values;
  if (header.type == PageType::kDataPageV2 && header.data_page_v2) {
    count = header.data_page_v2->num_values;
    // Every row of a flat column is one value.
    if (header.data_page_v2->num_rows != count) {
      throw Corruption("a page of {} values claims {} rows", count, header.data_page_v2->num_rows);
    }
  }
  if (count < 0) throw Corruption("a data page's header does not say how many values it holds");
  return count;
}

}  // namespace varve::parquet
