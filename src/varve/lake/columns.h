// What the columns of a series have been.
#pragma once

#include <cstdint>
#include <string>

#include "varve/base/time.h"
#include "varve/table/schema.h"

namespace varve {

// The columns of a series from one of its versions on, and what brought them. The history is kept when old versions are
// forgotten.
struct SchemaVersion {
  int64_t version = 0;    // the first one with these columns
  Timestamp time;         // of its commit
  std::string operation;  // "write", "append", "upsert", "drop_columns", "rename_columns", "transaction", …
  Schema schema;
};

}  // namespace varve
