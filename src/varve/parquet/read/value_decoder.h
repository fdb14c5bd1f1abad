// Decodes the present values of pages: of fixed width, as strings, as indices into a dictionary.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "varve/base/buffer.h"
#include "varve/parquet/encoding.h"
#include "varve/parquet/read/conversion.h"
#include "varve/parquet/read/page_reader.h"
#include "varve/parquet/read/row_ranges.h"
#include "varve/parquet/read/workspace.h"
#include "varve/parquet/schema_mapping.h"

namespace varve::parquet {

bool is_dictionary_encoding(Encoding encoding) noexcept;

// Fills `out` with the indices of a dictionary-encoded page. Throws Corruption for an index that is not below
// `dictionary_size`.
void decode_indices(const Page& page, int64_t dictionary_size, std::span<uint32_t> out);

// Values of a page, all of them present, by their places: ascending, disjoint, below `count`, not empty.
struct ValueSelection {
  int64_t count = 0;  // of the page
  std::span<const table::RowRange> wanted;

  [[nodiscard]] int64_t wanted_count() const noexcept { return count_rows(wanted); }
};

// Strings and binaries of one chunk.
class StringDecoder {
 public:
  // `text`: the bytes must be UTF-8. `workspace` must outlive this object.
  StringDecoder(bool text, Workspace& workspace) : text_(text), workspace_(workspace) {}

  // Takes the page's values, all of them present.
  void set_dictionary(const Page& page);
  [[nodiscard]] ByteStrings dictionary() const noexcept;
  // Decodes offsets.size() - 1 values; `out` as decoders of encoding.h take it, its first offset the end of the
  // characters that are there.
  void decode(const Page& page, const ByteStringSink& out);
  // Decodes only the wanted values of a dictionary-encoded page.
  void decode_selected(const Page& page, const ValueSelection& selection, const ByteStringSink& out);

 private:
  void decode_stored(const Page& page, const ByteStringSink& out);
  void gather(std::span<const uint32_t> indices, const ByteStringSink& out);

  bool text_;
  Workspace& workspace_;
  int64_t dictionary_size_ = 0;
  base::MutableBuffer dictionary_offsets_;
  base::MutableBuffer dictionary_characters_;
};

// Values of fixed width of one chunk, as the column holds them.
class FixedDecoder {
 public:
  // Throws NotSupported if the column's type cannot be had from the stored one.
  FixedDecoder(const LeafColumn& column, Workspace& workspace);

  [[nodiscard]] int64_t width() const noexcept { return conversion_.width; }  // bytes a value in memory
  // Takes the page's values, all of them present.
  void set_dictionary(const Page& page);
  // Decodes `count` values to `out`.
  void decode(const Page& page, int64_t count, std::byte* out);
  // Decodes only the wanted values, as far as the encoding lets the others be left out.
  void decode_selected(const Page& page, const ValueSelection& selection, std::byte* out);

 private:
  [[nodiscard]] bool is_stored_as_held() const noexcept;
  [[nodiscard]] const std::byte* plain_values(const Page& page, int64_t count) const;
  void gather(std::span<const uint32_t> indices, std::byte* out) const;
  void decode_stored(const Page& page, int64_t count, std::byte* out);
  void decode_byte_arrays(const Page& page, int64_t count, std::byte* out);
  void decode_fixed_strings(const Page& page, int64_t count, std::byte* out);

  PhysicalType physical_;
  Conversion conversion_;
  Workspace& workspace_;
  StringDecoder strings_;  // decimals in byte arrays, delta byte arrays
  int64_t dictionary_size_ = 0;
  base::BufferPtr dictionary_;
};

}  // namespace varve::parquet
