#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>

#include "varve/base/error.h"
#include "varve/lake/lake.h"

#include "bindings.h"
#include "options.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace varve::python {
namespace {

SeriesRange to_range(const nb::kwargs& named) {
  SeriesRange range;
  range.start = to_bound(to_optional<Bound>(named["start"], "start"));
  range.end = to_bound(to_optional<Bound>(named["end"], "end"));
  range.closed = parse_closed(to_option<std::string>(named["closed"], "closed"));
  range.zone = to_option<std::string>(named["zone"], "zone");
  return range;
}

nb::dict replace(Lake& lake, nb::handle key, const Table& table, const nb::kwargs& named) {
  const auto to = to_option<std::string>(key, "key");
  const SeriesRange range = to_range(named);
  const SeriesWriteOptions options = to_write_options(named);
  return to_commit_fields(unlocked([&] { return lake.replace(to, table, range, options); }));
}

// `dry_run` is not said where it cannot be.
ChangeOptions to_change_options(const nb::kwargs& named) {
  ChangeOptions options;
  options.expects_version = to_optional<int64_t>(named["expects_version"], "expects_version");
  if (named.contains("dry_run")) options.dry_run = to_option<bool>(named["dry_run"], "dry_run");
  return options;
}

// Nanoseconds of an age, or else a bound.
RowAge to_row_age(const nb::kwargs& named) {
  const auto age = to_optional<int64_t>(named["age"], "rows_newer_than");
  if (age) return Duration{*age};
  const auto since = to_option<Bound>(named["since"], "rows_newer_than");
  if (const auto* const text = std::get_if<std::string>(&since)) {
    return {*text, to_option<std::string>(named["zone"], "zone")};
  }
  return Timestamp{std::get<int64_t>(since)};
}

nb::dict remove(Lake& lake, nb::handle key, const nb::kwargs& named) {
  const auto of = to_option<std::string>(key, "key");
  const ChangeOptions options = to_change_options(named);
  return to_commit_fields(unlocked([&] { return lake.remove(of, options); }));
}

nb::dict remove_range(Lake& lake, nb::handle key, const nb::kwargs& named) {
  const auto of = to_option<std::string>(key, "key");
  const SeriesRange range = to_range(named);
  const ChangeOptions options = to_change_options(named);
  return to_commit_fields(unlocked([&] { return lake.remove_range(of, range, options); }));
}

nb::list retain_many(Lake& lake, nb::handle keys, const nb::kwargs& named) {
  const std::vector<std::string> of = to_names(keys, "keys");
  const RowAge newer_than = to_row_age(named);
  const ChangeOptions options = to_change_options(named);
  nb::list commits;
  for (const Commit& commit : unlocked([&] { return lake.retain_many(of, newer_than, options); })) {
    commits.append(to_commit_fields(commit));
  }
  return commits;
}

nb::dict rename(Lake& lake, nb::handle key, nb::handle new_key) {
  const auto from = to_option<std::string>(key, "key");
  const auto to = to_option<std::string>(new_key, "new_key");
  return to_commit_fields(unlocked([&] { return lake.rename(from, to); }));
}

nb::dict compact(Lake& lake, nb::handle key, nb::handle target_rows, const nb::object& progress) {
  const auto of = to_option<std::string>(key, "key");
  const auto rows = to_option<int64_t>(target_rows, "target_rows");
  const WorkOptions options = to_work(progress);
  return to_commit_fields(unlocked([&] { return lake.compact(of, rows, options); }));
}

void replace_in(Transaction& transaction, nb::handle key, const Table& table, const nb::kwargs& named) {
  transaction.replace(to_option<std::string>(key, "key"), table, to_range(named), to_write_options(named));
}

void remove_in(Transaction& transaction, nb::handle key, const nb::kwargs& named) {
  transaction.remove(to_option<std::string>(key, "key"), to_change_options(named));
}

void remove_range_in(Transaction& transaction, nb::handle key, const nb::kwargs& named) {
  transaction.remove_range(to_option<std::string>(key, "key"), to_range(named), to_change_options(named));
}

void retain_in(Transaction& transaction, nb::handle key, const nb::kwargs& named) {
  transaction.retain(to_option<std::string>(key, "key"), to_row_age(named), to_change_options(named));
}

}  // namespace

void bind_ranges(nb::class_<Lake>& lake) {
  lake.def("replace", &replace, "key"_a.none(), "table"_a, "options"_a);
  lake.def("remove", &remove, "key"_a.none(), "options"_a);
  lake.def("remove_range", &remove_range, "key"_a.none(), "options"_a);
  lake.def("retain_many", &retain_many, "keys"_a.none(), "options"_a);
  lake.def("rename", &rename, "key"_a.none(), "new_key"_a.none());
  lake.def("compact", &compact, "key"_a.none(), "target_rows"_a.none(), "progress"_a.none());
}

void bind_ranges(nb::class_<Transaction>& transaction) {
  transaction.def("replace", &replace_in, "key"_a.none(), "table"_a, "options"_a);
  transaction.def("remove", &remove_in, "key"_a.none(), "options"_a);
  transaction.def("remove_range", &remove_range_in, "key"_a.none(), "options"_a);
  transaction.def("retain", &retain_in, "key"_a.none(), "options"_a);
}

}  // namespace varve::python
