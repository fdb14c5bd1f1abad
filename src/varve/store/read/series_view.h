// One version of a series as a selection shows it: which rows of which files, under which schema.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "varve/parquet/joint_read.h"
#include "varve/store/engine.h"
#include "varve/store/series_reader.h"
#include "varve/table/table.h"

namespace varve::store {

// The states that a selection means of these series, all in one read of the catalog, with their objects in the order of
// rows. Throws NotFound for a series or version that is not there, InvalidArgument for a range of an untimed series.
std::vector<catalog::Catalog::State> find_states(Engine& engine, std::span<const std::string> keys,
                                                 const Selection& selection);

// Safe to read from several threads. The engine must outlive it.
class SeriesView {
 public:
  // Throws NotFound for a column that is not there, InvalidArgument for a condition whose values cannot be compared
  // with their columns.
  SeriesView(Engine& engine, catalog::Catalog::State state, Selection selection);

  [[nodiscard]] const std::string& key() const noexcept { return state_.series.key; }
  [[nodiscard]] const std::string& index() const noexcept { return state_.series.definition.index; }
  [[nodiscard]] const catalog::Catalog::State& state() const noexcept { return state_; }
  [[nodiscard]] const Selection& selection() const noexcept { return selection_; }
  [[nodiscard]] const Schema& schema() const noexcept { return schema_; }  // of the rows

  // All rows of the selection. This and what follows throw NotFound for a file that is gone, Corruption naming the
  // visible file.
  [[nodiscard]] Table read() const;

  // Files that may hold rows of the selection, in the order of rows, and the rows that are in each.
  [[nodiscard]] size_t num_files() const noexcept { return nothing_ ? 0 : state_.objects.size(); }
  [[nodiscard]] int64_t rows_of_file(size_t file) const noexcept { return state_.objects[file].rows; }
  // Of the rows [first, first + count) of one file those of the selection, however many rows that asks for.
  [[nodiscard]] Table read_rows(size_t file, int64_t first, int64_t count) const;

  // For reading files of several views at once. Files whose columns are those of the view, whole and as they are, fit.
  [[nodiscard]] std::optional<parquet::FilePart> part(size_t file) const;  // nothing for a file that does not fit
  [[nodiscard]] parquet::ReadOptions part_options() const;

 private:
  // A file and what it takes to read it.
  struct Source {
    std::shared_ptr<const parquet::Reader> reader;
    bool fits = false;
  };

  void select_columns();
  [[nodiscard]] Schema schema_with_decimals() const;
  [[nodiscard]] const Schema& read_schema() const noexcept { return selection_.where ? where_schema_ : schema_; }
  [[nodiscard]] Source open(const catalog::ObjectRow& object) const;
  [[nodiscard]] bool fits(const Schema& file) const;
  [[nodiscard]] Table read_all() const;
  [[nodiscard]] Table read_some(int64_t rows_left) const;
  void read_some_of(size_t file, int64_t& rows_left, std::vector<Table>& pieces) const;
  [[nodiscard]] Table read_files(size_t first, size_t end) const;
  [[nodiscard]] Table read_opened(const Source& opened, const catalog::ObjectRow& object, int64_t first,
                                  int64_t count) const;
  [[nodiscard]] Table choose(const Table& rows, const catalog::ObjectRow& object) const;
  [[nodiscard]] Table conform(const Table& rows, const Schema& schema, const catalog::ObjectRow& object) const;
  [[nodiscard]] std::vector<std::string> columns_in(const Schema& file) const;
  [[nodiscard]] std::optional<parquet::IndexRange> range() const;
  [[nodiscard]] bool cuts(const catalog::ObjectRow& object) const;

  Engine* engine_;
  catalog::Catalog::State state_;
  Selection selection_;
  Schema schema_;
  Schema where_schema_;  // with the columns of the condition, if there is one
  std::vector<std::string> names_;
  bool nothing_ = false;  // no row can be of the selection
};

// These columns, in the order named. Throws NotFound.
Schema with_columns(const Schema& schema, const std::vector<std::string>& names);

// Files that may be open at once; those in memory do not count.
inline constexpr size_t kFilesAtOnce = 256;

}  // namespace varve::store
