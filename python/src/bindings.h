// The parts of the Python extension, each bound by one function.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>

#include <nanobind/nanobind.h>

#include "varve/base/interruption.h"
#include "varve/lake/lake.h"
#include "varve/lake/options.h"
#include "varve/table/table.h"

namespace varve::python {

void bind_errors(nanobind::module_& module);
void bind_table(nanobind::module_& module);
void bind_lake(nanobind::module_& module);
void bind_coverage(nanobind::class_<Lake>& lake);                            // and user metadata
void bind_history(nanobind::module_& module, nanobind::class_<Lake>& lake);  // and transactions
void bind_ranges(nanobind::class_<Lake>& lake);                              // replaced and deleted, and keys and files
void bind_ranges(nanobind::class_<Transaction>& transaction);
void bind_registry(nanobind::class_<Lake>& lake);
void bind_maintenance(nanobind::module_& module, nanobind::class_<Lake>& lake);
void bind_predicate(nanobind::module_& module);
void bind_stream(nanobind::module_& module);
void bind_parquet_file(nanobind::module_& module);

// One end of a range as Python hands it over: nanoseconds UTC, or ISO 8601 text (times, days).
using Bound = std::variant<int64_t, std::string>;
std::optional<TimeBound> to_bound(const std::optional<Bound>& bound);

// What the package hands over for a state of a series: a version, a snapshot's name, an AsOf for a time, or None.
// Throws InvalidArgument. The GIL must be held.
std::optional<AsOf> to_as_of(nanobind::handle as_of, const char* name = "as_of");

// Options of a write as the package hands them over, all of them; and what came of it. The GIL must be held.
SeriesWriteOptions to_write_options(const nanobind::kwargs& named);
nanobind::dict to_commit_fields(const Commit& commit);

inline std::optional<int64_t> to_nanoseconds(const std::optional<Timestamp>& at) {
  return at ? std::optional(at->nanoseconds) : std::nullopt;
}

// Without the GIL, for work that takes long. In the main thread Python's signals are looked at now and then, and what a
// handler raises, such as KeyboardInterrupt, ends the work.
class Unlocked {
 public:
  Unlocked();

 private:
  nanobind::gil_scoped_release released_;
  std::optional<base::Interruption> interruption_;
};

// Runs `work` so and gives back what it returns.
template <typename Work>
auto unlocked(const Work& work) {
  const Unlocked without_gil;
  return work();
}

// What the package hands over for a CoverageChange: a dict of lists of pairs of bounds. The GIL must be held.
CoverageChange to_coverage_change(nanobind::handle change, const std::string& zone);

// The table behind an object that offers `__arrow_c_stream__` or `__arrow_c_array__`. One that offers a single column
// (a series, an array) becomes a table of that column. Throws InvalidArgument if it offers neither.
// The GIL must be held.
Table import_arrow(nanobind::handle object);

// A capsule named "arrow_array_stream" (or "arrow_schema") that owns what it points to until somebody takes it over.
nanobind::capsule export_arrow_stream(const Table& table);
nanobind::capsule export_arrow_schema(const Schema& schema);
// A stream of the tables that `next` gives, which is called without the GIL or with it.
nanobind::capsule export_arrow_batches(const Schema& schema, std::function<std::optional<Table>()> next);

}  // namespace varve::python
