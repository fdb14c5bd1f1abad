#include "varve/parquet/read/pruning.h"

#include <cstring>
#include <string>
#include <utility>

#include "varve/base/error.h"
#include "varve/parquet/read/conversion.h"

namespace varve::parquet {
namespace {

using table::Outcome;

// Bounds as they are stored: PLAIN, without a length before bytes. Null where there is none.
using StoredBounds = std::vector<const std::string*>;

// Values whose order was never in doubt, so that even the deprecated bounds are right.
bool has_signed_order(const LeafColumn& column) {
  switch (column.element.type.value_or(PhysicalType::kInt96)) {
    case PhysicalType::kBoolean:
    case PhysicalType::kFloat:
    case PhysicalType::kDouble: return true;
    case PhysicalType::kInt32:
    case PhysicalType::kInt64: return !is_unsigned_integer(value_type_of(column.type));
    default: return false;
  }
}

// Whether the order in which writers compare the stored values is that of the column's values.
bool is_ordered(const LeafColumn& column) {
  const SchemaElement& element = column.element;
  if (element.type == PhysicalType::kInt96 || element.converted_type == ConvertedType::kInterval) return false;
  const bool is_unsigned = element.logical_type.id == LogicalType::Id::kInteger && !element.logical_type.is_signed;
  return !is_unsigned || is_unsigned_integer(value_type_of(column.type));
}

Column byte_values(const StoredBounds& stored) {
  std::vector<std::optional<std::string>> values;
  for (const std::string* bytes : stored) values.push_back(bytes ? std::optional(*bytes) : std::nullopt);
  return make_column(DataType::binary(), values);
}

Column truth_values(const StoredBounds& stored) {
  base::MutableBuffer values = base::MutableBuffer::allocate_zeroed(stored.size());
  base::MutableBuffer validity = base::MutableBuffer::allocate_zeroed(stored.size());
  for (size_t row = 0; row < stored.size(); ++row) {
    if (stored[row] == nullptr || stored[row]->size() != 1) continue;
    const auto bit = static_cast<uint8_t>(1U << (row % 8));
    validity.as<uint8_t>()[row / 8] |= bit;
    if ((*stored[row])[0] != 0) values.as<uint8_t>()[row / 8] |= bit;
  }
  return Column({.type = DataType::boolean(),
                 .length = std::ssize(stored),
                 .validity = std::move(validity).finish(),
                 .values = std::move(values).finish()});
}

// One value as the column holds it; false if it is none.
bool convert(const LeafColumn& column, const Conversion& conversion, const std::string& stored, std::byte* out) {
  const auto* bytes = reinterpret_cast<const std::byte*>(stored.data());
  const auto size = static_cast<int64_t>(stored.size());
  try {
    if (column.element.type == PhysicalType::kByteArray) {
      if (size == 0) return false;
      const Int128 value = decimal_of(bytes, size);
      std::memcpy(out, &value, sizeof value);
      return true;
    }
    if (size != conversion.width_stored) return false;
    if (conversion.function != nullptr) {
      conversion.function(conversion, bytes, 1, out);
    } else {
      std::memcpy(out, bytes, stored.size());
    }
    return true;
  } catch (const Error&) {
    return false;
  }
}

Column fixed_values(const LeafColumn& column, const StoredBounds& stored) {
  const Conversion conversion = conversion_of(column);
  const auto width = static_cast<size_t>(conversion.width);
  std::vector<std::byte> values(stored.size() * width);
  std::vector<bool> valid(stored.size());
  for (size_t row = 0; row < stored.size(); ++row) {
    valid[row] = stored[row] != nullptr && convert(column, conversion, *stored[row], values.data() + row * width);
  }
  return make_fixed_column(value_type_of(column.type), values, width, valid);
}

Column values_of(const LeafColumn& column, const StoredBounds& stored) {
  const DataType& type = value_type_of(column.type);
  if (type.id == TypeId::kBoolean) return truth_values(stored);
  // Bounds of fixed binary may be cut short.
  if (storage_of(type) == Storage::kVariable || type.id == TypeId::kFixedBinary) return byte_values(stored);
  if (storage_of(type) != Storage::kFixed) return make_null_column(type, std::ssize(stored));
  return fixed_values(column, stored);
}

// How many rows are null, of which the file says that `count` are; `rows` of them in all, if that is known.
Outcome nulls_of(const LeafColumn& column, std::optional<int64_t> count, std::optional<int64_t> rows) {
  if (column.type.id == TypeId::kNull) return Outcome::kAll;
  if (column.element.repetition == Repetition::kRequired || count == 0) return Outcome::kNone;
  return count && count == rows ? Outcome::kAll : Outcome::kSome;
}

}  // namespace

table::ColumnBounds chunk_bounds(const LeafColumn& column, const ColumnMetaData& chunk, bool order_known) {
  StoredBounds least(1);
  StoredBounds most(1);
  std::optional<int64_t> null_count;
  if (const auto& statistics = chunk.statistics) {
    null_count = statistics->null_count;
    const bool any_order = has_signed_order(column);
    const bool newer = statistics->min_value && statistics->max_value && (order_known || any_order);
    const bool older = statistics->min && statistics->max && any_order;
    if (is_ordered(column) && (newer || older)) {
      least[0] = newer ? &*statistics->min_value : &*statistics->min;
      most[0] = newer ? &*statistics->max_value : &*statistics->max;
    }
  }
  Outcome nulls = nulls_of(column, null_count, chunk.num_values);
  const bool contradictory = nulls == Outcome::kAll && least[0] != nullptr && column.type.id != TypeId::kNull;
  if (contradictory) nulls = Outcome::kSome;
  return {values_of(column, least), values_of(column, most), {nulls}};
}

std::optional<table::ColumnBounds> page_bounds(const LeafColumn& column, const ColumnIndex& index, size_t pages,
                                               bool order_known) {
  if (index.null_pages.size() != pages || index.min_values.size() != pages || index.max_values.size() != pages) {
    return std::nullopt;
  }
  const bool usable = is_ordered(column) && (order_known || has_signed_order(column));
  const bool counted = index.null_counts.size() == pages;
  StoredBounds least(pages);
  StoredBounds most(pages);
  std::vector<Outcome> nulls(pages, Outcome::kAll);
  for (size_t page = 0; page < pages; ++page) {
    if (index.null_pages[page]) continue;
    if (usable) least[page] = &index.min_values[page];
    if (usable) most[page] = &index.max_values[page];
    nulls[page] = nulls_of(column, counted ? std::optional(index.null_counts[page]) : std::nullopt, std::nullopt);
  }
  return table::ColumnBounds{values_of(column, least), values_of(column, most), std::move(nulls)};
}

std::optional<std::vector<PageRun>> pages_of(const OffsetIndex& index, const ChunkLocation& chunk, int64_t num_rows) {
  std::vector<PageRun> pages;
  uint64_t end = chunk.begin;
  const auto& locations = index.page_locations;
  if (locations.empty() || locations[0].first_row_index != 0) return std::nullopt;
  for (size_t at = 0; at < locations.size(); ++at) {
    const PageLocation& location = locations[at];
    const int64_t last = at + 1 < locations.size() ? locations[at + 1].first_row_index : num_rows;
    if (location.offset < 0 || location.compressed_page_size <= 0 || last < location.first_row_index) {
      return std::nullopt;
    }
    const auto begin = static_cast<uint64_t>(location.offset);
    const auto size = static_cast<uint64_t>(location.compressed_page_size);
    if (begin < end || begin > chunk.end || size > chunk.end - begin) return std::nullopt;
    end = begin + size;
    pages.push_back({begin, end, {location.first_row_index, last}});
  }
  return pages;
}

std::vector<PageRun> runs_holding(const std::vector<PageRun>& pages, const RowRanges& rows) {
  std::vector<PageRun> runs;
  size_t range = 0;
  for (const PageRun& page : pages) {
    while (range < rows.size() && rows[range].last <= page.rows.first) ++range;
    const bool wanted = range < rows.size() && rows[range].first < page.rows.last && page.rows.first < page.rows.last;
    if (!wanted) continue;
    const bool adjacent = !runs.empty() && runs.back().end == page.begin && runs.back().rows.last == page.rows.first;
    if (adjacent) {
      runs.back().end = page.end;
      runs.back().rows.last = page.rows.last;
    } else {
      runs.push_back(page);
    }
  }
  return runs;
}

}  // namespace varve::parquet
