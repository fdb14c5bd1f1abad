#include <functional>
#include <string>
#include <utility>

#include <nanobind/nanobind.h>
#include <nanobind/stl/function.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "varve/lake/lake.h"

#include "bindings.h"
#include "options.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace varve::python {
namespace {

std::optional<int64_t> nanoseconds(const std::optional<Timestamp>& at) {
  return at ? std::optional(at->nanoseconds) : std::nullopt;
}

nb::list to_list(const std::vector<VerifyFinding>& found) {
  nb::list findings;
  for (const VerifyFinding& finding : found) findings.append(nb::make_tuple(finding.key, finding.file, finding.what));
  return findings;
}

nb::dict to_dict(const VerifyReport& report) {
  nb::dict fields;
  fields["keys"] = report.keys;
  fields["files"] = report.files;
  fields["rows"] = report.rows;
  fields["bytes"] = report.bytes;
  fields["old_files"] = report.old_files;
  fields["findings"] = to_list(report.findings);
  return fields;
}

nb::dict to_dict(const RepairReport& report) {
  nb::list steps;
  for (const RepairStep& step : report.steps) {
    nb::dict fields;
    fields["key"] = step.key;
    fields["file"] = step.file;
    fields["outcome"] = std::string(to_string(step.outcome));
    fields["what"] = step.what;
    fields["rows"] = step.rows;
    fields["first"] = nanoseconds(step.first);
    fields["last"] = nanoseconds(step.last);
    steps.append(fields);
  }
  nb::dict fields;
  fields["keys"] = report.keys;
  fields["files"] = report.files;
  fields["steps"] = steps;
  return fields;
}

nb::dict to_dict(const BackupReport& report) {
  nb::dict fields;
  fields["keys"] = report.keys;
  fields["files"] = report.files;
  fields["bytes"] = report.bytes;
  fields["files_copied"] = report.files_copied;
  fields["bytes_copied"] = report.bytes_copied;
  fields["files_removed"] = report.files_removed;
  fields["damaged"] = report.damaged;
  return fields;
}

nb::dict to_dict(const RebuildReport& report) {
  nb::dict fields;
  fields["keys"] = report.keys;
  fields["files"] = report.files;
  fields["rows"] = report.rows;
  fields["catalog_copy"] = report.catalog_copy;
  fields["put_aside"] = report.put_aside;
  fields["findings"] = to_list(report.findings);
  return fields;
}

nb::dict to_dict(const std::vector<Amount>& amounts) {
  nb::dict all;
  for (const Amount& amount : amounts) {
    all[amount.name.c_str()] = nb::make_tuple(amount.keys, amount.rows, amount.files, amount.bytes);
  }
  return all;
}

nb::dict to_dict(const LakeStats& stats) {
  nb::dict fields;
  fields["keys"] = stats.keys;
  fields["rows"] = stats.rows;
  fields["files"] = stats.files;
  fields["bytes"] = stats.bytes;
  fields["by_kind"] = to_dict(stats.by_kind);
  fields["by_layout"] = to_dict(stats.by_layout);
  fields["deleted_keys"] = stats.deleted_keys;
  fields["versions"] = stats.versions;
  fields["snapshots"] = stats.snapshots;
  fields["inline_files"] = stats.inline_files;
  fields["inline_bytes"] = stats.inline_bytes;
  fields["old_files"] = stats.old_files;
  fields["old_bytes"] = stats.old_bytes;
  fields["free_files"] = stats.free_files;
  fields["free_bytes"] = stats.free_bytes;
  fields["catalog_bytes"] = stats.catalog_bytes;
  fields["behind"] = stats.behind;
  fields["retention"] = nb::none();
  if (const std::optional<RetentionPolicy>& kept = stats.retention) {
    fields["retention"] = nb::make_tuple(kept->all_for.nanoseconds, kept->hourly_for.nanoseconds, kept->versions_max);
  }
  return fields;
}

nb::list doctor(const Lake& lake) {
  nb::list symptoms;
  for (const Symptom& one : unlocked([&] { return lake.doctor(); })) {
    symptoms.append(nb::make_tuple(one.subject, std::string(to_string(one.health)), one.what, one.advice));
  }
  return symptoms;
}

nb::dict rebuild(nb::handle path, nb::handle replace, const nb::object& progress) {
  const auto root = to_option<std::string>(path, "path");
  const RebuildOptions options{.replace = to_option<bool>(replace, "replace"), .work = to_work(progress)};
  return to_dict(unlocked([&] { return rebuild_catalog(root, options); }));
}

nb::dict verify(const Lake& lake, nb::handle key, const nb::object& progress) {
  const auto of = to_option<std::string>(key, "key");
  const WorkOptions options = to_work(progress);
  return to_dict(unlocked([&] { return lake.verify(of, options); }));
}

nb::dict repair(Lake& lake, nb::handle key, nb::handle from_backup, const nb::object& progress) {
  const auto of = to_option<std::string>(key, "key");
  const RepairOptions options{.from_backup = to_option<std::string>(from_backup, "from_backup"),
                              .work = to_work(progress)};
  return to_dict(unlocked([&] { return lake.repair(of, options); }));
}

nb::dict backup(const Lake& lake, nb::handle to, const nb::object& progress) {
  const auto path = to_option<std::string>(to, "to");
  const WorkOptions options = to_work(progress);
  return to_dict(unlocked([&] { return lake.backup(path, options); }));
}

nb::dict restore(nb::handle from, nb::handle to, const nb::object& progress) {
  const auto source = to_option<std::string>(from, "source");
  const auto target = to_option<std::string>(to, "to");
  const WorkOptions options = to_work(progress);
  return to_dict(unlocked([&] { return restore_lake(source, target, options); }));
}

}  // namespace

void bind_maintenance(nb::module_& module, nb::class_<Lake>& lake) {
  lake.def("verify", &verify, "key"_a.none(), "progress"_a.none());
  lake.def("repair", &repair, "key"_a.none(), "from_backup"_a.none(), "progress"_a.none());
  lake.def("backup", &backup, "to"_a.none(), "progress"_a.none());
  lake.def("doctor", &doctor);
  lake.def(
      "stats",
      [](const Lake& self, const nb::kwargs& named) {
        const VacuumOptions options = to_vacuum_options(named);
        return to_dict(unlocked([&] { return self.stats(options); }));
      },
      "options"_a);
  module.def("rebuild_catalog", &rebuild, "path"_a.none(), "replace"_a.none(), "progress"_a.none());
  module.def("restore_lake", &restore, "source"_a.none(), "to"_a.none(), "progress"_a.none());
}

}  // namespace varve::python
