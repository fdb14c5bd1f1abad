// Encodes one column of a row group as a column chunk.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "varve/base/buffer.h"
#include "varve/parquet/format.h"
#include "varve/parquet/write/dictionary.h"
#include "varve/parquet/write/page_writer.h"
#include "varve/parquet/write/physical_values.h"
#include "varve/parquet/write/statistics.h"
#include "varve/parquet/write/value_encoding.h"
#include "varve/parquet/writer.h"
#include "varve/table/column.h"

namespace varve::parquet {

struct EncodedChunk {
  ChunkPages pages;
  std::vector<Encoding> encodings;  // all that its pages use
  Statistics statistics;
  std::optional<ColumnIndex> column_index;
};

struct ChunkLayout {
  CompressionSetting compression;
  int64_t rows_per_page = 0;
};

// Keeps tables and buffers between chunks. One thread at a time.
class ColumnEncoder {
 public:
  // Throws InvalidArgument for a compression level that the codec does not have.
  explicit ColumnEncoder(const ChunkLayout& layout);
  ColumnEncoder(const ColumnEncoder&) = delete;
  ColumnEncoder& operator=(const ColumnEncoder&) = delete;

  // `element` is how the column is stored (write_schema). Throws InvalidArgument for a value that cannot be.
  EncodedChunk encode(const Column& column, const SchemaElement& element);

 private:
  // The rows of a page and the values in them that are not null.
  struct PageCut {
    int64_t first_row = 0;
    int64_t num_rows = 0;
    size_t first_value = 0;
    size_t num_values = 0;
  };
  // What a chunk's pages are made of, page by page.
  struct ChunkContent {
    Encoding encoding = Encoding::kPlain;
    std::function<std::span<const std::byte>(size_t page)> values;
    std::function<ValueRange(size_t page)> range;
    PhysicalValues entries;  // of the dictionary; none if there is none
    ExpectedPages pages;
    size_t streams = 1;  // in a page
  };

  EncodedChunk encode_values_of(const Column& column, const SchemaElement& element,
                                std::span<const Encoding> candidates);
  // Nothing if the column's own dictionary is not one for a file: too large, or not of strings.
  std::optional<EncodedChunk> encode_indexed(const Column& column, const SchemaElement& element);
  EncodedChunk write_pages(const Column& column, const SchemaElement& element, const ChunkContent& content);

  // Cuts the rows into pages; `bytes_of(first, count)` is the size of some values.
  template <typename BytesOf>
  void cut_pages(const Column& column, const BytesOf& bytes_of);
  // How the values are to be encoded, and whether a dictionary did it already.
  std::pair<EncodingChoice, bool> choose_and_try(const PhysicalValues& values, std::span<const Encoding> candidates,
                                                 SortOrder order);
  // Encodes all values by a dictionary, page by page, into indexes_, with ranges_ of the pages it came to. False as
  // soon as that does not pay, or if `choice` knows that it does not.
  bool try_dictionary(const PhysicalValues& values, const EncodingChoice& choice, SortOrder order);
  void clear_dictionary(const EncodingChoice& choice);
  // Gives values codes. False where there are too many distinct ones.
  bool assign_codes(const PhysicalValues& values, uint32_t* codes, const DictionaryLimits& limits);
  [[nodiscard]] PhysicalValues entries_of(const PhysicalValues& values) const;
  void encode_index_page(const PageCut& cut);
  // What the indexes of so many values would take if the pages after `last` were like those up to it.
  [[nodiscard]] size_t expected_index_bytes(const PageCut& last, size_t values) const;
  [[nodiscard]] std::span<const uint32_t> codes_of(const PageCut& cut) const;
  ChunkContent dictionary_content(PhysicalValues entries, SortOrder order) const;
  std::span<const std::byte> encode_levels(const Column& column, const PageCut& cut);

  ChunkLayout layout_;
  PagePacker packer_;
  EncodingChooser chooser_;
  NumberDictionary<uint32_t> words_;
  NumberDictionary<uint64_t> long_words_;
  BytesDictionary strings_;
  std::vector<PageCut> cuts_;
  std::vector<ValueRange> ranges_;  // of the first pages, as far as they are known
  base::MutableBuffer codes_;       // uint32_t, one a value
  base::MutableBuffer indexes_;     // the encoded codes of all pages
  std::vector<size_t> index_ends_;  // where those of each page end
  base::MutableBuffer values_;
  base::MutableBuffer level_bits_;
  base::MutableBuffer levels_;
};

}  // namespace varve::parquet
