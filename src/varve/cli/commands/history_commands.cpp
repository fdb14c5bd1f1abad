#include <memory>
#include <optional>
#include <utility>

#include <CLI/CLI.hpp>

#include "varve/base/error.h"
#include "varve/cli/commands.h"
#include "varve/cli/commands/table_maker.h"
#include "varve/cli/exit_codes.h"
#include "varve/cli/options.h"
#include "varve/table/builder.h"

namespace varve::cli {

namespace {

using Texts = std::vector<std::optional<std::string>>;
using Times = std::vector<std::optional<Timestamp>>;

// What the command line said of the past.
struct PastChoice {
  std::string key;
  std::string name;  // of a snapshot
  std::vector<std::string> keys;
  std::string as_of;
  int64_t expects_version = -1;
  bool dry_run = false;
};
using PastChoicePtr = std::shared_ptr<PastChoice>;

Table version_table(const std::vector<VersionInfo>& versions) {
  table::ColumnBuilder deleted(DataType::boolean());
  for (const VersionInfo& version : versions) deleted.append_boolean(version.deleted);
  TableMaker maker;
  maker.add_numbers("version", collect<int64_t>(versions, &VersionInfo::version));
  maker.add_times("time", collect<std::optional<Timestamp>>(versions, &VersionInfo::time));
  maker.add_text("operation", collect<std::optional<std::string>>(versions, &VersionInfo::operation));
  maker.add_numbers("rows", collect<int64_t>(versions, &VersionInfo::rows));
  maker.add_numbers("rows_added", collect<int64_t>(versions, &VersionInfo::rows_added));
  maker.add_numbers("rows_replaced", collect<int64_t>(versions, &VersionInfo::rows_replaced));
  maker.add_numbers("rows_removed", collect<int64_t>(versions, &VersionInfo::rows_removed));
  maker.add_numbers("files", collect<int64_t>(versions, &VersionInfo::files));
  maker.add_numbers("bytes", collect<int64_t>(versions, &VersionInfo::bytes));
  maker.add_times("first", collect<std::optional<Timestamp>>(versions, &VersionInfo::first));
  maker.add_times("last", collect<std::optional<Timestamp>>(versions, &VersionInfo::last));
  maker.add_text("commit", collect<std::optional<std::string>>(versions, &VersionInfo::commit_id));
  return maker.make().with_column({"deleted", DataType::boolean()}, deleted.finish());
}

// Makes `run` what the session does if the command was chosen.
void on_parse(CLI::App& command, Session& session, const PastChoicePtr& choice,
              int (*run)(Session&, const PastChoice&)) {
  command.callback(
      [&session, choice, run] { session.command = [&session, choice, run] { return run(session, *choice); }; });
}

int show_versions(Session& session, const PastChoice& choice) {
  (void)session.output_options();  // a bad format is told before the lake is read
  const Table versions = version_table(session.open_lake().versions(choice.key));
  session.show(versions, versions.num_rows());
  return kExitDone;
}

void add_versions(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("versions", "List the versions of a series that can still be read");
  const auto choice = std::make_shared<PastChoice>();
  command->add_option("KEY", choice->key, "The series, also one that was deleted")->required();
  command->footer("Example:\n  varve versions forex/EUR_USD");
  on_parse(*command, session, choice, show_versions);
}

int restore(Session& session, const PastChoice& choice) {
  Lake lake = session.open_lake();
  const AsOf as_of = parse_as_of(choice.as_of, lake, session.settings().get_or("tz", ""));
  session.interrupts().finish_before_exit();
  const Commit commit =
      lake.restore(choice.key, as_of, {.expects_version = if_said(choice.expects_version), .dry_run = choice.dry_run});
  lake.close();
  session.say(commit_text(commit) + (choice.dry_run ? "; this was a dry run, nothing was changed" : ""));
  return kExitDone;
}

void add_restore(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("restore", "Make a series what it was, as a new version");
  const auto choice = std::make_shared<PastChoice>();
  command->add_option("KEY", choice->key, "The series, also one that was deleted")->required();
  command->add_option("--as-of", choice->as_of, kAsOfHelp)->required();
  command->add_flag("--dry-run", choice->dry_run, "Say what would change, and change nothing");
  add_expects_version(*command, choice->expects_version);
  command->footer(
      "Examples:\n  varve restore forex/EUR_USD --as-of 3\n  varve restore forex/EUR_USD --as-of 2024-03-05");
  on_parse(*command, session, choice, restore);
}

int make_snapshot(Session& session, const PastChoice& choice) {
  if (choice.name.find_first_not_of("0123456789") == std::string::npos) {
    throw InvalidArgument("--as-of could not tell a snapshot named {} from a version", quote(choice.name));
  }
  Lake lake = session.open_lake();
  session.interrupts().finish_before_exit();
  const int64_t named =
      choice.keys.empty() ? lake.make_snapshot(choice.name) : lake.make_snapshot(choice.name, choice.keys);
  lake.close();
  session.say(format_message("snapshot {}: {} series", {choice.name, named}));
  return kExitDone;
}

int remove_snapshot(Session& session, const PastChoice& choice) {
  Lake lake = session.open_lake();
  session.interrupts().finish_before_exit();
  lake.remove_snapshot(choice.name);
  lake.close();
  session.say(format_message("snapshot {} is gone", {choice.name}));
  return kExitDone;
}

int list_snapshots(Session& session, const PastChoice& /*choice*/) {
  (void)session.output_options();
  const std::vector<SnapshotInfo> snapshots = session.open_lake().snapshots();
  TableMaker maker;
  maker.add_text("name", collect<std::optional<std::string>>(snapshots, &SnapshotInfo::name));
  maker.add_times("created", collect<std::optional<Timestamp>>(snapshots, &SnapshotInfo::created));
  maker.add_numbers("keys", collect<int64_t>(snapshots, &SnapshotInfo::keys));
  session.show(maker.make(), static_cast<int64_t>(snapshots.size()));
  return kExitDone;
}

int show_snapshot(Session& session, const PastChoice& choice) {
  (void)session.output_options();
  using KeyVersion = std::pair<std::string, int64_t>;
  const std::vector<KeyVersion> versions = session.open_lake().snapshot(choice.name);
  TableMaker maker;
  maker.add_text("key", collect<std::optional<std::string>>(versions, &KeyVersion::first));
  maker.add_numbers("version", collect<int64_t>(versions, &KeyVersion::second));
  session.show(maker.make(), static_cast<int64_t>(versions.size()));
  return kExitDone;
}

void add_snapshot(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("snapshot", "Name the versions that series have, so that they stay");
  command->require_subcommand(1);
  command->footer(
      "Examples:\n"
      "  varve snapshot make before-backfill\n"
      "  varve snapshot make 2024Q1 forex/EUR_USD forex/GBP_USD\n"
      "  varve read forex/EUR_USD --as-of before-backfill");
  const auto choice = std::make_shared<PastChoice>();
  const auto add = [&](const std::string& verb, const std::string& what, int (*run)(Session&, const PastChoice&)) {
    CLI::App* const part = command->add_subcommand(verb, what);
    on_parse(*part, session, choice, run);
    return part;
  };
  CLI::App* const make = add("make", "Name the newest versions of these series", make_snapshot);
  make->add_option("NAME", choice->name, "A new name, not all digits")->required();
  make->add_option("KEY", choice->keys, "The series; all if none is named");
  add("rm", "Forget a snapshot; its versions stay until the next vacuum", remove_snapshot)
      ->add_option("NAME", choice->name, "The snapshot")
      ->required();
  add("ls", "List the snapshots", list_snapshots);
  add("show", "Show which version of which series a snapshot names", show_snapshot)
      ->add_option("NAME", choice->name, "The snapshot")
      ->required();
}

}  // namespace

void add_history_commands(CLI::App& app, Session& session) {
  add_versions(app, session);
  add_restore(app, session);
  add_snapshot(app, session);
}

}  // namespace varve::cli
