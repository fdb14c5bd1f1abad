#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "varve/base/error.h"
#include "varve/cli/commands.h"
#include "varve/cli/commands/table_maker.h"
#include "varve/cli/exit_codes.h"
#include "varve/cli/options.h"

namespace varve::cli {
namespace {

struct RetainChoice {
  std::vector<std::string> words;
  std::string newer_than;
  int64_t expects_version = -1;
  bool dry_run = false;
};

// A pattern means what has an age; a key that is named is meant whatever it is.
void leave_out_untimed(Session& session, const Lake& lake, const std::vector<std::string>& words,
                       std::vector<std::string>& keys) {
  const size_t before = keys.size();
  std::erase_if(keys, [&](const std::string& key) {
    const bool named = std::find(words.begin(), words.end(), key) != words.end();
    return !named && lake.info(key).index.empty();
  });
  const size_t untimed = before - keys.size();
  if (untimed > 0) session.say(format_message("{} untimed series are left out: their rows have no age", {untimed}));
}

int retain(Session& session, const RetainChoice& choice) {
  (void)session.output_options();  // a bad format is told before anything is done
  const RowAge newer_than(choice.newer_than, session.settings().get_or("tz", ""));
  session.interrupts().finish_before_exit();
  Lake lake = session.open_lake();
  std::vector<std::string> keys = expand_keys(lake, choice.words);
  leave_out_untimed(session, lake, choice.words, keys);
  std::vector<Commit> commits = lake.retain_many(
      keys, newer_than, {.expects_version = if_said(choice.expects_version), .dry_run = choice.dry_run});
  lake.close();

  int64_t rows = 0;
  std::erase_if(commits, [](const Commit& commit) { return commit.rows_removed == 0; });
  for (const Commit& commit : commits) rows += commit.rows_removed;
  TableMaker maker;
  maker.add_text("key", collect<std::optional<std::string>>(commits, &Commit::key));
  maker.add_numbers("version", collect<int64_t>(commits, &Commit::version));
  maker.add_numbers("rows_removed", collect<int64_t>(commits, &Commit::rows_removed));
  session.show(maker.make(), static_cast<int64_t>(commits.size()));
  session.say(format_message("{} rows {} removed from {} of {} series",
                             {rows, choice.dry_run ? "would be" : "were", commits.size(), keys.size()}));
  return kExitDone;
}

void add_retain(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("retain", "Remove the rows of series that are older than a time");
  const auto choice = std::make_shared<RetainChoice>();
  command->add_option("KEY", choice->words, "The series; in a pattern * stands for any letters and ? for one")
      ->required();
  command
      ->add_option("--newer-than", choice->newer_than,
                   "Keep rows from this time on: 90d, 2w or 12h before now, 2024-03-05, ISO 8601 with a zone")
      ->required();
  command->add_flag("--dry-run", choice->dry_run, "Say what would go, and change nothing");
  add_expects_version(*command, choice->expects_version);
  command->footer(
      "All series change in one commit. Their old versions have the rows until vacuum lets them go.\n"
      "Examples:\n"
      "  varve retain ticks/BTCUSDT --newer-than 90d\n"
      "  varve retain 'ticks/*' --newer-than 2024-01-01 --dry-run");
  command->callback([&session, choice] { session.command = [&session, choice] { return retain(session, *choice); }; });
}

// Which versions are to be kept.
struct KeepChoice {
  std::string key;
  std::optional<Duration> all_for;
  std::optional<Duration> hourly_for;
  int64_t versions_max = -1;
  bool by_default = false;
};

void add_keep_options(CLI::App& command, KeepChoice& choice) {
  add_duration(command, "--keep-all", choice.all_for)
      ->description("Keep each version that was the newest within this time");
  add_duration(command, "--keep-hourly", choice.hourly_for)
      ->description("Of older ones, keep the last of each hour within this time");
  add_count(command, "--keep-versions", choice.versions_max, 0)
      ->description("Of those kept by --keep-all, at most so many");
}

int vacuum(Session& session, const KeepChoice& choice) {
  Lake lake = session.open_lake();
  session.interrupts().finish_before_exit();
  const VacuumReport report = lake.vacuum(
      choice.key,
      {.all_for = choice.all_for, .hourly_for = choice.hourly_for, .versions_max = if_said(choice.versions_max)});
  lake.close();
  session.say(format_message("{} versions forgotten, {} files removed, {}",
                             {report.versions, report.files, bytes_text(static_cast<double>(report.bytes))}));
  return kExitDone;
}

void add_vacuum(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("vacuum", "Forget old versions and remove the files that only they had");
  const auto choice = std::make_shared<KeepChoice>();
  command->add_option("KEY", choice->key, "Only this series");
  add_keep_options(*command, *choice);
  command->footer(
      "What is not said is as varve policy has it. The newest version and those that snapshots name always stay.\n"
      "Examples:\n"
      "  varve vacuum\n"
      "  varve vacuum forex/EUR_USD --keep-all 2d --keep-hourly 4w\n"
      "  varve vacuum --keep-all 0s --keep-hourly 0s");
  command->callback([&session, choice] { session.command = [&session, choice] { return vacuum(session, *choice); }; });
}

bool says_something(const KeepChoice& choice) {
  return choice.by_default || choice.all_for || choice.hourly_for || choice.versions_max >= 0;
}

int policy(Session& session, const KeepChoice& choice) {
  (void)session.output_options();
  Lake lake = session.open_lake();
  if (says_something(choice)) {
    session.interrupts().finish_before_exit();
    // One that is not understood is in the way of nobody who says all of a new one.
    const bool all = choice.by_default || (choice.all_for && choice.hourly_for && choice.versions_max >= 0);
    RetentionPolicy kept = all ? RetentionPolicy() : lake.retention_policy();
    kept.all_for = choice.all_for.value_or(kept.all_for);
    kept.hourly_for = choice.hourly_for.value_or(kept.hourly_for);
    kept.versions_max = if_said(choice.versions_max).value_or(kept.versions_max);
    lake.set_retention_policy(kept);
  }
  const RetentionPolicy kept = lake.retention_policy();
  lake.close();
  TableMaker maker;
  maker.add_text("keep_all", {to_string(kept.all_for)});
  maker.add_text("keep_hourly", {to_string(kept.hourly_for)});
  maker.add_numbers("keep_versions", {kept.versions_max});
  session.show(maker.make(), 1);
  return kExitDone;
}

void add_policy(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("policy", "Show or set which old versions the lake keeps");
  const auto choice = std::make_shared<KeepChoice>();
  add_keep_options(*command, *choice);
  command->add_flag("--default", choice->by_default, "Set what is not said to 1h, 7d and 500");
  command->footer(
      "vacuum goes by it, and so do all programs that write to the lake, which forget old versions now and then.\n"
      "Examples:\n"
      "  varve policy\n"
      "  varve policy --keep-all 2d --keep-versions 2000\n"
      "  varve policy --default");
  command->callback([&session, choice] { session.command = [&session, choice] { return policy(session, *choice); }; });
}

}  // namespace

void add_retention_commands(CLI::App& app, Session& session) {
  add_retain(app, session);
  add_vacuum(app, session);
  add_policy(app, session);
}

}  // namespace varve::cli
