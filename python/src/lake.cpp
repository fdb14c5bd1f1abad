#include "varve/lake/lake.h"

#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>

#include "varve/base/error.h"

#include "bindings.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace varve::python {
namespace {

ReadOptions to_read_options(const nb::kwargs& named) {
  ReadOptions options;
  options.start = to_bound(nb::cast<std::optional<Bound>>(named["start"]));
  options.end = to_bound(nb::cast<std::optional<Bound>>(named["end"]));
  options.closed = parse_closed(nb::cast<std::string>(named["closed"]));
  options.zone = nb::cast<std::string>(named["zone"]);
  options.columns = nb::cast<std::optional<std::vector<std::string>>>(named["columns"]);
  options.as_of = nb::cast<std::optional<int64_t>>(named["as_of"]);
  options.limit = nb::cast<std::optional<int64_t>>(named["limit"]);
  return options;
}

SeriesWriteOptions to_write_options(const nb::kwargs& named) {
  SeriesWriteOptions options;
  options.series.kind = nb::cast<std::optional<std::string>>(named["kind"]);
  options.series.index = nb::cast<std::optional<std::string>>(named["index"]);
  options.series.identity = nb::cast<std::optional<std::vector<std::string>>>(named["identity"]);
  options.series.compression = nb::cast<std::optional<std::string>>(named["compression"]);
  options.series.target_rows_per_file = nb::cast<std::optional<int64_t>>(named["target_rows_per_file"]);
  const auto on_conflict = nb::cast<std::string>(named["on_conflict"]);
  if (on_conflict != "error" && on_conflict != "ignore") {
    throw InvalidArgument("on_conflict {}: expected error or ignore", on_conflict);
  }
  options.on_conflict = on_conflict == "ignore" ? AppendConflict::kIgnore : AppendConflict::kError;
  return options;
}

nb::dict to_dict(const Commit& commit) {
  nb::dict fields;
  fields["id"] = commit.id;
  fields["key"] = commit.key;
  fields["version"] = commit.version;
  fields["rows_added"] = commit.rows_added;
  fields["rows_replaced"] = commit.rows_replaced;
  fields["rows_unchanged"] = commit.rows_unchanged;
  fields["rows_ignored"] = commit.rows_ignored;
  fields["rows_removed"] = commit.rows_removed;
  fields["published"] = commit.published;
  return fields;
}

std::optional<int64_t> nanoseconds(const std::optional<Timestamp>& at) {
  return at ? std::optional(at->nanoseconds) : std::nullopt;
}

nb::dict to_dict(const SeriesInfo& info) {
  nb::dict fields;
  fields["key"] = info.key;
  fields["kind"] = info.kind;
  fields["index"] = info.index;
  fields["identity"] = info.identity;
  fields["layout"] = info.layout;
  fields["compression"] = info.compression;
  fields["target_rows_per_file"] = info.target_rows_per_file;
  fields["version"] = info.version;
  fields["rows"] = info.rows;
  fields["files"] = info.files;
  fields["bytes"] = info.bytes;
  fields["first"] = nanoseconds(info.first);
  fields["last"] = nanoseconds(info.last);
  fields["created"] = info.created.nanoseconds;
  fields["updated"] = info.updated.nanoseconds;
  nb::dict schema;
  for (const Field& field : info.schema.fields()) {
    schema[field.name.c_str()] = to_string(field.type);
  }
  fields["schema"] = schema;
  return fields;
}

nb::dict to_dict(const VerifyReport& report) {
  nb::list findings;
  for (const VerifyFinding& finding : report.findings) {
    findings.append(nb::make_tuple(finding.key, finding.file, finding.what));
  }
  nb::dict fields;
  fields["keys"] = report.keys;
  fields["files"] = report.files;
  fields["rows"] = report.rows;
  fields["bytes"] = report.bytes;
  fields["findings"] = findings;
  return fields;
}

// Runs `work` without the GIL and gives back what it returns.
template <typename Work>
auto unlocked(const Work& work) {
  const nb::gil_scoped_release released;
  return work();
}

Lake open_lake(const std::string& root, bool create, bool read_only, double lock_timeout_seconds, size_t threads) {
  if (!(lock_timeout_seconds >= 0 && lock_timeout_seconds < 1e9)) {
    throw InvalidArgument("lock_timeout_seconds {}: expected 0 or more", lock_timeout_seconds);
  }
  OpenOptions options;
  options.create = create;
  options.read_only = read_only;
  options.lock_timeout = Duration{static_cast<int64_t>(std::llround(lock_timeout_seconds * 1e9))};
  options.threads = threads;
  return unlocked([&] { return Lake::open(root, std::move(options)); });
}

void bind_writes(nb::class_<Lake>& lake) {
  lake.def("write", [](Lake& self, const std::string& key, const Table& table, const nb::kwargs& named) {
    const SeriesWriteOptions options = to_write_options(named);
    return to_dict(unlocked([&] { return self.write(key, table, options); }));
  });
  lake.def("append", [](Lake& self, const std::string& key, const Table& table, const nb::kwargs& named) {
    const SeriesWriteOptions options = to_write_options(named);
    return to_dict(unlocked([&] { return self.append(key, table, options); }));
  });
  lake.def("upsert", [](Lake& self, const std::string& key, const Table& table, const nb::kwargs& named) {
    const SeriesWriteOptions options = to_write_options(named);
    return to_dict(unlocked([&] { return self.upsert(key, table, options); }));
  });
  lake.def("remove",
           [](Lake& self, const std::string& key) { return to_dict(unlocked([&] { return self.remove(key); })); });
}

void bind_reads(nb::class_<Lake>& lake) {
  lake.def("read", [](const Lake& self, const std::string& key, const nb::kwargs& named) {
    const ReadOptions options = to_read_options(named);
    return unlocked([&] { return self.read(key, options); });
  });
  lake.def("head", [](const Lake& self, const std::string& key, int64_t rows, const nb::kwargs& named) {
    const ReadOptions options = to_read_options(named);
    return unlocked([&] { return self.head(key, rows, options); });
  });
  lake.def("tail", [](const Lake& self, const std::string& key, int64_t rows, const nb::kwargs& named) {
    const ReadOptions options = to_read_options(named);
    return unlocked([&] { return self.tail(key, rows, options); });
  });
}

void bind_questions(nb::class_<Lake>& lake) {
  lake.def(
      "exists", [](const Lake& self, const std::string& key) { return self.exists(key); },
      nb::call_guard<nb::gil_scoped_release>());
  lake.def(
      "list_keys", [](const Lake& self, const std::string& prefix) { return self.list_keys(prefix); },
      nb::call_guard<nb::gil_scoped_release>());
  lake.def("time_range", [](const Lake& self, const std::string& key) -> std::optional<std::pair<int64_t, int64_t>> {
    const auto range = unlocked([&] { return self.time_range(key); });
    return range ? std::optional(std::pair(range->first.nanoseconds, range->second.nanoseconds)) : std::nullopt;
  });
  lake.def("info",
           [](const Lake& self, const std::string& key) { return to_dict(unlocked([&] { return self.info(key); })); });
  lake.def("info_all", [](const Lake& self, const std::string& prefix) {
    nb::list all;
    for (const SeriesInfo& info : unlocked([&] { return self.info_all(prefix); })) {
      all.append(to_dict(info));
    }
    return all;
  });
  lake.def(
      "files", [](const Lake& self, const std::string& key) { return self.files(key); },
      nb::call_guard<nb::gil_scoped_release>());
  lake.def("verify", [](const Lake& self, const std::string& key) {
    return to_dict(unlocked([&] { return self.verify(key); }));
  });
}

}  // namespace

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
  bind_writes(lake);
  bind_reads(lake);
  bind_questions(lake);
  module.def("open_lake", &open_lake, "root"_a, "create"_a, "read_only"_a, "lock_timeout_seconds"_a, "threads"_a);
}

}  // namespace varve::python
