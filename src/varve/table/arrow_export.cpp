#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
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

void write_column(const Column& column, ArrowArray* out) {
  auto owner = std::make_unique<ArrayOwner>();
  const ColumnParts& parts = column.parts();
  const Storage storage = storage_of(column.type());
  if (storage != Storage::kNone) {
    if (column.null_count() == 0) {
      owner->buffers.push_back(nullptr);
    } else {
      owner->add(parts.validity);
    }
    if (storage == Storage::kVariable) owner->add(parts.offsets);
    owner->add(parts.values);
  }
  if (storage == Storage::kIndexed) write_column(column.dictionary(), &owner->dictionary);
  const int64_t offset = storage == Storage::kNone ? 0 : parts.offset;
  hand_over(std::move(owner), {column.length(), column.null_count(), offset}, out);
}

void write_table(const Table& table, ArrowArray* out) {
  auto owner = std::make_unique<ArrayOwner>();
  owner->buffers.push_back(nullptr);
  owner->children.resize(table.num_columns(), ArrowArray{});
  for (size_t position = 0; position < table.num_columns(); ++position) {
    write_column(table.column(position), &owner->children[position]);
  }
  hand_over(std::move(owner), {table.num_rows(), 0, 0}, out);
}

using NextTable = std::function<std::optional<Table>()>;

// What an exported stream has still to give.
struct StreamOwner {
  Schema schema;
  NextTable next;
  std::string error = {};
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
  return guarded(stream, [out](StreamOwner& owner) { write_schema(owner.schema, out); });
}

int get_next(ArrowArrayStream* stream, ArrowArray* out) {
  return guarded(stream, [out](StreamOwner& owner) {
    *out = ArrowArray{};
    const std::optional<Table> table = owner.next();
    if (table) write_table(*table, out);
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
  table::write_table(table, array_out);
  try {
    table::write_schema(table.schema(), schema_out);
  } catch (...) {
    array_out->release(array_out);
    throw;
  }
}

void export_stream(const Table& table, ArrowArrayStream* out) {
  const auto once = [left = table.num_rows() == 0 ? std::nullopt : std::optional(table)]() mutable {
    return std::exchange(left, std::nullopt);
  };
  export_batches(table.schema(), once, out);
}

void export_batches(const Schema& schema, std::function<std::optional<Table>()> next, ArrowArrayStream* out) {
  table::hand_over(std::make_unique<table::StreamOwner>(table::StreamOwner{schema, std::move(next)}), out);
}

}  // namespace varve
