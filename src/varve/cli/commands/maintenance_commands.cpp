#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "varve/base/error.h"
#include "varve/cli/commands.h"
#include "varve/cli/commands/table_maker.h"
#include "varve/cli/commands/work.h"
#include "varve/cli/exit_codes.h"

namespace varve::cli {

namespace {

using Texts = std::vector<std::optional<std::string>>;

void show_all(Session& session, TableMaker& maker) {
  const Table rows = maker.make();
  session.show(rows, rows.num_rows());
}

std::string size_text(int64_t bytes) { return bytes_text(static_cast<double>(bytes)); }

void show_findings(Session& session, const std::vector<VerifyFinding>& found) {
  Texts keys;
  Texts files;
  Texts findings;
  for (const VerifyFinding& finding : found) {
    keys.emplace_back(finding.key);
    files.emplace_back(finding.file);
    findings.emplace_back(finding.what);
  }
  TableMaker maker;
  maker.add_text("key", keys);
  maker.add_text("file", files);
  maker.add_text("finding", findings);
  show_all(session, maker);
}

int verify(Session& session, const std::string& key) {
  (void)session.output_options();  // a bad format is told before the lake is read
  const Lake lake = session.open_lake();
  const VerifyReport report = lake.verify(key, Work(session, "verify").options());
  if (!report.clean()) show_findings(session, report.findings);
  const std::string old = report.old_files == 0 ? "" : format_message(", {} files of old versions", {report.old_files});
  session.say(format_message(
      "{} series, {} files, {} rows, {}{}: {}",
      {report.keys, report.files, report.rows, size_text(report.bytes), old,
       report.clean() ? std::string("whole") : format_message("{} findings", {report.findings.size()})}));
  return report.clean() ? kExitDone : kExitFound;
}

void add_verify(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("verify", "Read everything and check it against the catalog");
  const auto key = std::make_shared<std::string>();
  command->add_option("KEY", *key, "Only this series");
  command->footer(
      "Findings go to standard output, and the exit status is 20 if there are any: varve repair mends what it can.\n"
      "Example:\n  varve verify");
  command->callback([&session, key] { session.command = [&session, key] { return verify(session, *key); }; });
}

struct RepairChoice {
  std::string key;
  std::string from_backup;
};

void show_steps(Session& session, const std::vector<RepairStep>& steps) {
  Texts keys;
  Texts files;
  Texts outcomes;
  std::vector<int64_t> rows;
  std::vector<std::optional<Timestamp>> first;
  std::vector<std::optional<Timestamp>> last;
  Texts what;
  for (const RepairStep& step : steps) {
    keys.emplace_back(step.key);
    files.emplace_back(step.file);
    outcomes.emplace_back(to_string(step.outcome));
    rows.push_back(step.rows);
    first.push_back(step.first);
    last.push_back(step.last);
    what.emplace_back(step.what);
  }
  TableMaker maker;
  maker.add_text("key", keys);
  maker.add_text("file", files);
  maker.add_text("outcome", outcomes);
  maker.add_numbers("rows_lost", rows);
  maker.add_times("first", first);
  maker.add_times("last", last);
  maker.add_text("what", what);
  show_all(session, maker);
}

int repair(Session& session, const RepairChoice& choice) {
  (void)session.output_options();
  session.interrupts().finish_before_exit();
  Lake lake = session.open_lake();
  RepairReport report;
  {
    const Work work(session, "repair");
    report = lake.repair(choice.key, {.from_backup = choice.from_backup, .work = work.options()});
  }
  lake.close();
  if (!report.steps.empty()) show_steps(session, report.steps);
  session.say(format_message(
      "{} series, {} files: {}",
      {report.keys, report.files,
       report.steps.empty() ? std::string("nothing to repair")
       : report.whole()     ? format_message("{} repairs", {report.steps.size()})
                            : format_message("{} findings, {} rows lost", {report.steps.size(), report.rows_lost()})}));
  return report.whole() ? kExitDone : kExitFound;
}

void add_repair(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("repair", "Mend damaged files and the visible tree");
  const auto choice = std::make_shared<RepairChoice>();
  command->add_option("KEY", choice->key, "Only this series");
  command->add_option("--from-backup", choice->from_backup, "A backup of this lake, to take good files from");
  command->footer(
      "What was damaged or changed from outside moves to .varve/quarantine. What cannot be mended leaves its series in "
      "a\n"
      "new version, and is told with the rows it had; the exit status is then 20.\n"
      "Examples:\n  varve repair\n  varve repair forex/EUR_USD --from-backup /mnt/backup");
  command->callback([&session, choice] { session.command = [&session, choice] { return repair(session, *choice); }; });
}

int tell(Session& session, const BackupReport& report, std::string_view where) {
  session.say(format_message("{} has {} series in {} files, {}; {} files copied, {}",
                             {where, report.keys, report.files, size_text(report.bytes), report.files_copied,
                              size_text(report.bytes_copied)}));
  for (const std::string& id : report.damaged)
    session.complain("warning: file " + id + " is damaged and was not copied");
  return report.damaged.empty() ? kExitDone : kExitFound;
}

void add_backup(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("backup", "Make a copy of the lake, or bring it up to date");
  const auto to = std::make_shared<std::string>();
  command->add_option("TO", *to, "A directory that is empty, not there, or a backup of this lake")->required();
  command->footer(
      "Only files that the copy does not have are copied. The copy is itself a lake, to be read: varve --lake TO ls.\n"
      "Once it is written to it is no backup any more.\n"
      "Example:\n  varve backup /mnt/backup");
  command->callback([&session, to] {
    session.command = [&session, to] {
      session.interrupts().finish_before_exit();
      const Lake lake = session.open_lake();
      const BackupReport report = lake.backup(*to, Work(session, "backup").options());
      return tell(session, report, *to);
    };
  });
}

struct RestoreChoice {
  std::string from;
  std::string to;
};

void add_restore_lake(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("restore-lake", "Make a lake out of a backup");
  const auto choice = std::make_shared<RestoreChoice>();
  command->add_option("FROM", choice->from, "The backup")->required();
  command->add_option("TO", choice->to, "A directory that is empty or not there")->required();
  command->footer("Example:\n  varve restore-lake /mnt/backup data");
  command->callback([&session, choice] {
    session.command = [&session, choice] {
      session.interrupts().finish_before_exit();
      const BackupReport report =
          restore_lake(choice->from, choice->to, Work(session, "restore").options(), session.open_options());
      return tell(session, report, choice->to);
    };
  });
}

int rebuild(Session& session, bool replace) {
  (void)session.output_options();
  const std::string root = session.settings().get_or("lake", ".");
  session.hint_if_there = "--replace puts it into the quarantine and makes a new one";
  session.interrupts().finish_before_exit();
  RebuildReport report;
  {
    const Work work(session, "rebuild");
    report = rebuild_catalog(root, {.replace = replace, .work = work.options()}, session.open_options());
  }
  if (!report.findings.empty()) show_findings(session, report.findings);
  session.say(format_message("{} series, {} files, {} rows; {} files put aside",
                             {report.keys, report.files, report.rows, report.put_aside}));
  session.say(report.catalog_copy.empty()
                  ? "files cannot tell of old versions, snapshots, coverage, runs, metadata, deleted series, series "
                    "without rows and columns that only removed rows had: these are lost; so are commits that were not "
                    "visible yet"
                  : "old versions, snapshots, coverage, runs and metadata are those of " + report.catalog_copy +
                        "; commits that were not visible yet are lost");
  return report.findings.empty() ? kExitDone : kExitFound;
}

void add_rebuild_catalog(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("rebuild-catalog", "Make a lost catalog anew from the files");
  const auto replace = std::make_shared<bool>(false);
  command->add_flag("--replace", *replace, "Also where there is a catalog: it moves to .varve/quarantine");
  command->footer(
      "The newest state of each series is what the visible tree shows. The rest comes from the newest copy of the "
      "catalog\n"
      "in .varve/catalog-backups, if there is one. Files that belong nowhere move to .varve/quarantine and are "
      "listed.\n"
      "Example:\n  varve --lake data rebuild-catalog");
  command->callback(
      [&session, replace] { session.command = [&session, replace] { return rebuild(session, *replace); }; });
}

Symptom unopened(const Error& error) {
  return {.subject = "opening the lake",
          .health = Health::kFail,
          .what = error.what(),
          .advice = "varve rebuild-catalog (--replace), or a backup: varve restore-lake"};
}

// A lake that cannot be opened is a symptom too.
std::vector<Symptom> examine(Session& session) {
  try {
    return session.open_lake().doctor();
  } catch (const Corruption& error) {
    return {unopened(error)};
  } catch (const NotFound& error) {
    if (!session.files().exists(session.settings().get_or("lake", ".") + "/.varve/objects")) throw;
    return {unopened(error)};
  }
}

int doctor(Session& session) {
  (void)session.output_options();
  const std::vector<Symptom> symptoms = examine(session);
  Texts health;
  for (const Symptom& symptom : symptoms) health.emplace_back(to_string(symptom.health));
  TableMaker maker;
  maker.add_text("health", health);
  maker.add_text("subject", collect<std::optional<std::string>>(symptoms, &Symptom::subject));
  maker.add_text("found", collect<std::optional<std::string>>(symptoms, &Symptom::what));
  maker.add_text("advice", collect<std::optional<std::string>>(symptoms, &Symptom::advice));
  show_all(session, maker);
  const bool fails = std::any_of(symptoms.begin(), symptoms.end(),
                                 [](const Symptom& symptom) { return symptom.health == Health::kFail; });
  return fails ? kExitFound : kExitDone;
}

void add_doctor(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("doctor", "Look at the lake and what it stands on");
  command->footer("The exit status is 20 if something fails.\nExample:\n  varve doctor");
  command->callback([&session] { session.command = [&session] { return doctor(session); }; });
}

// One row a number.
class NumberTable {
 public:
  void add(const std::string& name, int64_t value) {
    names_.emplace_back(name);
    values_.push_back(value);
  }
  void add(const std::string& what, const std::vector<Amount>& amounts) {
    for (const Amount& amount : amounts) {
      add(what + " " + amount.name + ": keys", amount.keys);
      add(what + " " + amount.name + ": rows", amount.rows);
      add(what + " " + amount.name + ": files", amount.files);
      add(what + " " + amount.name + ": bytes", amount.bytes);
    }
  }
  void show(Session& session) const {
    TableMaker maker;
    maker.add_text("what", names_);
    maker.add_numbers("value", values_);
    show_all(session, maker);
  }

 private:
  Texts names_;
  std::vector<int64_t> values_;
};

void add_stats(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("stats", "Count what the lake holds, from the catalog alone");
  command->footer("Example:\n  varve stats -o json");
  command->callback([&session] {
    session.command = [&session] {
      (void)session.output_options();
      const LakeStats stats = session.open_lake().stats();
      NumberTable table;
      table.add("keys", stats.keys);
      table.add("rows", stats.rows);
      table.add("files", stats.files);
      table.add("bytes", stats.bytes);
      table.add("kind", stats.by_kind);
      table.add("layout", stats.by_layout);
      table.add("deleted keys", stats.deleted_keys);
      table.add("versions", stats.versions);
      table.add("snapshots", stats.snapshots);
      table.add("files in the catalog", stats.inline_files);
      table.add("bytes in the catalog", stats.inline_bytes);
      table.add("old files", stats.old_files);
      table.add("old bytes", stats.old_bytes);
      table.add("files that vacuum would free", stats.free_files);
      table.add("bytes that vacuum would free", stats.free_bytes);
      table.add("catalog bytes", stats.catalog_bytes);
      table.add("series behind in the tree", stats.behind);
      if (const std::optional<RetentionPolicy>& kept = stats.retention) {
        table.add("seconds for which all versions are kept", kept->all_for.nanoseconds / kNanosecondsPerSecond);
        table.add("of these at most", kept->versions_max);
        table.add("seconds for which one an hour is kept", kept->hourly_for.nanoseconds / kNanosecondsPerSecond);
      }
      table.show(session);
      return kExitDone;
    };
  });
}

}  // namespace

void add_maintenance_commands(CLI::App& app, Session& session) {
  add_verify(app, session);
  add_repair(app, session);
  add_backup(app, session);
  add_restore_lake(app, session);
  add_rebuild_catalog(app, session);
  add_doctor(app, session);
  add_stats(app, session);
}

}  // namespace varve::cli
