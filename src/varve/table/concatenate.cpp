#include <algorithm>
#include <cstring>
#include <limits>
#include <unordered_map>

#include "varve/base/error.h"
#include "varve/table/bits.h"
#include "varve/table/runs.h"
#include "varve/table/select.h"

namespace varve::table {

namespace {

using Columns = std::span<const Column>;

struct Block16 {
  uint64_t halves[2];
};

// Short runs are common where two tables interleave: for them a loop beats a call of memcpy.
template <typename T>
void copy_values(const T* from, int64_t count, T* to) {
  constexpr int64_t kShort = 16;
  if (count >= kShort) {
    std::memcpy(to, from, static_cast<size_t>(count) * sizeof(T));
    return;
  }
  for (int64_t at = 0; at < count; ++at) to[at] = from[at];
}

template <typename T>
void copy_fixed_runs(Columns sources, const RunList& runs, std::byte* target) {
  std::vector<const T*> values;
  values.reserve(sources.size());
  for (const Column& source : sources) values.push_back(source.values<T>().data());
  T* to = reinterpret_cast<T*>(target);
  for (const Run& run : runs.runs()) {
    copy_values(values[run.source] + run.first, run.length, to);
    to += run.length;
  }
}

void copy_wide_runs(Columns sources, const RunList& runs, std::byte* target) {
  const auto width = static_cast<size_t>(width_of(sources[0].type()));
  if (width == 0) return;
  for (const Run& run : runs.runs()) {
    const size_t size = static_cast<size_t>(run.length) * width;
    std::memcpy(target, sources[run.source].bytes_at(run.first).data(), size);
    target += size;
  }
}

base::BufferPtr assemble_fixed(Columns sources, const RunList& runs) {
  const int32_t width = width_of(sources[0].type());
  auto buffer = base::MutableBuffer::allocate(static_cast<size_t>(runs.rows()) * static_cast<size_t>(width));
  switch (width) {
    case 1: copy_fixed_runs<uint8_t>(sources, runs, buffer.data()); break;
    case 2: copy_fixed_runs<uint16_t>(sources, runs, buffer.data()); break;
    case 4: copy_fixed_runs<uint32_t>(sources, runs, buffer.data()); break;
    case 8: copy_fixed_runs<uint64_t>(sources, runs, buffer.data()); break;
    case 16: copy_fixed_runs<Block16>(sources, runs, buffer.data()); break;
    default: copy_wide_runs(sources, runs, buffer.data()); break;
  }
  return std::move(buffer).finish();
}

// `bits_of(column)` says which bits of each source are meant.
template <typename BitsOf>
base::BufferPtr assemble_bits(Columns sources, const RunList& runs, BitsOf bits_of) {
  auto buffer = base::MutableBuffer::allocate_zeroed(bytes_for_bits(runs.rows()));
  int64_t at = 0;
  for (const Run& run : runs.runs()) {
    BitSpan bits = bits_of(sources[run.source]);
    bits.offset += run.first;
    bits.length = run.length;
    copy_bits(bits, buffer.as<uint8_t>(), at);
    at += run.length;
  }
  return std::move(buffer).finish();
}

void assemble_variable(Columns sources, const RunList& runs, ColumnParts& parts) {
  size_t size = 0;
  for (const Run& run : runs.runs()) {
    const int64_t* offsets = sources[run.source].offsets().data() + run.first;
    size += static_cast<size_t>(offsets[run.length] - offsets[0]);
  }
  auto bytes = base::MutableBuffer::allocate(size);
  auto offsets = base::MutableBuffer::allocate((static_cast<size_t>(runs.rows()) + 1) * sizeof(int64_t));
  auto* offset_out = offsets.as<int64_t>();
  int64_t end = 0;
  for (const Run& run : runs.runs()) {
    const Column& source = sources[run.source];
    const int64_t* in = source.offsets().data() + run.first;
    const int64_t length = in[run.length] - in[0];
    if (length > 0) std::memcpy(bytes.data() + end, source.variable_bytes() + in[0], static_cast<size_t>(length));
    for (int64_t row = 0; row < run.length; ++row) *offset_out++ = in[row] - in[0] + end;
    end += length;
  }
  *offset_out = end;
  parts.values = std::move(bytes).finish();
  parts.offsets = std::move(offsets).finish();
}

// Where each source's dictionary values are found in the dictionary of all.
struct UnitedDictionary {
  std::shared_ptr<const Column> values;
  std::vector<std::vector<int32_t>> positions;  // empty: as they were
};

std::string_view dictionary_key(const Column& dictionary, int64_t row) {
  if (storage_of(dictionary.type()) != Storage::kBits) return dictionary.bytes_at(row);
  return dictionary.bits()[row] ? "1" : "0";
}

UnitedDictionary unite_dictionaries(Columns sources) {
  const auto& first = sources[0].parts().dictionary;
  const auto is_first = [&](const Column& source) { return source.parts().dictionary == first; };
  if (std::all_of(sources.begin(), sources.end(), is_first)) return {first, {}};

  std::vector<Column> dictionaries;
  std::vector<std::vector<int32_t>> positions;
  std::unordered_map<std::string_view, int32_t> known;
  RunList runs;
  for (const Column& source : sources) {
    const Column& dictionary = source.dictionary();
    auto& of_source = positions.emplace_back();
    of_source.reserve(static_cast<size_t>(dictionary.length()));
    for (int64_t row = 0; row < dictionary.length(); ++row) {
      if (known.size() > std::numeric_limits<int32_t>::max()) throw InvalidArgument("a dictionary of over 2^31 values");
      const auto [at, is_new] = known.emplace(dictionary_key(dictionary, row), static_cast<int32_t>(known.size()));
      if (is_new) runs.add(dictionaries.size(), row, 1);
      of_source.push_back(at->second);
    }
    dictionaries.push_back(dictionary);
  }
  return {std::make_shared<const Column>(assemble(dictionaries, runs)), std::move(positions)};
}

void assemble_indexed(Columns sources, const RunList& runs, ColumnParts& parts) {
  UnitedDictionary united = unite_dictionaries(sources);
  parts.dictionary = std::move(united.values);
  parts.values = assemble_fixed(sources, runs);
  if (united.positions.empty()) return;
  auto buffer = base::MutableBuffer::allocate(parts.values->size());
  const auto* in = reinterpret_cast<const int32_t*>(parts.values->data());
  auto* out = buffer.as<int32_t>();
  for (const Run& run : runs.runs()) {
    const auto& positions = united.positions[run.source];
    for (int64_t row = 0; row < run.length; ++row) {
      // Null rows may hold any index.
      const auto index = static_cast<size_t>(static_cast<uint32_t>(*in++));
      *out++ = index < positions.size() ? positions[index] : 0;
    }
  }
  parts.values = std::move(buffer).finish();
}

void check_same_schema(std::span<const Table> pieces) {
  for (size_t number = 1; number < pieces.size(); ++number) {
    if (pieces[number].schema() == pieces[0].schema()) continue;
    throw SchemaCompatibility("tables of different columns cannot be put together:\n{}and\n{}",
                              to_string(pieces[0].schema()), to_string(pieces[number].schema()));
  }
}

}  // namespace

Column assemble(std::span<const Column> sources, const RunList& runs) {
  if (runs.runs().size() == 1 && runs.rows() == sources[runs.runs()[0].source].length()) {
    return sources[runs.runs()[0].source];
  }
  ColumnParts parts{.type = sources[0].type(), .length = runs.rows()};
  switch (storage_of(parts.type)) {
    case Storage::kNone: break;
    case Storage::kBits:
      parts.values = assemble_bits(sources, runs, [](const Column& column) { return column.bits(); });
      break;
    case Storage::kFixed: parts.values = assemble_fixed(sources, runs); break;
    case Storage::kVariable: assemble_variable(sources, runs, parts); break;
    case Storage::kIndexed: assemble_indexed(sources, runs, parts); break;
  }
  const auto has_nulls = [](const Column& source) { return source.null_count() != 0; };
  if (parts.type.id != TypeId::kNull && std::any_of(sources.begin(), sources.end(), has_nulls)) {
    parts.validity = assemble_bits(sources, runs, [](const Column& column) { return column.validity(); });
  }
  return Column(std::move(parts));
}

Table assemble(std::span<const Table> sources, const RunList& runs, base::ThreadPool* pool) {
  const size_t count = sources[0].num_columns();
  std::vector<Column> columns(count);
  if (std::ssize(columns) * runs.rows() <= kFewValues) pool = nullptr;
  base::parallel_for(pool, count, [&](size_t position) {
    std::vector<Column> pieces;
    pieces.reserve(sources.size());
    for (const Table& source : sources) pieces.push_back(source.column(position));
    columns[position] = assemble(pieces, runs);
  });
  return Table(sources[0].schema(), std::move(columns));
}

Column concatenate(std::span<const Column> pieces) {
  if (pieces.empty()) throw InvalidArgument("no columns to put together");
  RunList runs;
  for (size_t number = 0; number < pieces.size(); ++number) {
    if (pieces[number].type() != pieces[0].type()) {
      throw SchemaCompatibility("columns of {} and {} cannot be put together", to_string(pieces[0].type()),
                                to_string(pieces[number].type()));
    }
    runs.add(number, 0, pieces[number].length());
  }
  return assemble(pieces, runs);
}

Table concatenate(std::span<const Table> pieces, base::ThreadPool* pool) {
  if (pieces.empty()) throw InvalidArgument("no tables to put together");
  if (pieces.size() == 1) return pieces[0];
  check_same_schema(pieces);
  RunList runs;
  for (size_t number = 0; number < pieces.size(); ++number) runs.add(number, 0, pieces[number].num_rows());
  return assemble(pieces, runs, pool);
}

}  // namespace varve::table
