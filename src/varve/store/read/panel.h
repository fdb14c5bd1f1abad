// Reads many series as one table: one under the other, or one column a series.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "varve/store/engine.h"
#include "varve/store/read/series_view.h"
#include "varve/table/table.h"

namespace varve::store {

struct PanelSelection {
  Selection each;                    // of each series; a column may be missing from some, where it is null
  std::string key_column = "key";    // long: the name of the column of keys, a dictionary; it comes first
  std::optional<std::string> pivot;  // wide: the column whose values each series gives; `each.columns` is not looked at
};

// The rows of series, all as they were at one moment: no commit lies between two of them. Long, they come in the order
// of keys, then of rows, under the united schema. Wide, there is a column for each key, beside the index, in order of
// which the rows are: a row for each value of it that any series has, null where a series does not have it. Throws as
// read_series, InvalidArgument for a key given twice, for a key or column whose name is taken, for series whose indexes
// have other names (wide), and for two rows of a series with one index value, naming both (wide); SchemaCompatibility
// for types that do not go together.
Table read_panel(Engine& engine, std::span<const std::string> keys, const PanelSelection& selection);

// Throws InvalidArgument for series without index, or whose indexes have other names.
void check_one_index(std::span<const SeriesView> views);
// Throws InvalidArgument for a key that is given twice.
void check_keys(std::span<const std::string> keys);

// The schema of all these, in which each column may be null. Throws SchemaCompatibility, naming the key.
Schema unite_schemas(std::span<const SeriesView> views);

// A column of keys, numbered as in `keys`: the `rows` first rows have the first one, and so on.
class KeyColumn {
 public:
  // Throws InvalidArgument if `schema` has a column of that name.
  KeyColumn(std::span<const std::string> keys, std::string name, const Schema& schema);

  [[nodiscard]] const Schema& schema() const noexcept { return schema_; }  // with the column, which comes first
  struct Run {
    size_t key = 0;
    int64_t rows = 0;
  };
  [[nodiscard]] Table add_to(const Table& table, std::span<const Run> runs) const;

 private:
  std::shared_ptr<const Column> dictionary_;
  Schema schema_;
};

}  // namespace varve::store
