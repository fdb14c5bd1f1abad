// Tables in and out through the Arrow C data and stream interfaces.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "varve/table/table.h"

// The three structures are part of Arrow's specification, "The Arrow C data interface" and "The Arrow C stream
// interface"; the guards let them stand beside anybody else's copy.
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

extern "C" {
struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};
}
#endif  // ARROW_C_DATA_INTERFACE

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE
extern "C" {
struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream*, struct ArrowSchema* out);
  int (*get_next)(struct ArrowArrayStream*, struct ArrowArray* out);
  const char* (*get_last_error)(struct ArrowArrayStream*);
  void (*release)(struct ArrowArrayStream*);
  void* private_data;
};
}
#endif  // ARROW_C_STREAM_INTERFACE

namespace varve {

// All import functions take over what they are given: the structure is marked released on return and on error.
// Buffers are shared, not copied, where the layout is ours: fixed-width types, bits, 64-bit offsets, the bytes of all
// strings. 32-bit offsets and string views are turned into 64-bit offsets; dictionary indices into int32_t; date64 into
// date. Throws NotSupported, naming the column, for nested, interval, union and run-end types; InvalidArgument for
// structures that contradict themselves (offsets out of bounds and indices outside the dictionary included).

Schema import_schema(ArrowSchema* schema);
// A struct array, one batch, of the columns that `schema` names, which stays the caller's.
Table import_batch(ArrowArray* array, const ArrowSchema& schema);
// All batches. A stream's own error becomes InvalidArgument with its text.
struct ImportedStream {
  Schema schema;
  std::vector<Table> batches;
};
ImportedStream import_stream(ArrowArrayStream* stream);
// The same as one table; a single batch is not copied.
Table import_table(ArrowArrayStream* stream);

// Exports share the table's buffers and copy nothing; so strings and binary, dictionaries of them too, always leave
// with 64-bit offsets (Arrow's "large" types). The receiver calls release, in any thread.
void export_schema(const Schema& schema, ArrowSchema* out);
void export_table(const Table& table, ArrowSchema* schema_out, ArrowArray* array_out);
// One batch, or none where the table has no rows.
void export_stream(const Table& table, ArrowArrayStream* out);
// A batch for each table that `next` gives, all of this schema, until it gives none. It is called when the receiver
// asks for a batch, in the receiver's thread; what it throws becomes the stream's error.
void export_batches(const Schema& schema, std::function<std::optional<Table>()> next, ArrowArrayStream* out);

}  // namespace varve
