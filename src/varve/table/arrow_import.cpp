#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <memory>

#include "varve/base/error.h"
#include "varve/table/arrow.h"
#include "varve/table/arrow_format.h"
#include "varve/table/bits.h"
#include "varve/table/select.h"

namespace varve {

namespace table {

namespace {

// An array that has been moved here. Released when the last buffer that shows its memory is gone.
class ImportedArray {
 public:
  explicit ImportedArray(ArrowArray* source) : array_(*source) { source->release = nullptr; }
  ImportedArray(const ImportedArray&) = delete;
  ImportedArray& operator=(const ImportedArray&) = delete;
  ~ImportedArray() {
    if (array_.release != nullptr) array_.release(&array_);
  }
  [[nodiscard]] const ArrowArray& array() const noexcept { return array_; }

 private:
  ArrowArray array_;
};

// One column of an imported batch: its array, and which of its rows are meant. Nothing tells the sizes of buffers;
// they follow from lengths and offsets, which are all that can be checked.
class ColumnReader {
 public:
  struct Source {
    const ArrowArray& array;
    const ArrowSchema& schema;
    std::string_view name;
    std::shared_ptr<const void> owner;
  };

  // Rows [first, first + length) of the array, counted from where it begins itself.
  ColumnReader(Source source, int64_t first, int64_t length)
      : source_(std::move(source)), format_(read_format(source_.schema, source_.name)), length_(length) {
    const ArrowArray& array = source_.array;
    constexpr int64_t kRowsMax = int64_t{1} << 56;
    const auto sound = [](int64_t rows) { return rows >= 0 && rows <= kRowsMax; };
    if (!sound(array.length) || !sound(array.offset) || !sound(first) || !sound(length)) {
      fail("has {} rows from row {}", array.length, array.offset);
    }
    if (first + length > array.length) fail("has {} rows where the batch has {}", array.length, first + length);
    first_ = array.offset + first;
    check_buffer_count();
  }

  Column read() const {
    switch (format_.layout) {
      case ArrowLayout::kSame: return read_same();
      case ArrowLayout::kOffsets32: return read_offsets32();
      case ArrowLayout::kViews: return read_views();
      case ArrowLayout::kDecimal: return read_decimals();
      case ArrowLayout::kDate64: return read_date64();
      case ArrowLayout::kIndices: return read_indices();
    }
    return {};
  }

 private:
  template <typename... Arguments>
  [[noreturn]] void fail(std::string_view pattern, const Arguments&... arguments) const {
    throw InvalidArgument("column {} of an Arrow array " + std::string(pattern), source_.name, arguments...);
  }

  void check_buffer_count() const {
    const Storage storage = storage_of(format_.type);
    const int64_t expected = storage == Storage::kNone ? 0 : storage == Storage::kVariable ? 3 : 2;
    const int64_t found = source_.array.n_buffers;
    // Polars gives a column of nulls a validity bitmap, which it must not have; nobody looks at it.
    const bool more = format_.layout == ArrowLayout::kViews || storage == Storage::kNone;
    const bool fits = more ? found >= expected : found == expected;
    if (!fits || (expected > 0 && source_.array.buffers == nullptr)) {
      fail("has {} buffers, not {}", found, expected);
    }
  }

  // The bytes of a buffer, of which there must be `size`; none may be there if that is 0.
  std::span<const std::byte> buffer(int64_t number, size_t size) const {
    const void* bytes = source_.array.buffers[number];
    if (bytes == nullptr && size > 0) fail("lacks buffer {} of {} bytes", number, size);
    return {static_cast<const std::byte*>(bytes), bytes == nullptr ? 0 : size};
  }

  template <typename T>
  std::span<const T> rows_of(int64_t number, int64_t extra = 0) const {
    const auto bytes = buffer(number, static_cast<size_t>(first_ + length_ + extra) * sizeof(T));
    if (bytes.empty()) return {};
    return {reinterpret_cast<const T*>(bytes.data()) + first_, static_cast<size_t>(length_ + extra)};
  }

  BitSpan validity() const {
    if (source_.array.null_count == 0 || storage_of(format_.type) == Storage::kNone) return {nullptr, 0, length_};
    return {static_cast<const uint8_t*>(source_.array.buffers[0]), first_, length_};
  }

  base::BufferPtr share(std::span<const std::byte> bytes) const { return base::Buffer::wrap(bytes, source_.owner); }

  // Builds the column, checked, with this column's name in what goes wrong.
  Column finish(ColumnParts parts) const {
    parts.type = format_.type;
    parts.length = length_;
    try {
      return Column(std::move(parts), true);
    } catch (const InvalidArgument& error) {
      fail("cannot be: {}", error.what());
    }
  }

  // For rows that have been rewritten and begin with the first: the validity bits move with them.
  Column finish_rewritten(base::MutableBuffer values) const {
    return finish({.validity = bits_to_buffer(validity()), .values = std::move(values).finish()});
  }

  base::BufferPtr share_validity() const {
    if (validity().data == nullptr) return nullptr;
    return share(buffer(0, bytes_for_bits(first_ + length_)));
  }

  Column read_same() const {
    switch (storage_of(format_.type)) {
      case Storage::kNone: return finish({});
      case Storage::kVariable: return read_offsets64();
      case Storage::kBits:
        return finish({.validity = share_validity(),
                       .values = share(buffer(1, bytes_for_bits(first_ + length_))),
                       .offset = first_});
      default: return read_fixed();
    }
  }

  static bool is_aligned(const void* address, int32_t width) {
    const bool power_of_two = std::has_single_bit(static_cast<uint32_t>(width));
    return !power_of_two || width > 16 || reinterpret_cast<uintptr_t>(address) % static_cast<uint32_t>(width) == 0;
  }

  Column read_fixed() const {
    const int32_t width = width_of(format_.type);
    const auto row_bytes = static_cast<size_t>(width);
    const auto bytes = buffer(1, static_cast<size_t>(first_ + length_) * row_bytes);
    const bool is_binary = format_.type.id == TypeId::kFixedBinary;
    if (is_binary || is_aligned(bytes.data(), width)) {
      return finish({.validity = share_validity(), .values = share(bytes), .offset = first_});
    }
    base::MutableBuffer copy = base::MutableBuffer::allocate(static_cast<size_t>(length_) * row_bytes);
    if (length_ > 0) std::memcpy(copy.data(), bytes.data() + static_cast<size_t>(first_) * row_bytes, copy.size());
    return finish_rewritten(std::move(copy));
  }

  // The last of the offsets is the size of the bytes.
  template <typename Offset>
  base::BufferPtr variable_bytes(const Offset* offsets) const {
    Offset end = 0;
    if (length_ > 0) std::memcpy(&end, offsets + length_, sizeof end);
    if (end < 0) fail("has an offset of {}", end);
    return share(buffer(2, static_cast<size_t>(end)));
  }

  Column read_offsets64() const {
    if (length_ == 0) return finish({});
    const auto rows = rows_of<int64_t>(1, 1);
    if (!is_aligned(rows.data(), sizeof(int64_t))) return read_offsets(rows);
    return finish({.validity = share_validity(),
                   .values = variable_bytes(rows.data()),
                   .offsets = share(std::as_bytes(std::span(rows.data() - first_, rows.data() + rows.size()))),
                   .offset = first_});
  }

  Column read_offsets32() const {
    if (length_ == 0) return finish({});
    return read_offsets(rows_of<int32_t>(1, 1));
  }

  template <typename Offset>
  Column read_offsets(std::span<const Offset> in) const {
    base::MutableBuffer offsets = base::MutableBuffer::allocate(in.size() * sizeof(int64_t));
    auto* out = offsets.as<int64_t>();
    const auto* from = reinterpret_cast<const std::byte*>(in.data());
    for (size_t row = 0; row < in.size(); ++row) {
      Offset offset;  // which may lie anywhere
      std::memcpy(&offset, from + row * sizeof offset, sizeof offset);
      out[row] = offset;
    }
    return finish({.validity = bits_to_buffer(validity()),
                   .values = variable_bytes(in.data()),
                   .offsets = std::move(offsets).finish()});
  }

  // A view of more than 12 bytes: length, a beginning, the number of a buffer and an offset into it. Shorter values
  // stand in the view itself, after the length.
  struct View {
    int32_t length;
    char prefix[4];
    int32_t buffer;
    int32_t offset;
  };
  static_assert(sizeof(View) == 16);

  // The bytes of a view at `address`, checked against the sizes of the buffers behind it.
  std::string_view view_at(const std::byte* address, std::span<const int64_t> sizes) const {
    constexpr int32_t kInlinedMax = 12;
    View view;
    std::memcpy(&view, address, sizeof view);
    if (view.length < 0) fail("has a view of {} bytes", view.length);
    if (view.length <= kInlinedMax) {
      return {reinterpret_cast<const char*>(address) + sizeof view.length, static_cast<size_t>(view.length)};
    }
    const auto number = static_cast<size_t>(static_cast<uint32_t>(view.buffer));
    const int64_t end = int64_t{view.offset} + view.length;
    if (number >= sizes.size() || view.offset < 0 || end > sizes[number]) {
      fail("has a view of bytes {} to {} of buffer {}, which is not there", view.offset, end, number);
    }
    const auto bytes = buffer(static_cast<int64_t>(number) + 2, static_cast<size_t>(end));
    return {reinterpret_cast<const char*>(bytes.data()) + view.offset, static_cast<size_t>(view.length)};
  }

  Column read_views() const {
    const int64_t data_buffers = source_.array.n_buffers - 3;
    const auto size_bytes = buffer(source_.array.n_buffers - 1, static_cast<size_t>(data_buffers) * sizeof(int64_t));
    std::vector<int64_t> sizes(static_cast<size_t>(data_buffers));
    if (!sizes.empty()) std::memcpy(sizes.data(), size_bytes.data(), size_bytes.size());
    const auto views = buffer(1, static_cast<size_t>(first_ + length_) * sizeof(View));
    const BitSpan valid = validity();
    base::MutableBuffer offsets = base::MutableBuffer::allocate((static_cast<size_t>(length_) + 1) * sizeof(int64_t));
    base::MutableBuffer bytes;
    for (int64_t row = 0; row < length_; ++row) {
      offsets.as<int64_t>()[row] = static_cast<int64_t>(bytes.size());
      if (!valid[row]) continue;
      bytes.append(std::as_bytes(std::span(view_at(views.data() + (first_ + row) * int64_t{sizeof(View)}, sizes))));
    }
    offsets.as<int64_t>()[length_] = static_cast<int64_t>(bytes.size());
    return finish({.validity = bits_to_buffer(valid),
                   .values = std::move(bytes).finish(),
                   .offsets = std::move(offsets).finish()});
  }

  Column read_decimals() const {
    switch (format_.width) {
      case 4:
        return convert<int32_t, Int128>([](int32_t in, Int128& out) {
          out = in;
          return true;
        });
      case 8:
        return convert<int64_t, Int128>([](int64_t in, Int128& out) {
          out = in;
          return true;
        });
      default: return convert<Wide, Int128>(narrow);
    }
  }

  // A 256-bit integer, and whether 128 bits hold it.
  struct Wide {
    uint64_t words[4];
  };
  static bool narrow(const Wide& in, Int128& out) {
    std::memcpy(&out, in.words, sizeof out);
    const uint64_t sign = out < 0 ? ~uint64_t{0} : 0;
    return in.words[2] == sign && in.words[3] == sign;
  }

  Column read_date64() const {
    return convert<int64_t, int32_t>([](int64_t in, int32_t& out) {
      constexpr int64_t kMillisecondsPerDay = 86'400'000;
      out = static_cast<int32_t>(in / kMillisecondsPerDay);
      return in % kMillisecondsPerDay == 0 && std::in_range<int32_t>(in / kMillisecondsPerDay);
    });
  }

  // Rewrites the rows by `change(in, out)`, which tells whether a value has a place in the new type. Rows that are null
  // may hold anything and become 0 where they do not fit.
  template <typename From, typename To, typename Change>
  base::MutableBuffer rewrite(Change change) const {
    const auto bytes = buffer(1, static_cast<size_t>(first_ + length_) * sizeof(From));
    const BitSpan valid = validity();
    base::MutableBuffer values = base::MutableBuffer::allocate(static_cast<size_t>(length_) * sizeof(To));
    To* out = values.as<To>();
    for (int64_t row = 0; row < length_; ++row) {
      From in;
      std::memcpy(&in, bytes.data() + static_cast<size_t>(first_ + row) * sizeof(From), sizeof in);
      if (change(in, out[row])) continue;
      if (valid[row]) fail("holds a value in row {} that does not fit {}", row, to_string(format_.type));
      out[row] = To{};
    }
    return values;
  }
  template <typename From, typename To, typename Change>
  Column convert(Change change) const {
    return finish_rewritten(rewrite<From, To>(change));
  }

  Column read_indices() const {
    if (source_.array.dictionary == nullptr) fail("has no dictionary");
    const ArrowArray& values = *source_.array.dictionary;
    const ColumnReader reader({values, *source_.schema.dictionary, source_.name, source_.owner}, 0, values.length);
    const Column dictionary = reader.read();
    const bool shareable = format_.index.id == TypeId::kInt32 && dictionary.null_count() == 0 &&
                           is_aligned(source_.array.buffers[1], sizeof(int32_t));
    if (shareable) {
      return finish({.validity = share_validity(),
                     .values = share(buffer(1, static_cast<size_t>(first_ + length_) * sizeof(int32_t))),
                     .dictionary = std::make_shared<const Column>(dictionary),
                     .offset = first_});
    }
    base::MutableBuffer indices = read_index_values();
    base::BufferPtr valid = bits_to_buffer(validity());
    if (dictionary.null_count() != 0) valid = without_null_values(indices.as<int32_t>(), dictionary);
    ColumnParts value_parts = dictionary.parts();
    value_parts.validity = nullptr;
    value_parts.null_count = 0;
    return finish({.validity = std::move(valid),
                   .values = std::move(indices).finish(),
                   .dictionary = std::make_shared<const Column>(std::move(value_parts), true)});
  }

  base::MutableBuffer read_index_values() const {
    const auto narrow_index = [](auto in, int32_t& out) {
      out = static_cast<int32_t>(in);
      return std::in_range<int32_t>(in);
    };
    switch (format_.index.id) {
      case TypeId::kInt8: return rewrite<int8_t, int32_t>(narrow_index);
      case TypeId::kInt16: return rewrite<int16_t, int32_t>(narrow_index);
      case TypeId::kInt32: return rewrite<int32_t, int32_t>(narrow_index);
      case TypeId::kInt64: return rewrite<int64_t, int32_t>(narrow_index);
      case TypeId::kUInt8: return rewrite<uint8_t, int32_t>(narrow_index);
      case TypeId::kUInt16: return rewrite<uint16_t, int32_t>(narrow_index);
      case TypeId::kUInt32: return rewrite<uint32_t, int32_t>(narrow_index);
      default: return rewrite<uint64_t, int32_t>(narrow_index);
    }
  }

  // Our dictionaries hold no nulls: rows that point to one become null themselves.
  base::BufferPtr without_null_values(const int32_t* indices, const Column& dictionary) const {
    const BitSpan valid = validity();
    base::MutableBuffer bits = base::MutableBuffer::allocate_zeroed(bytes_for_bits(length_));
    for (int64_t row = 0; row < length_; ++row) {
      const bool inside = indices[row] >= 0 && indices[row] < dictionary.length();
      set_bit(bits.as<uint8_t>(), row, valid[row] && !(inside && dictionary.is_null(indices[row])));
    }
    return std::move(bits).finish();
  }

  Source source_;
  ArrowFormat format_;
  int64_t first_ = 0;  // in the buffers
  int64_t length_;
};

// A struct's own nulls would be rows without any columns, which tables do not have.
void check_rows_present(const ArrowArray& batch) {
  if (batch.length < 0 || batch.offset < 0) {
    throw InvalidArgument("an Arrow batch of {} rows from row {}", batch.length, batch.offset);
  }
  if (batch.null_count == 0 || batch.n_buffers < 1 || batch.buffers == nullptr || batch.buffers[0] == nullptr) return;
  const BitSpan valid{static_cast<const uint8_t*>(batch.buffers[0]), batch.offset, batch.length};
  if (count_set(valid) != batch.length) throw NotSupported("an Arrow batch has rows that are null as a whole");
}

// Calls release at the end of a scope.
template <typename Structure>
class ReleaseGuard {
 public:
  explicit ReleaseGuard(Structure* structure) : structure_(structure) {}
  ReleaseGuard(const ReleaseGuard&) = delete;
  ReleaseGuard& operator=(const ReleaseGuard&) = delete;
  ~ReleaseGuard() {
    if (structure_->release != nullptr) structure_->release(structure_);
  }

 private:
  Structure* structure_;
};

void check_stream(ArrowArrayStream* stream, int status) {
  if (status == 0) return;
  const char* text = stream->get_last_error == nullptr ? nullptr : stream->get_last_error(stream);
  throw InvalidArgument("an Arrow stream failed with status {}: {}", status,
                        text == nullptr ? "no reason given" : text);
}

}  // namespace

}  // namespace table

Table import_batch(ArrowArray* array, const ArrowSchema& schema) {
  if (array->release == nullptr) throw InvalidArgument("an Arrow batch that has been released");
  const auto owner = std::make_shared<const table::ImportedArray>(array);
  const ArrowArray& batch = owner->array();
  Schema fields = table::read_schema(schema);
  if (batch.n_children != schema.n_children || (batch.n_children > 0 && batch.children == nullptr)) {
    throw InvalidArgument("an Arrow batch of {} columns under a schema of {}", batch.n_children, schema.n_children);
  }
  table::check_rows_present(batch);
  std::vector<Column> columns;
  columns.reserve(fields.size());
  for (size_t position = 0; position < fields.size(); ++position) {
    const ArrowArray* child = batch.children[position];
    if (child == nullptr || child->release == nullptr) {
      throw InvalidArgument("column {} of an Arrow batch is not there", fields[position].name);
    }
    const table::ColumnReader reader({*child, *schema.children[position], fields[position].name, owner}, batch.offset,
                                     batch.length);
    columns.push_back(reader.read());
  }
  return Table(std::move(fields), std::move(columns));
}

ImportedStream import_stream(ArrowArrayStream* stream) {
  if (stream->release == nullptr) throw InvalidArgument("an Arrow stream that has been released");
  const table::ReleaseGuard guard(stream);
  ArrowSchema schema{};
  table::check_stream(stream, stream->get_schema(stream, &schema));
  const table::ReleaseGuard schema_guard(&schema);
  ImportedStream result{table::read_schema(schema), {}};
  while (true) {
    ArrowArray array{};
    table::check_stream(stream, stream->get_next(stream, &array));
    if (array.release == nullptr) return result;
    result.batches.push_back(import_batch(&array, schema));
  }
}

Table import_table(ArrowArrayStream* stream) {
  const ImportedStream imported = import_stream(stream);
  if (imported.batches.empty()) return Table::empty(imported.schema);
  return table::concatenate(imported.batches);
}

}  // namespace varve
