#include "varve/parquet/write/page_writer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "varve/base/crc.h"
#include "varve/base/error.h"

namespace varve::parquet {

namespace {

// After a page that did not shrink, so many are left as they are before the next is tried; after a second one twice as
// many and one more, and so on up to the most.
constexpr size_t kPagesBetweenTries = 7;
constexpr size_t kPagesBetweenTriesMax = 31;
constexpr int kThoroughLevel = 5;       // of zstd
constexpr size_t kSmallestPacked = 64;  // bytes; less cannot pay
// What packing has to take off, as a part of the block: one of so many.
constexpr size_t kLeastPart = 10;
constexpr size_t kLeastPartOfIndexes = 7;
// Of a larger dictionary, and of more bytes of indexes, a part is tried before the whole: one of so many.
constexpr size_t kTriedWholeBytesMax = size_t{8} << 10;
constexpr size_t kTriedPart = 4;
// What has to come off that part, so that the whole is tried: one of so many. It is little, as the whole may repeat
// what the part holds once.
constexpr size_t kLeastPartOfTried = 50;

// A page's header counts its bytes in 32 bits.
int32_t page_size(size_t bytes) {
  constexpr size_t kMax = (size_t{1} << 31) - 1;
  if (bytes > kMax) throw NotSupported("a page of {} bytes: one value and what goes with it may take {}", bytes, kMax);
  return static_cast<int32_t>(bytes);
}

void append(base::MutableBuffer& out, const std::string& bytes) { out.append(std::as_bytes(std::span(bytes))); }

// The codec behind a setting, and its name in a file; zstd for `auto`.
compress::Codec codec_of(Compression compression) {
  switch (compression) {
    case Compression::kNone: return compress::Codec::kNone;
    case Compression::kSnappy: return compress::Codec::kSnappy;
    case Compression::kLz4: return compress::Codec::kLz4Raw;
    case Compression::kGzip: return compress::Codec::kGzip;
    case Compression::kAuto:
    case Compression::kZstd: break;
  }
  return compress::Codec::kZstd;
}

CompressionCodec stored_codec(Compression compression) {
  switch (compression) {
    case Compression::kNone: return CompressionCodec::kUncompressed;
    case Compression::kSnappy: return CompressionCodec::kSnappy;
    case Compression::kLz4: return CompressionCodec::kLz4Raw;
    case Compression::kGzip: return CompressionCodec::kGzip;
    case Compression::kAuto:
    case Compression::kZstd: break;
  }
  return CompressionCodec::kZstd;
}

}  // namespace

BlockContent content_of(Encoding encoding, size_t streams) noexcept {
  return {.streams = streams, .dictionary_indexes = encoding == Encoding::kRleDictionary};
}

PagePacker::PagePacker(const CompressionSetting& setting)
    : setting_(setting),
      codec_(codec_of(setting.codec), setting.level == 0 ? compress::kDefaultLevel : setting.level) {}

CompressionCodec PagePacker::codec() const noexcept { return stored_codec(setting_.codec); }

std::span<const std::byte> PagePacker::pack_always(std::span<const std::byte> block, size_t streams) {
  packed_.resize(codec_.bound(block.size()));
  return {packed_.data(), codec_.compress(block, {packed_.data(), packed_.size()}, streams)};
}

std::optional<std::span<const std::byte>> PagePacker::pack_thoroughly(std::span<const std::byte> block) {
  if (!is_automatic() || setting_.level != 0) return pack(block);
  if (!may_shrink(block)) return std::nullopt;
  if (!thorough_) thorough_.emplace(codec_of(setting_.codec), kThoroughLevel);
  std::swap(codec_, *thorough_);
  const auto packed = pack(block);
  std::swap(codec_, *thorough_);
  return packed;
}

std::optional<std::span<const std::byte>> PagePacker::pack(std::span<const std::byte> block,
                                                           const BlockContent& content) {
  if (setting_.codec == Compression::kNone || block.size() < kSmallestPacked) return std::nullopt;
  if (is_automatic() && content.dictionary_indexes && !may_shrink(block)) return std::nullopt;
  const auto packed = pack_always(block, content.streams);
  const size_t least_saved =
      is_automatic() ? block.size() / (content.dictionary_indexes ? kLeastPartOfIndexes : kLeastPart) : 1;
  if (packed.size() > block.size() - least_saved) return std::nullopt;
  return packed;
}

bool PagePacker::may_shrink(std::span<const std::byte> block) {
  if (block.size() <= kTriedWholeBytesMax) return true;
  const auto part = block.first(block.size() / kTriedPart);
  return pack_always(part).size() < part.size() - part.size() / kLeastPartOfTried;
}

PageWriter::PageWriter(PagePacker& packer, const ExpectedPages& expected)
    : packer_(packer),
      pages_to_skip_(expected.shrink ? 0 : kPagesBetweenTriesMax),
      pages_between_tries_(expected.shrink ? kPagesBetweenTries : kPagesBetweenTriesMax) {
  pages_.data = base::MutableBuffer::allocate(expected.bytes + expected.bytes / 16);
  pages_.data.resize(0);
}

std::optional<std::span<const std::byte>> PageWriter::try_pack(const DataPage& page) {
  if (packer_.is_automatic() && pages_to_skip_ > 0) {
    --pages_to_skip_;
    return std::nullopt;
  }
  const auto packed = packer_.pack(page.values, content_of(page.encoding, page.streams));
  if (packed) {
    any_packed_ = true;
    pages_between_tries_ = kPagesBetweenTries;
  } else {
    pages_to_skip_ = pages_between_tries_;
    pages_between_tries_ = std::min(2 * pages_between_tries_ + 1, kPagesBetweenTriesMax);
  }
  return packed;
}

void PageWriter::add(const DataPage& page) {
  const auto packed = try_pack(page);
  const auto stored = packed.value_or(page.values);
  PageHeader header{.type = PageType::kDataPageV2,
                    .uncompressed_page_size = page_size(page.levels.size() + page.values.size()),
                    .compressed_page_size = page_size(page.levels.size() + stored.size()),
                    .crc = base::crc32(stored, base::crc32(page.levels))};
  header.data_page_v2 = DataPageHeaderV2{.num_values = page.num_rows,
                                         .num_nulls = page.num_nulls,
                                         .num_rows = page.num_rows,
                                         .encoding = page.encoding,
                                         .definition_levels_byte_length = static_cast<int32_t>(page.levels.size()),
                                         .is_compressed = packed.has_value()};
  const std::string head = serialize(header);
  const size_t start = pages_.data.size();
  append(pages_.data, head);
  pages_.data.append(page.levels);
  pages_.data.append(stored);
  pages_.uncompressed_size += static_cast<int64_t>(head.size() + page.levels.size() + page.values.size());
  pages_.offsets.page_locations.push_back(
      {static_cast<int64_t>(start), page_size(pages_.data.size() - start), num_rows_});
  num_rows_ += page.num_rows;
}

ChunkPages PageWriter::finish(std::span<const std::byte> dictionary, size_t entries) {
  if (entries > 0) {
    // A dictionary page has no flag of its own: it is packed if the chunk is.
    const bool is_much = dictionary.size() > pages_.data.size() / 8;
    auto packed = is_much ? packer_.pack_thoroughly(dictionary) : packer_.pack(dictionary);
    if (!packed && any_packed_) packed = packer_.pack_always(dictionary);
    any_packed_ = packed.has_value();
    const auto stored = packed.value_or(dictionary);
    PageHeader header{.type = PageType::kDictionaryPage,
                      .uncompressed_page_size = page_size(dictionary.size()),
                      .compressed_page_size = page_size(stored.size()),
                      .crc = base::crc32(stored)};
    header.dictionary_page = DictionaryPageHeader{.num_values = static_cast<int32_t>(entries)};
    const std::string head = serialize(header);
    append(pages_.dictionary, head);
    pages_.dictionary.append(stored);
    pages_.uncompressed_size += static_cast<int64_t>(head.size() + dictionary.size());
  }
  if (any_packed_) pages_.codec = packer_.codec();
  return std::move(pages_);
}

}  // namespace varve::parquet
