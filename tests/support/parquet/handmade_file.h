// Parquet files put together page by page, to hold what no writer of ours would write.
#pragma once

#include <cstddef>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "varve/base/buffer.h"
#include "varve/base/crc.h"
#include "varve/compress/codec.h"
#include "varve/parquet/encoding.h"
#include "varve/parquet/format.h"
#include "varve/parquet/schema_mapping.h"
#include "varve/table/schema.h"

namespace varve::testing {

using Bytes = std::vector<std::byte>;

// Bytes of values as they lie in memory.
template <typename T>
Bytes bytes_of(std::initializer_list<T> values) {
  const auto bytes = std::as_bytes(std::span(values.begin(), values.size()));
  return {bytes.begin(), bytes.end()};
}
inline Bytes bytes_of(const base::MutableBuffer& buffer) { return {buffer.data(), buffer.data() + buffer.size()}; }
inline Bytes bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

inline Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

// PLAIN byte arrays.
inline Bytes plain_strings(std::initializer_list<std::string_view> values) {
  Bytes bytes;
  for (const std::string_view value : values) {
    bytes = std::move(bytes) + bytes_of({static_cast<uint32_t>(value.size())}) + bytes_of(value);
  }
  return bytes;
}

inline Bytes rle_bits(std::initializer_list<uint8_t> levels) {
  base::MutableBuffer out = base::MutableBuffer::allocate(0);
  parquet::encode_hybrid_bits({levels.begin(), levels.size()}, out);
  return bytes_of(out);
}

// The same with the length before it that version 1 pages have.
inline Bytes prefixed(const Bytes& bytes) { return bytes_of({static_cast<uint32_t>(bytes.size())}) + bytes; }

// The values of a dictionary-encoded page.
inline Bytes indices(int bit_width, std::initializer_list<uint32_t> values) {
  base::MutableBuffer out = base::MutableBuffer::allocate(0);
  parquet::encode_hybrid({values.begin(), values.size()}, bit_width, out);
  return bytes_of({static_cast<uint8_t>(bit_width)}) + bytes_of(out);
}

// ---- encodings ----

template <typename T>
Bytes delta(const std::vector<T>& values) {
  base::MutableBuffer out = base::MutableBuffer::allocate(0);
  parquet::encode_delta(std::span<const T>(values), out);
  return bytes_of(out);
}
template <typename T>
Bytes delta(std::initializer_list<T> values) {
  return delta(std::vector<T>(values));
}

// Of each value how much it shares with the one before, and the rest.
inline Bytes delta_strings(const std::vector<int32_t>& prefixes, const std::vector<int32_t>& suffixes,
                           std::string_view rest) {
  return delta(prefixes) + delta(suffixes) + bytes_of(rest);
}

inline Bytes split(const Bytes& values, int width) {
  base::MutableBuffer out = base::MutableBuffer::allocate(0);
  parquet::encode_byte_stream_split(values, width, out);
  return bytes_of(out);
}

// ---- compression ----

inline Bytes pack(compress::Codec codec, const Bytes& bytes) {
  compress::BlockCodec packer(codec);
  Bytes packed(packer.bound(bytes.size()));
  packed.resize(packer.compress(bytes, packed));
  return packed;
}

inline Bytes big_endian(size_t number) {
  Bytes bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::byte>(number >> shift));
  return bytes;
}

// LZ4 as Hadoop framed it.
inline Bytes pack_framed_lz4(const Bytes& bytes) {
  const Bytes block = pack(compress::Codec::kLz4Raw, bytes);
  return big_endian(bytes.size()) + big_endian(block.size()) + block;
}

// One column, uncompressed unless told otherwise. Pages and groups are added in order; `metadata()` may be bent before
// `finish`.
class HandmadeFile {
 public:
  explicit HandmadeFile(const Field& field) : HandmadeFile(parquet::write_schema(Schema({field}))) {
    metadata_.key_value_metadata = {{"ARROW:schema", parquet::arrow_schema_value(Schema({field}))}};
  }
  explicit HandmadeFile(parquet::SchemaElement element)
      : HandmadeFile({{.name = "schema", .num_children = 1}, std::move(element)}) {}

  HandmadeFile& dictionary(int32_t count, const Bytes& values) {
    parquet::PageHeader header{.type = parquet::PageType::kDictionaryPage};
    header.dictionary_page = parquet::DictionaryPageHeader{.num_values = count};
    chunk_.dictionary_page_offset = static_cast<int64_t>(bytes_.size());
    return page(std::move(header), values);
  }
  // `body` is what follows the header: levels, then values.
  HandmadeFile& page_v1(int32_t count, const Bytes& body, parquet::Encoding encoding = parquet::Encoding::kPlain,
                        parquet::Encoding levels = parquet::Encoding::kRle) {
    parquet::PageHeader header{.type = parquet::PageType::kDataPage};
    header.data_page = parquet::DataPageHeader{.num_values = count, .encoding = encoding};
    header.data_page->definition_level_encoding = levels;
    return data_page(std::move(header), body, count);
  }
  HandmadeFile& page_v2(int32_t count, int32_t nulls, const Bytes& levels, const Bytes& values,
                        parquet::Encoding encoding = parquet::Encoding::kPlain) {
    parquet::PageHeader header{.type = parquet::PageType::kDataPageV2};
    header.data_page_v2 =
        parquet::DataPageHeaderV2{.num_values = count, .num_nulls = nulls, .num_rows = count, .encoding = encoding};
    header.data_page_v2->definition_levels_byte_length = static_cast<int32_t>(levels.size());
    return data_page(std::move(header), levels + values, count);
  }
  // Packs the pages that follow as `pack` does, under the codec's name.
  HandmadeFile& pack_with(parquet::CompressionCodec codec, std::function<Bytes(const Bytes&)> pack) {
    chunk_.codec = codec;
    pack_ = std::move(pack);
    return *this;
  }
  HandmadeFile& index_page(const Bytes& body) {
    return page(parquet::PageHeader{.type = parquet::PageType::kIndexPage}, body);
  }
  HandmadeFile& raw(const Bytes& bytes) {
    bytes_ = std::move(bytes_) + bytes;
    return *this;
  }

  HandmadeFile& end_group() {
    chunk_.type = *metadata_.schema[1].type;
    chunk_.path_in_schema = {metadata_.schema[1].name};
    chunk_.total_compressed_size = static_cast<int64_t>(bytes_.size()) - begin_;
    chunk_.num_values = rows_;
    parquet::RowGroup group{.columns = {parquet::ColumnChunk{.meta_data = std::exchange(chunk_, {})}}};
    group.num_rows = std::exchange(rows_, 0);
    metadata_.num_rows += group.num_rows;
    metadata_.row_groups.push_back(std::move(group));
    begin_ = static_cast<int64_t>(bytes_.size());
    pages_ = 0;
    return *this;
  }

  [[nodiscard]] parquet::FileMetaData& metadata() { return metadata_; }
  [[nodiscard]] parquet::ColumnMetaData& chunk(size_t group = 0) {
    return *metadata_.row_groups[group].columns[0].meta_data;
  }
  [[nodiscard]] const std::vector<parquet::PageLocation>& locations() const { return locations_; }

  // Adds indexes of the first group's chunk.
  HandmadeFile& offset_index(const parquet::OffsetIndex& index) {
    const std::string text = parquet::serialize(index);
    auto& chunk = metadata_.row_groups[0].columns[0];
    chunk.offset_index_offset = static_cast<int64_t>(bytes_.size());
    chunk.offset_index_length = static_cast<int32_t>(text.size());
    return raw(bytes_of(text));
  }
  HandmadeFile& column_index(const parquet::ColumnIndex& index) {
    const std::string text = parquet::serialize(index);
    auto& chunk = metadata_.row_groups[0].columns[0];
    chunk.column_index_offset = static_cast<int64_t>(bytes_.size());
    chunk.column_index_length = static_cast<int32_t>(text.size());
    return raw(bytes_of(text));
  }

  [[nodiscard]] Bytes finish() const {
    const Bytes footer = bytes_of(parquet::serialize(metadata_));
    return bytes_ + footer + bytes_of({static_cast<uint32_t>(footer.size())}) + bytes_of("PAR1");
  }

 private:
  explicit HandmadeFile(std::vector<parquet::SchemaElement> schema) { metadata_.schema = std::move(schema); }

  HandmadeFile& data_page(parquet::PageHeader header, const Bytes& body, int32_t count) {
    if (pages_++ == 0) chunk_.data_page_offset = static_cast<int64_t>(bytes_.size());
    const auto offset = static_cast<int64_t>(bytes_.size());
    page(std::move(header), body);
    const auto size = static_cast<int32_t>(static_cast<int64_t>(bytes_.size()) - offset);
    locations_.push_back({.offset = offset, .compressed_page_size = size, .first_row_index = rows_});
    rows_ += count;
    return *this;
  }

  HandmadeFile& page(parquet::PageHeader header, const Bytes& body) {
    const int32_t levels = header.data_page_v2 ? header.data_page_v2->definition_levels_byte_length : 0;
    const bool packed = pack_ != nullptr && (!header.data_page_v2 || header.data_page_v2->is_compressed);
    const Bytes stored =
        packed ? Bytes(body.begin(), body.begin() + levels) + pack_({body.begin() + levels, body.end()}) : body;
    header.uncompressed_page_size = static_cast<int32_t>(body.size());
    header.compressed_page_size = static_cast<int32_t>(stored.size());
    header.crc = base::crc32(stored);
    return raw(bytes_of(parquet::serialize(header)) + stored);
  }

  Bytes bytes_ = bytes_of("PAR1");
  parquet::FileMetaData metadata_;
  parquet::ColumnMetaData chunk_;
  std::function<Bytes(const Bytes&)> pack_;
  std::vector<parquet::PageLocation> locations_;
  int64_t begin_ = 4;
  int64_t rows_ = 0;
  int pages_ = 0;
};

}  // namespace varve::testing
