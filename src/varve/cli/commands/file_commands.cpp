#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "varve/cli/commands.h"
#include "varve/cli/commands/work.h"
#include "varve/cli/exit_codes.h"
#include "varve/cli/format.h"
#include "varve/cli/options.h"

namespace varve::cli {
namespace {

struct FileChoice {
  std::string key;
  std::string new_key;
  int64_t target_rows = 0;
};

void add_rename(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("rename", "Give a series another key");
  const auto choice = std::make_shared<FileChoice>();
  command->add_option("KEY", choice->key, "The series")->required();
  command->add_option("NEW", choice->new_key, "Its new key, which must be free")->required();
  command->footer(
      "Its rows, versions, snapshots, metadata and coverage go with it.\n"
      "Example:\n  varve rename fx/EUR forex/EUR_USD");
  command->callback([&session, choice] {
    session.command = [&session, choice] {
      session.interrupts().finish_before_exit();
      Lake lake = session.open_lake();
      const Commit commit = lake.rename(choice->key, choice->new_key);
      lake.close();
      session.say(format_message("{}: version {}, was {}", {commit.key, commit.version, choice->key}));
      return kExitDone;
    };
  });
}

void add_compact(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("compact", "Merge the small files of a series");
  const auto choice = std::make_shared<FileChoice>();
  command->add_option("KEY", choice->key, "The series")->required();
  add_count(*command, "--target-rows", choice->target_rows, 1)->description("Rows a file; else what the series says");
  command->footer(
      "No row changes: what is written is read again and compared first.\nExample:\n  varve compact forex/EUR_USD");
  command->callback([&session, choice] {
    session.command = [&session, choice] {
      session.interrupts().finish_before_exit();
      Lake lake = session.open_lake();
      const int64_t before = lake.info(choice->key).files;
      const Commit commit = lake.compact(choice->key, choice->target_rows, Work(session, choice->key).options());
      const int64_t after = lake.info(choice->key).files;
      lake.close();
      session.say(commit.id.empty() ? choice->key + ": nothing to do"
                                    : format_message("{}: {} files became {}", {choice->key, before, after}));
      return kExitDone;
    };
  });
}

}  // namespace

void add_file_commands(CLI::App& app, Session& session) {
  add_rename(app, session);
  add_compact(app, session);
}

}  // namespace varve::cli
