#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "varve/base/error.h"
#include "varve/table/arrow.h"
#include "varve/table/arrow_format.h"
#include "varve/table/bits.h"

namespace varve {

namespace table {

namespace {

// Shown for buffers that a column of no rows does without: some readers want a pointer even so.
alignas(64) constexpr std::array<std::byte, 64> kNothing = {};

// What an exported array points to, the columns' buffers among it.
struct ArrayOwner {
  std::vector<base::BufferPtr> kept;
  std::vector<const void*> buffers;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> child_pointers;
  ArrowArray dictionary = {};

  ArrayOwner() = default;
  ArrayOwner(const ArrayOwner&) = delete;
  ArrayOwner& operator=(const ArrayOwner&) = delete;
  // The receiver may have moved children away, which has marked them as released here.
  ~ArrayOwner() {
    for (ArrowArray& child : children) {
      if (child.release != nullptr) child.release(&child);
    }
    if (dictionary.release != nullptr) dictionary.release(&dictionary);
  }

  void add(base::BufferPtr buffer) {
    const bool empty = !buffer || buffer->data() == nullptr;
    buffers.push_back(empty ? kNothing.data() : buffer->data());
    kept.push_back(std::move(buffer));
  }
};

void release_array(ArrowArray* array) {
  const std::unique_ptr<ArrayOwner> owner(static_cast<ArrayOwner*>(array->private_data));
  array->release = nullptr;
}

struct Extent {
  int64_t length = 0;
  int64_t null_count = 0;
  int64_t offset = 0;
};

void hand_over(std::unique_ptr<ArrayOwner> owner, const Extent& extent, ArrowArray* out) {
  for (ArrowArray& child : owner->children) owner->child_pointers.push_back(&child);
  *out = {.length = extent.length,
          .null_count = extent.null_count,
          .offset = extent.offset,
          .n_buffers = static_cast<int64_t>(owner->buffers.size()),
          .n_children = static_cast<int64_t>(owner->children.size()),
          .buffers = owner->buffers.data(),
          .children = owner->children.empty() ? nullptr : owner->child_pointers.data(),
          .dictionary = owner->dictionary.release == nullptr ? nullptr : &owner->dictionary,
          .release = release_array,
          .private_data = nullptr};
  out->private_data = owner.release();
}

// 64-bit offsets are needed from 2^31 bytes on.
bool is_large(const Column& column) {
  if (column.type().id == TypeId::kDictionary) return is_large(column.dictionary());
  if (storage_of(column.type()) != Storage::kVariable) return false;
  const auto offsets = column.offsets();
  return offsets.back() - offsets.front() > std::numeric_limits<int32_t>::max();
}

void add_validity(const Column& column, bool moved, ArrayOwner& owner) {
  if (column.null_count() == 0) {
    owner.buffers.push_back(nullptr);
  } else {
    owner.add(moved ? bits_to_buffer(column.validity()) : column.parts().validity);
  }
}

// Offsets from the first row's byte on, as 32-bit numbers.
void add_offsets32(const Column& column, ArrayOwner& owner) {
  const auto offsets = column.offsets();
  const int64_t first = offsets.front();
  auto buffer = base::MutableBuffer::allocate(offsets.size() * sizeof(int32_t));
  auto* out = buffer.as<int32_t>();
  for (const int64_t offset : offsets) *out++ = static_cast<int32_t>(offset - first);
  owner.add(std::move(buffer).finish());
  owner.add(column.parts().values);
  if (column.variable_bytes() != nullptr && column.parts().values)
    owner.buffers.back() = column.variable_bytes() + first;
}

void write_column(const Column& column, bool large, ArrowArray* out) {
  auto owner = std::make_unique<ArrayOwner>();
  const ColumnParts& parts = column.parts();
  const Storage storage = storage_of(column.type());
  const bool moved = storage == Storage::kVariable && !large && parts.offset != 0;
  if (storage != Storage::kNone) add_validity(column, moved, *owner);
  if (storage == Storage::kVariable && !large) {
    add_offsets32(column, *owner);
  } else if (storage == Storage::kVariable) {
    owner->add(parts.offsets);
    owner->add(parts.values);
  } else if (storage != Storage::kNone) {
    owner->add(parts.values);
  }
  if (storage == Storage::kIndexed) write_column(column.dictionary(), large, &owner->dictionary);
  const int64_t offset = moved || storage == Storage::kNone ? 0 : parts.offset;
  hand_over(std::move(owner), {column.length(), column.null_count(), offset}, out);
}

std::vector<bool> large_columns(const Table& table) {
  std::vector<bool> large;
  for (size_t position = 0; position < table.num_columns(); ++position) {
    large.push_back(is_large(table.column(position)));
  }
  return large;
}

void write_table(const Table& table, const std::vector<bool>& large, ArrowArray* out) {
  auto owner = std::make_unique<ArrayOwner>();
  owner->buffers.push_back(nullptr);
  owner->children.resize(table.num_columns(), ArrowArray{});
  for (size_t position = 0; position < table.num_columns(); ++position) {
    write_column(table.column(position), large[position], &owner->children[position]);
  }
  hand_over(std::move(owner), {table.num_rows(), 0, 0}, out);
}

using NextTable = std::function<std::optional<Table>()>;

// What an exported stream has still to give.
struct StreamOwner {
  Schema schema;
  std::vector<bool> large;  // columns that leave with 64-bit offsets
  NextTable next;
  std::string error = {};
};

// The tables that `next` gives, cut so that their strings leave with 32-bit offsets.
class SmallTables {
 public:
  explicit SmallTables(NextTable next) : next_(std::move(next)) {}

  std::optional<Table> operator()() {
    for (;;) {
      if (rest_.empty()) {
        std::optional<Table> table = next_();
        if (!table) return std::nullopt;
        rest_.push_back(std::move(*table));
      }
      const Table table = std::move(rest_.back());
      rest_.pop_back();
      const std::vector<bool> large = large_columns(table);
      if (std::find(large.begin(), large.end(), true) == large.end()) return table;
      if (table.num_rows() <= 1) throw NotSupported("a value or dictionary of 2^31 bytes or more in a stream");
      const int64_t half = table.num_rows() / 2;
      rest_.push_back(table.slice(half, table.num_rows() - half));
      rest_.push_back(table.slice(0, half));
    }
  }

 private:
  NextTable next_;
  std::vector<Table> rest_;  // the next one last
};

// Runs `body` for a caller that knows no exceptions.
template <typename Body>
int guarded(ArrowArrayStream* stream, Body body) noexcept {
  auto& owner = *static_cast<StreamOwner*>(stream->private_data);
  try {
    body(owner);
    return 0;
  } catch (const std::bad_alloc&) {
    owner.error.clear();
    return ENOMEM;
  } catch (const std::exception& error) {
    owner.error.assign(error.what());
    return EINVAL;
  }
}

int get_schema(ArrowArrayStream* stream, ArrowSchema* out) {
  return guarded(stream, [out](StreamOwner& owner) { write_schema(owner.schema, owner.large, out); });
}

int get_next(ArrowArrayStream* stream, ArrowArray* out) {
  return guarded(stream, [out](StreamOwner& owner) {
    *out = ArrowArray{};
    const std::optional<Table> table = owner.next();
    if (table) write_table(*table, owner.large, out);
  });
}

const char* get_last_error(ArrowArrayStream* stream) {
  const auto& owner = *static_cast<StreamOwner*>(stream->private_data);
  return owner.error.empty() ? nullptr : owner.error.c_str();
}

void release_stream(ArrowArrayStream* stream) {
  const std::unique_ptr<StreamOwner> owner(static_cast<StreamOwner*>(stream->private_data));
  stream->release = nullptr;
}

void hand_over(std::unique_ptr<StreamOwner> owner, ArrowArrayStream* out) {
  *out = {.get_schema = get_schema,
          .get_next = get_next,
          .get_last_error = get_last_error,
          .release = release_stream,
          .private_data = owner.release()};
}

}  // namespace

}  // namespace table

void export_table(const Table& table, ArrowSchema* schema_out, ArrowArray* array_out) {
  const std::vector<bool> large = table::large_columns(table);
  table::write_table(table, large, array_out);
  try {
    table::write_schema(table.schema(), large, schema_out);
  } catch (...) {
    array_out->release(array_out);
    throw;
  }
}

void export_stream(const Table& table, ArrowArrayStream* out) {
  const auto once = [left = table.num_rows() == 0 ? std::nullopt : std::optional(table)]() mutable {
    return std::exchange(left, std::nullopt);
  };
  table::hand_over(
      std::make_unique<table::StreamOwner>(table::StreamOwner{table.schema(), table::large_columns(table), once}), out);
}

void export_batches(const Schema& schema, std::function<std::optional<Table>()> next, ArrowArrayStream* out) {
  table::hand_over(std::make_unique<table::StreamOwner>(table::StreamOwner{
                       schema, std::vector<bool>(schema.size(), false), table::SmallTables(std::move(next))}),
                   out);
}

}  // namespace varve
