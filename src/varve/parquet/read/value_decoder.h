// Decodes the present values of pages: of fixed width, as strings, as indices into a dictionary.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "varve/base/buffer.h"
#include "varve/parquet/encoding.h"
#include "varve/parquet/read/conversion.h"
#include "varve/parquet/read/page_reader.h"
#include "varve/parquet/read/workspace.h"
#include "varve/parquet/schema_mapping.h"

namespace varve::parquet {

bool is_dictionary_encoding(Encoding encoding) noexcept;

// Fills `out` with the indices of a dictionary-encoded page. Throws Corruption for an index that is not below
// `dictionary_size`.
void decode_indices(const Page& page, int64_t dictionary_size, std::span<uint32_t> out);

// Strings and binaries of one chunk.
class StringDecoder {
 public:
  // `text`: the bytes must be UTF-8. `workspace` must outlive this object.
  StringDecoder(bool text, Workspace& workspace) : text_(text), workspace_(workspace) {}

  // Takes the page's values, all of them present.
  void set_dictionary(const Page& page);
  [[nodiscard]] int64_t dictionary_size() const noexcept { return dictionary_size_; }
  [[nodiscard]] ByteStrings dictionary() const noexcept;
  // Decodes offsets.size() - 1 values; `out` as decoders of encoding.h take it.
  void decode(const Page& page, const ByteStringSink& out);

 private:
  void decode_stored(const Page& page, const ByteStringSink& out);
  void gather(const Page& page, const ByteStringSink& out);

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

  [[nodiscard]] int64_t width() const noexcept { return conversion_.width; }
  void set_dictionary(const Page& page);
  [[nodiscard]] int64_t dictionary_size() const noexcept { return dictionary_size_; }
  [[nodiscard]] const std::byte* dictionary() const noexcept { return dictionary_.data(); }
  // Decodes `count` values to `out`.
  void decode(const Page& page, int64_t count, std::byte* out);

 private:
  void decode_stored(const Page& page, int64_t count, std::byte* out);
  void decode_byte_arrays(const Page& page, int64_t count, std::byte* out);
  void decode_fixed_strings(const Page& page, int64_t count, std::byte* out);

  PhysicalType physical_;
  Conversion conversion_;
  Workspace& workspace_;
  StringDecoder strings_;  // decimals in byte arrays, delta byte arrays
  int64_t dictionary_size_ = 0;
  base::MutableBuffer dictionary_;
};

}  // namespace varve::parquet
