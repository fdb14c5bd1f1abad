// What a write does to the files of a series, worked out before anything is written.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "varve/base/thread_pool.h"
#include "varve/catalog/catalog.h"
#include "varve/table/sort.h"
#include "varve/table/table.h"

namespace varve::store {

enum class WriteMode {
  kReplaceSeries,  // the rows become the whole series
  kAppend,         // AlreadyExists where a row with the same identity is there
  kAppendMissing,  // such rows are left out
  kUpsert,         // such rows take the place of the old ones; InvalidArgument for a series without identity
  kReplaceRange,   // the rows become the content of a range of time; InvalidArgument for one outside it
};

// Rows on their way into a series.
struct RowChange {
  Table rows;
  WriteMode mode = WriteMode::kAppend;
  bool anew = false;     // of kReplaceSeries: also if the rows are those that are there
  Timestamp first = {};  // of kReplaceRange: the range, both ends inside; first > last is an empty one
  Timestamp last = {};
};

struct RowCounts {
  int64_t added = 0;
  int64_t replaced = 0;
  int64_t unchanged = 0;
  int64_t ignored = 0;
  int64_t removed = 0;
};

// A series as a plan finds it. New ones have no objects and the schema of the rows to come.
struct SeriesFiles {
  catalog::SeriesDefinition definition;
  bool exists = false;
  Schema schema;
  std::vector<catalog::ObjectRow> objects;  // live ones, in order of time
};

// One file to be written.
struct PlannedFile {
  Table rows = {};  // in order
  // If set, gives the rows of old files, which the new one must hold unchanged.
  std::function<Table()> merge = {};
  // If set, hands on the rows piece by piece.
  std::function<void(const std::function<void(const Table& rows)>& take)> rewrite = {};
  Timestamp first = {};  // of the index, both inside; both 0 if untimed
  Timestamp last = {};
};

struct Plan {
  Schema schema;  // of the series afterwards
  std::vector<PlannedFile> added;
  std::vector<std::string> removed;  // ids of objects
  RowCounts counts;
  bool changes = false;  // else the series stays as it is
};

// What making a plan may use.
struct PlanTools {
  // Gives all rows of an object under the schema it was written with.
  std::function<Table(const catalog::ObjectRow&)> read_object;
  base::ThreadPool* pool = nullptr;
};

// Touches only files that new rows fall into, and small ones before new rows: where rows that lie in no file come after
// two files of their size (in powers of three) or smaller, they become one file together, and so on. So each row is
// rewritten a number of times that is the logarithm of the series' length, and there are about twice that many files
// besides full ones. No file holds rows of two periods of the layout, and where the layout is a path template a period
// has one file, whatever its size.
// A range is replaced in the files that lie in it or reach into it; what reaches out stays, rewritten. Whether rows of
// it were there before is counted by identity; without one, all old rows of the range are removed and the new added.
// Throws SchemaCompatibility, InvalidArgument (no index column, a null in it, upsert without identity, a range of an
// untimed series, rows outside the range), AlreadyExists.
Plan plan_write(const SeriesFiles& series, const RowChange& change, const PlanTools& tools);

// The columns of a series that is made of rows with these.
Schema series_schema(const Schema& rows);

// By what rows of a series are ordered and, if it has an identity, told apart.
table::RowOrder order_of(const catalog::SeriesDefinition& definition);

}  // namespace varve::store
