#include "varve/lake/lake.h"

#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>

#include "varve/base/error.h"

#include "bindings.h"
#include "options.h"
#include "stream.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace varve::python {
namespace {

ReadOptions to_read_options(const nb::kwargs& named) {
  ReadOptions options;
  options.start = to_bound(to_optional<Bound>(named["start"], "start"));
  options.end = to_bound(to_optional<Bound>(named["end"], "end"));
  options.closed = parse_closed(to_option<std::string>(named["closed"], "closed"));
  options.zone = to_option<std::string>(named["zone"], "zone");
  options.columns = to_optional_columns(named["columns"]);
  options.as_of = to_as_of(named["as_of"]);
  options.limit = to_optional<int64_t>(named["limit"], "limit");
  if (const nb::object where = named["where"]; !where.is_none()) options.where = nb::cast<Predicate>(where);
  options.prices = to_option<std::string>(named["prices"], "prices");
  return options;
}

SeriesOptions to_series_options(const nb::kwargs& named) {
  SeriesOptions options;
  options.kind = to_optional<std::string>(named["kind"], "kind");
  options.index = to_optional<std::string>(named["index"], "index");
  options.identity = to_optional_names(named["identity"], "identity");
  options.layout = to_optional<std::string>(named["layout"], "layout");
  options.compression = to_optional<std::string>(named["compression"], "compression");
  options.target_rows_per_file = to_optional<int64_t>(named["target_rows_per_file"], "target_rows_per_file");
  options.prices = to_optional<std::string>(named["prices"], "prices");
  options.price_columns = to_optional_names(named["price_columns"], "price_columns");
  return options;
}

nb::dict to_dict(const Schema& schema) {
  nb::dict types;
  for (const Field& field : schema.fields()) {
    types[field.name.c_str()] = to_string(field.type);
  }
  return types;
}

nb::dict to_dict(const SeriesInfo& info, const nb::dict& columns) {
  nb::dict fields;
  fields["key"] = info.key;
  fields["kind"] = info.kind;
  fields["index"] = info.index;
  fields["identity"] = info.identity;
  fields["layout"] = info.layout;
  fields["compression"] = info.compression;
  fields["target_rows_per_file"] = info.target_rows_per_file;
  fields["prices"] = info.prices;
  nb::dict scales;
  for (const auto& [name, scale] : info.price_scales) {
    scales[name.c_str()] = scale;
  }
  fields["price_scales"] = scales;
  fields["version"] = info.version;
  fields["rows"] = info.rows;
  fields["files"] = info.files;
  fields["bytes"] = info.bytes;
  fields["first"] = to_nanoseconds(info.first);
  fields["last"] = to_nanoseconds(info.last);
  fields["created"] = info.created.nanoseconds;
  fields["updated"] = info.updated.nanoseconds;
  fields["metadata"] = info.metadata;
  fields["schema"] = columns;
  return fields;
}

Duration to_duration(const nb::kwargs& named, const char* name) {
  const auto seconds = to_option<double>(named[name], name);
  if (!(seconds >= 0 && seconds < 1e9)) throw InvalidArgument("{} {}: expected 0 or more", name, seconds);
  return Duration{static_cast<int64_t>(std::llround(seconds * 1e9))};
}

Lake open_lake(nb::handle root, const nb::kwargs& named) {
  const auto path = to_option<std::string>(root, "path");
  const auto threads = to_option<int64_t>(named["threads"], "threads");
  if (threads < 0) {
    throw InvalidArgument("threads {}: expected 0 or more", threads);
  }
  OpenOptions options;
  options.create = to_option<bool>(named["create"], "create");
  options.read_only = to_option<bool>(named["read_only"], "read_only");
  options.lock_timeout = to_duration(named, "lock_timeout_seconds");
  options.publish_delay = to_duration(named, "publish_delay_seconds");
  options.threads = static_cast<size_t>(threads);
  return unlocked([&] { return Lake::open(path, std::move(options)); });
}

// Calls `kMember`, a function of a lake and a text, without the GIL; `name` is what callers know the text by.
template <auto kMember, typename ThisLake>
auto call(ThisLake& lake, nb::handle text, const char* name) {
  const auto whole = to_option<std::string>(text, name);
  return unlocked([&] { return (lake.*kMember)(whole); });
}

template <auto kWrite>
nb::dict write(Lake& lake, nb::handle key, const Table& table, const nb::kwargs& named) {
  const auto to = to_option<std::string>(key, "key");
  const SeriesWriteOptions options = to_write_options(named);
  return to_commit_fields(unlocked([&] { return (lake.*kWrite)(to, table, options); }));
}

void bind_writes(nb::class_<Lake>& lake) {
  lake.def("write", &write<&Lake::write>, "key"_a.none(), "table"_a, "options"_a);
  lake.def("append", &write<&Lake::append>, "key"_a.none(), "table"_a, "options"_a);
  lake.def("upsert", &write<&Lake::upsert>, "key"_a.none(), "table"_a, "options"_a);
}

nb::dict drop_columns(Lake& lake, nb::handle key, nb::handle columns) {
  const auto of = to_option<std::string>(key, "key");
  const std::vector<std::string> names = to_names(columns, "columns");
  return to_commit_fields(unlocked([&] { return lake.drop_columns(of, names); }));
}

nb::dict rename_columns(Lake& lake, nb::handle key, nb::handle columns) {
  const auto of = to_option<std::string>(key, "key");
  std::map<std::string, std::string> names;
  if (!nb::try_cast(columns, names)) {
    refuse_option("columns", columns, "a dict from old names to new ones");
  }
  return to_commit_fields(unlocked([&] { return lake.rename_columns(of, names); }));
}

nb::list schema_history(const Lake& lake, nb::handle key) {
  nb::list history;
  for (const SchemaVersion& one : call<&Lake::schema_history>(lake, key, "key")) {
    nb::dict fields;
    fields["version"] = one.version;
    fields["time"] = one.time.nanoseconds;
    fields["operation"] = one.operation;
    fields["schema"] = to_dict(one.schema);
    history.append(fields);
  }
  return history;
}

nb::dict to_dict(const AdoptedSeries& series) {
  nb::dict fields;
  fields["key"] = series.key;
  fields["kind"] = series.kind;
  fields["index"] = series.index;
  fields["identity"] = series.identity;
  fields["files"] = series.files;
  fields["rows"] = series.rows;
  fields["bytes"] = series.bytes;
  fields["first"] = to_nanoseconds(series.first);
  fields["last"] = to_nanoseconds(series.last);
  fields["originals"] = series.originals;
  return fields;
}

nb::dict adopt(Lake& lake, nb::handle key, const nb::object& progress, const nb::kwargs& named) {
  const auto of = to_option<std::string>(key, "key");
  const AdoptOptions options{.series = to_series_options(named),
                             .dry_run = to_option<bool>(named["dry_run"], "dry_run"),
                             .rewrite = to_option<bool>(named["rewrite"], "rewrite"),
                             .zone = to_option<std::string>(named["zone"], "zone"),
                             .work = to_work(progress)};
  const AdoptReport report = unlocked([&] { return lake.adopt(of, options); });
  nb::list series;
  for (const AdoptedSeries& one : report.series) {
    series.append(to_dict(one));
  }
  nb::list left;
  for (const NotAdopted& one : report.left) {
    left.append(nb::make_tuple(one.key, one.what));
  }
  nb::dict fields;
  fields["commit_id"] = report.commit_id;
  fields["series"] = series;
  fields["left"] = left;
  fields["empty_files"] = report.empty_files;
  return fields;
}

void bind_columns(nb::class_<Lake>& lake) {
  lake.def("adopt", &adopt, "key"_a.none(), "progress"_a.none(), "options"_a);
  lake.def("drop_columns", &drop_columns, "key"_a.none(), "columns"_a.none());
  lake.def("rename_columns", &rename_columns, "key"_a.none(), "columns"_a.none());
  lake.def("schema_history", &schema_history, "key"_a.none());
}

// `head` and `tail`.
template <auto kRead>
Table read_some(const Lake& lake, nb::handle key, nb::handle rows, const nb::kwargs& named) {
  const auto from = to_option<std::string>(key, "key");
  const auto count = to_option<int64_t>(rows, "rows");
  const ReadOptions options = to_read_options(named);
  return unlocked([&] { return (lake.*kRead)(from, count, options); });
}

Stream to_stream(Batches batches) {
  const auto held = std::make_shared<Batches>(std::move(batches));
  return {held->schema(), [held] { return held->next(); }};
}

Stream read_batches(const Lake& lake, nb::handle key, nb::handle batch_rows, const nb::kwargs& named) {
  const auto from = to_option<std::string>(key, "key");
  const auto rows = to_option<int64_t>(batch_rows, "batch_rows");
  const ReadOptions options = to_read_options(named);
  return to_stream(unlocked([&] { return lake.read_batches(from, options, rows); }));
}

Table read_many(const Lake& lake, nb::handle keys, nb::handle pivot, nb::handle key_column, const nb::kwargs& named) {
  const std::vector<std::string> from = to_names(keys, "keys");
  const ReadManyOptions options{.read = to_read_options(named),
                                .pivot = to_optional<std::string>(pivot, "pivot"),
                                .key_column = to_option<std::string>(key_column, "key_column")};
  return unlocked([&] { return lake.read_many(from, options); });
}

Stream replay(const Lake& lake, nb::handle keys, nb::handle batch_rows, nb::handle key_column,
              const nb::kwargs& named) {
  const std::vector<std::string> from = to_names(keys, "keys");
  const ReplayOptions options{.read = to_read_options(named),
                              .batch_rows = to_option<int64_t>(batch_rows, "batch_rows"),
                              .key_column = to_option<std::string>(key_column, "key_column")};
  return to_stream(unlocked([&] { return lake.replay(from, options); }));
}

void bind_reads(nb::class_<Lake>& lake) {
  lake.def(
      "read",
      [](const Lake& self, nb::handle key, const nb::kwargs& named) {
        const auto from = to_option<std::string>(key, "key");
        const ReadOptions options = to_read_options(named);
        return unlocked([&] { return self.read(from, options); });
      },
      "key"_a.none(), "options"_a);
  lake.def("read_batches", &read_batches, "key"_a.none(), "batch_rows"_a.none(), "options"_a);
  lake.def("read_many", &read_many, "keys"_a.none(), "pivot"_a.none(), "key_column"_a.none(), "options"_a);
  lake.def("replay", &replay, "keys"_a.none(), "batch_rows"_a.none(), "key_column"_a.none(), "options"_a);
  lake.def("head", &read_some<&Lake::head>, "key"_a.none(), "rows"_a.none(), "options"_a);
  lake.def("tail", &read_some<&Lake::tail>, "key"_a.none(), "rows"_a.none(), "options"_a);
}

std::optional<std::pair<int64_t, int64_t>> time_range(const Lake& lake, nb::handle key) {
  const auto range = call<&Lake::time_range>(lake, key, "key");
  return range ? std::optional(std::pair(range->first.nanoseconds, range->second.nanoseconds)) : std::nullopt;
}

// Most series of a lake have one schema: those that follow each other with the same get copies of its dict.
nb::list info_all(const Lake& lake, nb::handle prefix) {
  nb::list all;
  const Schema* last = nullptr;
  nb::dict columns;
  const std::vector<SeriesInfo> infos = call<&Lake::info_all>(lake, prefix, "prefix");
  for (const SeriesInfo& info : infos) {
    if (last == nullptr || *last != info.schema) {
      last = &info.schema;
      columns = to_dict(info.schema);
    }
    all.append(to_dict(info, nb::steal<nb::dict>(PyDict_Copy(columns.ptr()))));
  }
  return all;
}

void bind_questions(nb::class_<Lake>& lake) {
  lake.def(
      "exists", [](const Lake& self, nb::handle key) { return call<&Lake::exists>(self, key, "key"); }, "key"_a.none());
  lake.def(
      "list_keys", [](const Lake& self, nb::handle prefix) { return call<&Lake::list_keys>(self, prefix, "prefix"); },
      "prefix"_a.none());
  lake.def("time_range", &time_range, "key"_a.none());
  lake.def(
      "info",
      [](const Lake& self, nb::handle key) {
        const SeriesInfo info = call<&Lake::info>(self, key, "key");
        return to_dict(info, to_dict(info.schema));
      },
      "key"_a.none());
  lake.def("info_all", &info_all, "prefix"_a.none());
}

// Of (name, sha256, again).
Source to_source(nb::handle source) {
  return {.name = to_option<std::string>(source[0], "source"),
          .sha256 = to_option<std::string>(source[1], "source"),
          .again = to_option<bool>(source[2], "source")};
}

}  // namespace

SeriesWriteOptions to_write_options(const nb::kwargs& named) {
  SeriesWriteOptions options;
  options.series = to_series_options(named);
  options.zone = to_option<std::string>(named["zone"], "zone");
  const auto on_conflict = to_option<std::string>(named["on_conflict"], "on_conflict");
  if (on_conflict != "error" && on_conflict != "ignore") {
    throw InvalidArgument("on_conflict {}: expected error or ignore", on_conflict);
  }
  options.on_conflict = on_conflict == "ignore" ? AppendConflict::kIgnore : AppendConflict::kError;
  if (const nb::object coverage = named["coverage"]; !coverage.is_none()) {
    options.coverage = to_coverage_change(coverage, options.zone);
  }
  if (const nb::object source = named["source"]; !source.is_none()) options.source = to_source(source);
  options.metadata = to_optional<std::string>(named["metadata"], "metadata");
  options.expects_version = to_optional<int64_t>(named["expects_version"], "expects_version");
  options.published = to_option<bool>(named["published"], "published");
  options.redefine = to_option<bool>(named["redefine"], "redefine");
  return options;
}

nb::dict to_commit_fields(const Commit& commit) {
  nb::dict fields;
  fields["id"] = commit.id;
  fields["key"] = commit.key;
  fields["version"] = commit.version;
  fields["rows_added"] = commit.rows_added;
  fields["rows_replaced"] = commit.rows_replaced;
  fields["rows_unchanged"] = commit.rows_unchanged;
  fields["rows_ignored"] = commit.rows_ignored;
  fields["rows_removed"] = commit.rows_removed;
  fields["source_seen"] = commit.source_seen;
  fields["published"] = commit.published;
  return fields;
}

std::optional<TimeBound> to_bound(const std::optional<Bound>& bound) {
  if (!bound) {
    return std::nullopt;
  }
  if (const auto* nanoseconds = std::get_if<int64_t>(&*bound)) {
    return TimeBound(Timestamp{*nanoseconds});
  }
  return TimeBound(std::get<std::string>(*bound));
}

void bind_lake(nb::module_& module) {
  nb::class_<Lake> lake(module, "Lake");
  lake.def("close", &Lake::close, nb::call_guard<nb::gil_scoped_release>());
  lake.def("root", [](const Lake& self) { return self.root(); });
  lake.def("read_only", &Lake::read_only);
  lake.def("in_place", &Lake::in_place);
  bind_writes(lake);
  bind_columns(lake);
  bind_reads(lake);
  bind_questions(lake);
  bind_coverage(lake);
  bind_history(module, lake);
  bind_ranges(lake);
  bind_registry(lake);
  bind_maintenance(module, lake);
  module.def("open_lake", &open_lake);
}

}  // namespace varve::python
