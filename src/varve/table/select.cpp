#include "varve/table/select.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "varve/base/error.h"
#include "varve/table/bits.h"
#include "varve/table/runs.h"

namespace varve::table {

namespace {

// Row numbers that have been checked against the length of what they are to be taken from.
struct CheckedRows {
  std::span<const int64_t> rows;
  bool has_missing = false;  // -1 among them
};

CheckedRows check_rows(std::span<const int64_t> rows, int64_t length) {
  bool outside = false;
  bool missing = false;
  for (const int64_t row : rows) {
    outside |= row < -1 || row >= length;
    missing |= row < 0;
  }
  if (!outside) return {rows, missing};
  for (const int64_t row : rows) {
    if (row < -1 || row >= length) throw InvalidArgument("row {} of {} rows", row, length);
  }
  return {};
}

struct Block16 {
  uint64_t halves[2];
};

template <typename T>
void gather(const Column& source, const CheckedRows& chosen, std::byte* target) {
  const T* in = source.values<T>().data();
  T* out = reinterpret_cast<T*>(target);
  if (!chosen.has_missing) {
    for (const int64_t row : chosen.rows) *out++ = in[row];
    return;
  }
  for (const int64_t row : chosen.rows) *out++ = row < 0 ? T{} : in[row];
}

void gather_wide(const Column& source, const CheckedRows& chosen, std::byte* target) {
  const auto width = static_cast<size_t>(width_of(source.type()));
  if (width == 0) return;
  for (const int64_t row : chosen.rows) {
    if (row < 0) {
      std::memset(target, 0, width);
    } else {
      std::memcpy(target, source.bytes_at(row).data(), width);
    }
    target += width;
  }
}

base::BufferPtr take_fixed(const Column& source, const CheckedRows& chosen) {
  const int32_t width = width_of(source.type());
  auto buffer = base::MutableBuffer::allocate(chosen.rows.size() * static_cast<size_t>(width));
  switch (width) {
    case 1: gather<uint8_t>(source, chosen, buffer.data()); break;
    case 2: gather<uint16_t>(source, chosen, buffer.data()); break;
    case 4: gather<uint32_t>(source, chosen, buffer.data()); break;
    case 8: gather<uint64_t>(source, chosen, buffer.data()); break;
    case 16: gather<Block16>(source, chosen, buffer.data()); break;
    default: gather_wide(source, chosen, buffer.data()); break;
  }
  return std::move(buffer).finish();
}

// `missing` is the bit of row -1.
base::BufferPtr take_bits(const BitSpan& bits, std::span<const int64_t> rows, bool missing) {
  auto buffer = base::MutableBuffer::allocate(bytes_for_bits(static_cast<int64_t>(rows.size())));
  auto* out = buffer.as<uint8_t>();
  for (size_t first = 0; first < rows.size(); first += 8) {
    const size_t count = std::min<size_t>(8, rows.size() - first);
    unsigned byte = 0;
    for (size_t bit = 0; bit < count; ++bit) {
      const int64_t row = rows[first + bit];
      byte |= static_cast<unsigned>(row < 0 ? missing : bits[row]) << bit;
    }
    *out++ = static_cast<uint8_t>(byte);
  }
  return std::move(buffer).finish();
}

void take_variable(const Column& source, const CheckedRows& chosen, ColumnParts& parts) {
  const int64_t* in = source.offsets().data();
  auto offsets = base::MutableBuffer::allocate((chosen.rows.size() + 1) * sizeof(int64_t));
  auto* out = offsets.as<int64_t>();
  int64_t end = 0;
  for (const int64_t row : chosen.rows) {
    *out++ = end;
    if (row >= 0) end += in[row + 1] - in[row];
  }
  *out = end;
  auto bytes = base::MutableBuffer::allocate(static_cast<size_t>(end));
  std::byte* to = bytes.data();
  for (const int64_t row : chosen.rows) {
    const auto size = row < 0 ? size_t{0} : static_cast<size_t>(in[row + 1] - in[row]);
    if (size == 0) continue;
    std::memcpy(to, source.variable_bytes() + in[row], size);
    to += size;
  }
  parts.values = std::move(bytes).finish();
  parts.offsets = std::move(offsets).finish();
}

Column take_checked(const Column& source, const CheckedRows& chosen) {
  ColumnParts parts{.type = source.type(), .length = static_cast<int64_t>(chosen.rows.size())};
  switch (storage_of(parts.type)) {
    case Storage::kNone: return Column(std::move(parts));
    case Storage::kBits: parts.values = take_bits(source.bits(), chosen.rows, false); break;
    case Storage::kVariable: take_variable(source, chosen, parts); break;
    case Storage::kIndexed: parts.dictionary = source.parts().dictionary; [[fallthrough]];
    case Storage::kFixed: parts.values = take_fixed(source, chosen); break;
  }
  if (source.null_count() != 0 || chosen.has_missing) {
    parts.validity = take_bits(source.validity(), chosen.rows, false);
  }
  return Column(std::move(parts));
}

RunList runs_of(const Column& mask) {
  RunList runs;
  const BitSpan values = mask.bits();
  const BitSpan validity = mask.validity();
  for (int64_t first = 0; first < mask.length(); first += 64) {
    const int64_t count = std::min<int64_t>(64, mask.length() - first);
    uint64_t word = read_bits(values, first, count) & read_bits(validity, first, count);
    int64_t at = first;
    while (word != 0) {
      const int skipped = std::countr_zero(word);
      at += skipped;
      word >>= skipped;
      const int length = std::countr_one(word);
      runs.add(0, at, length);
      at += length;
      word = length == 64 ? 0 : word >> length;
    }
  }
  return runs;
}

}  // namespace

Column take(const Column& source, std::span<const int64_t> rows) {
  return take_checked(source, check_rows(rows, source.length()));
}

Table take(const Table& source, std::span<const int64_t> rows, base::ThreadPool* pool) {
  const CheckedRows chosen = check_rows(rows, source.num_rows());
  std::vector<Column> columns(source.num_columns());
  if (std::ssize(columns) * std::ssize(rows) <= kFewValues) pool = nullptr;
  base::parallel_for(pool, columns.size(),
                     [&](size_t position) { columns[position] = take_checked(source.column(position), chosen); });
  return Table(source.schema(), std::move(columns));
}

Table filter(const Table& source, const Column& mask, base::ThreadPool* pool) {
  if (mask.type().id != TypeId::kBoolean || mask.length() != source.num_rows()) {
    throw InvalidArgument("a mask of {} {} for a table of {} rows", mask.length(), to_string(mask.type()),
                          source.num_rows());
  }
  return assemble({&source, 1}, runs_of(mask), pool);
}

}  // namespace varve::table
