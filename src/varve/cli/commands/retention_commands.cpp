#include <algorithm>
#include <memory>
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

// Weeks are a length of time here, too.
RowAge parse_age(const std::string& text, const std::string& zone) {
  if (text.ends_with('w')) return parse_duration(text);
  return {text, zone};
}

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
  const RowAge newer_than = parse_age(choice.newer_than, session.settings().get_or("tz", ""));
  Lake lake = session.open_lake();
  std::vector<std::string> keys = expand_keys(lake, choice.words);
  leave_out_untimed(session, lake, choice.words, keys);
  session.interrupts().finish_before_exit();
  std::vector<Commit> commits = lake.retain_many(
      keys, newer_than, {.expects_version = expected(choice.expects_version), .dry_run = choice.dry_run});
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

}  // namespace

void add_retention_commands(CLI::App& app, Session& session) { add_retain(app, session); }

}  // namespace varve::cli
