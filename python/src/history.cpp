#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "varve/lake/lake.h"

#include "bindings.h"
#include "options.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace varve::python {
namespace {

nb::dict to_dict(const VersionInfo& version) {
  nb::dict fields;
  fields["version"] = version.version;
  fields["commit_id"] = version.commit_id;
  fields["time"] = version.time.nanoseconds;
  fields["operation"] = version.operation;
  fields["deleted"] = version.deleted;
  fields["rows"] = version.rows;
  fields["files"] = version.files;
  fields["bytes"] = version.bytes;
  fields["first"] = to_nanoseconds(version.first);
  fields["last"] = to_nanoseconds(version.last);
  fields["rows_added"] = version.rows_added;
  fields["rows_replaced"] = version.rows_replaced;
  fields["rows_removed"] = version.rows_removed;
  return fields;
}

nb::list versions(const Lake& lake, nb::handle key) {
  const auto of = to_option<std::string>(key, "key");
  nb::list list;
  for (const VersionInfo& version : unlocked([&] { return lake.versions(of); })) list.append(to_dict(version));
  return list;
}

nb::dict restore(Lake& lake, nb::handle key, nb::handle as_of, nb::handle expects_version, nb::handle dry_run) {
  const auto of = to_option<std::string>(key, "key");
  const std::optional<AsOf> state = to_as_of(as_of);
  if (!state) refuse_option("as_of", as_of, "a version, a snapshot's name or a moment");
  const ChangeOptions options{.expects_version = to_optional<int64_t>(expects_version, "expects_version"),
                              .dry_run = to_option<bool>(dry_run, "dry_run")};
  return to_commit_fields(unlocked([&] { return lake.restore(of, *state, options); }));
}

std::vector<std::string> files(const Lake& lake, nb::handle key, nb::handle as_of) {
  const auto of = to_option<std::string>(key, "key");
  const std::optional<AsOf> state = to_as_of(as_of);
  return unlocked([&] { return lake.files(of, state); });
}

nb::dict diff(const Lake& lake, nb::handle key, nb::handle from, const nb::kwargs& named) {
  const auto of = to_option<std::string>(key, "key");
  const std::optional<AsOf> state = to_as_of(from, "older");
  if (!state) refuse_option("older", from, "a version, a snapshot's name or a moment");
  const std::optional<AsOf> to = to_as_of(named["newer"], "newer");
  DiffOptions options;
  options.limit = to_optional<int64_t>(named["limit"], "limit");
  options.on_progress = to_work(named["progress"]).progress;
  const Diff found = unlocked([&] { return lake.diff(of, *state, to, options); });
  nb::dict fields;
  fields["from_version"] = found.from_version;
  fields["to_version"] = found.to_version;
  fields["rows_added"] = found.rows_added;
  fields["rows_removed"] = found.rows_removed;
  fields["rows_changed"] = found.rows_changed;
  fields["added"] = found.added;
  fields["removed"] = found.removed;
  fields["before"] = found.before;
  fields["after"] = found.after;
  fields["columns_added"] = found.columns_added;
  fields["columns_dropped"] = found.columns_dropped;
  fields["columns_retyped"] = found.columns_retyped;
  return fields;
}

int64_t make_snapshot(Lake& lake, nb::handle name, nb::handle keys) {
  const auto called = to_option<std::string>(name, "name");
  const auto of = to_optional_names(keys, "keys");
  return unlocked([&] { return lake.make_snapshot(called, of); });
}

void remove_snapshot(Lake& lake, nb::handle name) {
  const auto called = to_option<std::string>(name, "name");
  const Unlocked without_gil;
  lake.remove_snapshot(called);
}

nb::list snapshots(const Lake& lake) {
  nb::list list;
  for (const SnapshotInfo& snapshot : unlocked([&] { return lake.snapshots(); })) {
    list.append(nb::make_tuple(snapshot.name, snapshot.created.nanoseconds, snapshot.keys));
  }
  return list;
}

std::vector<std::pair<std::string, int64_t>> snapshot(const Lake& lake, nb::handle name) {
  const auto called = to_option<std::string>(name, "name");
  return unlocked([&] { return lake.snapshot(called); });
}

nb::tuple vacuum(Lake& lake, nb::handle key, const nb::kwargs& named) {
  const auto of = to_option<std::string>(key, "key");
  const VacuumOptions options = to_vacuum_options(named);
  const VacuumReport report = unlocked([&] { return lake.vacuum(of, options); });
  return nb::make_tuple(report.versions, report.files, report.bytes);
}

nb::tuple to_tuple(const RetentionPolicy& policy) {
  return nb::make_tuple(policy.all_for.nanoseconds, policy.hourly_for.nanoseconds, policy.versions_max);
}

void set_retention_policy(Lake& lake, nb::handle all_for, nb::handle hourly_for, nb::handle versions_max) {
  const RetentionPolicy policy{.all_for = Duration{to_option<int64_t>(all_for, "all_for")},
                               .hourly_for = Duration{to_option<int64_t>(hourly_for, "hourly_for")},
                               .versions_max = to_option<int64_t>(versions_max, "versions_max")};
  const Unlocked without_gil;
  lake.set_retention_policy(policy);
}

template <auto kWrite>
void write(Transaction& transaction, nb::handle key, const Table& table, const nb::kwargs& named) {
  (transaction.*kWrite)(to_option<std::string>(key, "key"), table, to_write_options(named));
}

nb::list commit(Transaction& transaction, nb::handle published) {
  const auto shown = to_option<bool>(published, "published");
  nb::list commits;
  for (const Commit& each : unlocked([&] { return transaction.commit(shown); })) commits.append(to_commit_fields(each));
  return commits;
}

void bind_transaction(nb::module_& module, nb::class_<Lake>& lake) {
  nb::class_<Transaction> transaction(module, "Transaction");
  transaction.def("write", &write<&Transaction::write>, "key"_a.none(), "table"_a, "options"_a);
  transaction.def("append", &write<&Transaction::append>, "key"_a.none(), "table"_a, "options"_a);
  transaction.def("upsert", &write<&Transaction::upsert>, "key"_a.none(), "table"_a, "options"_a);
  bind_ranges(transaction);
  transaction.def("commit", &commit, "published"_a.none());
  lake.def("transaction", &Lake::transaction, nb::keep_alive<0, 1>());
}

}  // namespace

std::optional<AsOf> to_as_of(nb::handle as_of, const char* name) {
  if (as_of.is_none()) return std::nullopt;
  if (nb::isinstance<AsOf>(as_of)) return nb::cast<AsOf>(as_of);
  if (PyUnicode_Check(as_of.ptr()) != 0) return AsOf(to_option<std::string>(as_of, name));
  int64_t version = 0;
  if (PyBool_Check(as_of.ptr()) != 0 || !nb::try_cast(as_of, version)) {
    refuse_option(name, as_of, "a version of 64 bits, a snapshot's name or a moment");
  }
  return AsOf(version);
}

void bind_history(nb::module_& module, nb::class_<Lake>& lake) {
  nb::class_<AsOf>(module, "AsOf");
  module.def("as_of_time", [](int64_t nanoseconds) { return AsOf(Timestamp{nanoseconds}); });
  lake.def("versions", &versions, "key"_a.none());
  lake.def("restore", &restore, "key"_a.none(), "as_of"_a.none(), "expects_version"_a.none(), "dry_run"_a.none());
  lake.def("files", &files, "key"_a.none(), "as_of"_a.none());
  lake.def("diff", &diff, "key"_a.none(), "older"_a.none(), "options"_a);
  lake.def("make_snapshot", &make_snapshot, "name"_a.none(), "keys"_a.none());
  lake.def("remove_snapshot", &remove_snapshot, "name"_a.none());
  lake.def("snapshots", &snapshots);
  lake.def("snapshot", &snapshot, "name"_a.none());
  lake.def("vacuum", &vacuum, "key"_a.none(), "options"_a);
  lake.def("retention_policy",
           [](const Lake& self) { return to_tuple(unlocked([&] { return self.retention_policy(); })); });
  lake.def("set_retention_policy", &set_retention_policy, "all_for"_a.none(), "hourly_for"_a.none(),
           "versions_max"_a.none());
  bind_transaction(module, lake);
}

}  // namespace varve::python
