// How a series is cut into files, and where in the visible tree these lie.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "varve/base/time.h"
#include "varve/catalog/catalog.h"
#include "varve/catalog/path_template.h"
#include "varve/store/partition.h"
#include "varve/table/index.h"

namespace varve::store {

// An object's name says where it is visible:
// - `20240101T100000-20240101T235959.parquet`, `2024/01/20240101T…`: below the key's directory;
// - `/raw/EUR_USD/2024/data.parquet`: below the root, where a path template said so. The file there is another one with
//   each change, so that all but the first have `?<number>` after it.
// A place is what is published in one step: a directory, "" or "2024/01" below the key's, with all of the series' files
// in it; or one file by a template, "/raw/EUR_USD/2024/data.parquet".
std::string place_of(std::string_view name);
// Of a name or a place.
bool is_by_template(std::string_view name);
// Relative to the root.
std::string visible_path(std::string_view key, std::string_view name);
// All names of one file by a template lie in [place, end_of_names(place)).
std::string end_of_names(std::string_view place);
// Those bounds where `name` is by a template, else none: other layouts give each object a file of its own.
std::pair<std::string, std::string> names_of_file(std::string_view name);

// A value: the word or text in a series' definition.
class Layout {
 public:
  // `range`: files in the key's directory, cut by rows alone. `month` and `day`: in directories of their month or day
  // below it, `2024/01` or `2024/01/05`, so that `<key>/*/*/*.parquet` (one level more for days) is the series. Else
  // the text of a path template: one file a period. Periods are those of UTC. Throws InvalidArgument.
  static Layout parse(std::string_view text);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] bool one_file_a_period() const noexcept { return template_.has_value(); }
  [[nodiscard]] catalog::Period period() const noexcept { return period_; }
  // The first day of the period that holds the moment.
  [[nodiscard]] Date period_of(Timestamp at) const { return catalog::first_day(period_, to_date(at)); }

  // Throws InvalidArgument where a series of this key cannot have the layout: an untimed one that is to be cut by time,
  // a key that the template does not fit.
  void check(std::string_view key, bool timed) const;

  // Cuts rows as cut_rows does, and so that no piece holds rows of two periods; a template's pieces are whole periods.
  [[nodiscard]] std::vector<table::RowRange> cut(int64_t rows, std::span<const int64_t> index,
                                                 int64_t target_rows) const;
  // The place of a file whose rows begin at `first`.
  [[nodiscard]] std::string place(std::string_view key, Timestamp first) const;
  // Which key and period the file at a path below the root is of, by a path template; nothing for any other path.
  [[nodiscard]] std::optional<catalog::PathTemplate::Place> match(std::string_view path) const;
  // How many directories there are between that of the key and a file, and whether one of them, counted from 0, may
  // have this name. None by a template.
  [[nodiscard]] size_t depth() const noexcept;
  [[nodiscard]] bool has_directory(std::string_view name, size_t depth) const noexcept;
  // The name of a new object. Where `taken` says that a name is, it gets a number, counting on from `version`.
  [[nodiscard]] std::string name_file(std::string_view key, const FileRange& range, int64_t version,
                                      const std::function<bool(const std::string&)>& taken) const;

 private:
  std::string text_;
  catalog::Period period_ = catalog::Period::kAll;
  std::optional<catalog::PathTemplate> template_;
};

// What a commit does to the keys of a lake.
struct KeyChanges {
  std::map<std::string, Layout, std::less<>> coming;  // keys that have no series now
  std::set<std::string, std::less<>> going;           // keys that will have none
};

// Where the directories of a series by month or day are, no other key may be: throws InvalidArgument if a key that
// comes would lie below such a series, or is one and has keys below.
void check_neighbours(catalog::Catalog& catalog, const KeyChanges& changes);

}  // namespace varve::store
