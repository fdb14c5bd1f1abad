// The least and greatest values of pages and column chunks, as the format wants them told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "varve/parquet/format.h"
#include "varve/parquet/write/physical_values.h"
#include "varve/table/type.h"

namespace varve::parquet {

// The order in which a type's values are compared (parquet.thrift, ColumnOrder: TypeDefinedOrder).
enum class SortOrder : uint8_t {
  kNone,  // there is none, so there are no statistics
  kBoolean,
  kInt32,
  kUInt32,
  kInt64,
  kUInt64,
  kFloat16,
  kFloat,
  kDouble,
  kBytes,            // byte by byte, unsigned
  kBigEndianSigned,  // decimals in fixed bytes
};
SortOrder sort_order_of(const DataType& type, PhysicalType physical);

// Values as the PLAIN encoding has them, without a length. No value: `min` and `max` are absent; so they are where all
// values are NaN. NaN is left out of account; a zero is told as -0 if least and as +0 if greatest.
struct ValueRange {
  std::optional<std::string> min;
  std::optional<std::string> max;
  bool has_nan = false;
};
ValueRange range_of(const PhysicalValues& values, SortOrder order);

// Below 0, 0 or above 0, for values as in a ValueRange.
int compare_values(std::string_view left, std::string_view right, SortOrder order);

// Bytes of a string that statistics hold; longer ones are cut, and the cut greatest made greater. It stays whole where
// no byte of the cut can be raised.
inline constexpr size_t kStatisticsBytesMax = 64;

// Gathers the ranges of a chunk's pages, in their order.
class ChunkStatistics {
 public:
  explicit ChunkStatistics(const DataType& type, PhysicalType physical);

  // Takes the range of the page's values that are not null.
  void add_page(ValueRange range, int64_t rows, int64_t null_count);
  [[nodiscard]] Statistics statistics() const;
  // Nothing where the format forbids one: for a page whose values are all NaN, for a type without an order.
  [[nodiscard]] std::optional<ColumnIndex> column_index() const;

 private:
  struct Page {
    ValueRange range;
    int64_t null_count = 0;
    bool only_nulls = false;
  };

  SortOrder order_;
  bool is_text_;
  std::vector<Page> pages_;
};

}  // namespace varve::parquet
