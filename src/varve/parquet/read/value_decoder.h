// Decodes the present values of pages: of fixed width, as strings, as indices into a dictionary.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "varve/base/buffer.h"
#include "varve/parquet/encoding.h"
#include "varve/parquet/read/conversion.h"
#include "varve/parquet/read/memory_budget.h"
#include "varve/parquet/read/page_reader.h"
#include "varve/parquet/schema_mapping.h"

namespace varve::parquet {

// Working memory that grows and keeps nothing: its bytes are unspecified after each call.
class Scratch {
 public:
  // Throws Corruption if this many values of `width` bytes are beyond all reason.
  template <typename T = std::byte>
  T* at_least(int64_t count, int64_t width = sizeof(T)) {
    return reinterpret_cast<T*>(grow(count, width));
  }

 private:
  std::byte* grow(int64_t count, int64_t width);
  base::MutableBuffer bytes_;
};

bool is_dictionary_encoding(Encoding encoding) noexcept;

// Fills `out` with the indices of a dictionary-encoded page. Throws Corruption for an index that is not below
// `dictionary_size`.
void decode_indices(const Page& page, int64_t dictionary_size, std::span<uint32_t> out);

// Strings and binaries of one chunk.
class StringDecoder {
 public:
  // `text`: the bytes must be UTF-8. `budget` must outlive this object.
  StringDecoder(bool text, MemoryBudget& budget) : text_(text), budget_(budget) {}

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
  MemoryBudget& budget_;
  int64_t dictionary_size_ = 0;
  base::MutableBuffer dictionary_offsets_;
  base::MutableBuffer dictionary_characters_;
  Scratch indices_;
};

// Values of fixed width of one chunk, as the column holds them.
class FixedDecoder {
 public:
  // Throws NotSupported if the column's type cannot be had from the stored one.
  FixedDecoder(const LeafColumn& column, MemoryBudget& budget);

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
  StringDecoder strings_;  // decimals in byte arrays, delta byte arrays
  int64_t dictionary_size_ = 0;
  base::MutableBuffer dictionary_;
  Scratch indices_;
  Scratch stored_;
  Scratch offsets_;
};

}  // namespace varve::parquet
