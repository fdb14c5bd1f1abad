// The encodings that need no dictionary: which of them costs least, and encoding by it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "varve/base/buffer.h"
#include "varve/parquet/format.h"
#include "varve/parquet/write/dictionary.h"
#include "varve/parquet/write/page_writer.h"
#include "varve/parquet/write/physical_values.h"
#include "varve/parquet/write/value_grid.h"

namespace varve::parquet {

// Adds `values` to `out` as a data page holds them. `encoding` is PLAIN or one that candidates_for gives for their
// type.
void encode_values(const PhysicalValues& values, Encoding encoding, base::MutableBuffer& out);

// How many streams of bytes, each of another kind, an encoding makes of values of `width` bytes.
size_t streams_of(Encoding encoding, int32_t width) noexcept;

struct EncodingChoice {
  Encoding encoding = Encoding::kPlain;  // the cheapest that needs no dictionary
  ExpectedPages pages;                   // by it; bytes with what packing them costs their readers
  size_t dictionary_bytes_max = 0;       // a dictionary pays if it and its indexes take less; 0: it is not worth trying
  std::optional<ValueGrid> grid;         // on which the values of a dictionary lie
  bool is_guess = false;                 // only a dictionary was looked at: should it fail, choose again without guess
};

enum class Guess { kAllowed, kNone };

// The encodings worth trying. Strings of a column that readers restore as a dictionary (`is_dictionary`) stay PLAIN:
// PyArrow reads no other encoding into one.
std::vector<Encoding> candidates_for(PhysicalType type, bool is_dictionary);

// Estimates from a sample of the values (slices from all over the chunk), packed as the pages will be: encodings whose
// pages are packed pay for it with a quarter more than their bytes, since they are slower to read, unless there are so
// few values that this does not matter.
class EncodingChooser {
 public:
  explicit EncodingChooser(PagePacker& packer) : packer_(packer) {}

  // `candidates` are tried in their order; see candidates_for. Of many values not all need be: those after delta coding
  // are not where that takes a small part of PLAIN; and where guesses are allowed, and a dictionary seems to, it alone
  // is looked at (`is_guess`).
  EncodingChoice choose(const PhysicalValues& values, std::span<const Encoding> candidates,
                        Guess guess = Guess::kAllowed);

 private:
  ExpectedPages cost_of(const std::vector<PhysicalValues>& slices, Encoding encoding, bool is_long);
  // Of `count` values; roughly, where it is clear soon that they take much more than `to_beat` bytes.
  ExpectedPages estimate(const std::vector<PhysicalValues>& slices, Encoding encoding, size_t count, size_t to_beat);
  size_t count_distinct(const std::vector<PhysicalValues>& slices, const std::optional<ValueGrid>& grid);
  size_t dictionary_cost(const std::vector<PhysicalValues>& slices, const PhysicalValues& values,
                         const std::optional<ValueGrid>& grid);

  PagePacker& packer_;
  base::MutableBuffer encoded_;
  NumberDictionary<uint32_t> words_;
  NumberDictionary<uint64_t> long_words_;
  BytesDictionary strings_;
};

}  // namespace varve::parquet
