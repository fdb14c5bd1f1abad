// Reads the rows of one version of a series from its objects.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "varve/parquet/reader.h"
#include "varve/store/engine.h"
#include "varve/table/table.h"

namespace varve::store {

// Which rows and columns.
struct Selection {
  catalog::VersionWanted version = int64_t{0};  // the newest
  Timestamp first = Timestamp::min();           // index values, both inside; first > last selects nothing
  Timestamp last = Timestamp::max();
  bool within_range = false;  // false: first and last are not looked at, and the series may be untimed
  std::optional<std::vector<std::string>> columns;  // all if absent
  std::optional<Predicate> where;                   // its columns need not be among `columns`
  std::optional<int64_t> rows_max;
  bool from_end = false;        // rows_max keeps the last rows, not the first
  bool decimal_prices = false;  // prices that files keep as decimals are given as such; `where` means floats
};

// The rows, in order, under the schema of that version. Reads only files that the range touches and, for rows_max, only
// as many as it takes. Throws NotFound for a series, version or column that is not there, InvalidArgument for a range
// of an untimed series, Corruption naming the visible file.
Table read_series(Engine& engine, std::string_view key, const Selection& selection);

// A version with its objects. Throws NotFound.
catalog::Catalog::State find_version(Engine& engine, std::string_view key, const catalog::VersionWanted& version);

// An object, open: the one that is open already if its file is as it was then. Its size is what the catalog says. `key`
// is for messages, which name the visible file. Throws NotFound if it is gone, Corruption.
std::shared_ptr<const parquet::Reader> open_object(Engine& engine, std::string_view key,
                                                   const catalog::ObjectRow& object);

// The bytes of an object: its file, or what the catalog has of it until there is one. Throws NotFound.
std::unique_ptr<base::File> open_object_bytes(Engine& engine, const catalog::ObjectRow& object);

// All rows of an object that must be there, under the schema it was written with. Throws Corruption.
Table read_object(Engine& engine, std::string_view key, const catalog::ObjectRow& object);

// The same, a row group at a time, in order, so that no more than one is in memory.
void read_groups(Engine& engine, std::string_view key, const catalog::ObjectRow& object,
                 const std::function<void(const Table& rows)>& take);

// How a file of a series is called in messages and reports: relative to the root, as the visible tree has it.
std::string visible_name(std::string_view key, const catalog::ObjectRow& object);

// In the order of rows: by time; those of an untimed series as they were written.
void sort_objects(std::vector<catalog::ObjectRow>& objects, const catalog::SeriesDefinition& definition);

}  // namespace varve::store
