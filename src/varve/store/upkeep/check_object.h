// Reads one data file whole, in little memory, and says what is wrong with it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "varve/store/engine.h"
#include "varve/store/upkeep/progress.h"
#include "varve/table/sort.h"
#include "varve/table/table.h"

namespace varve::store {

// What is expected of the files of a series.
struct SeriesRules {
  std::string key;
  catalog::SeriesDefinition definition;
  Schema schema;  // that its rows are brought to
  // The file is an old one, and the series may have been made anew since: what the file says of its definition holds.
  bool as_written = false;

  [[nodiscard]] bool timed() const { return !definition.index.empty(); }
  [[nodiscard]] bool ordered() const { return timed() || definition.has_identity; }
};

struct ObjectCheck {
  std::vector<std::string> problems;
  int64_t rows = 0;                 // that could be read
  std::optional<int64_t> modified;  // the time of an adopted file, before it was read
  // The first and last of them, if all could be.
  std::optional<Table> first_row;
  std::optional<Table> last_row;
};

// Size, SHA-256, page CRCs, number of rows, their order, range, identity and place. Rows are read some at a time.
// Throws Cancelled; all else that is wrong is a problem.
ObjectCheck check_object(Engine& engine, const catalog::ObjectRow& object, const SeriesRules& rules, Meter& meter);

// What is wrong between a row and the one after it: in one file, or the last of a file and the first of the next.
std::vector<std::string> check_border(const Table& last_row, const Table& first_row, const SeriesRules& rules,
                                      bool within_file);

}  // namespace varve::store
