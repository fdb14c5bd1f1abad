// The commands of the program, by group.
#pragma once

#include <string>

#include "varve/cli/session.h"

namespace CLI {
class App;
}

namespace varve::cli {

// The program's name and version.
std::string version_text();

// What a commit did to its series, in a line.
std::string commit_text(const Commit& commit);

// Each adds its commands to `app`. When one was parsed, Session::command runs it. Both must outlive the run.
void add_lake_commands(CLI::App& app, Session& session);       // init, ls, info, coverage, version
void add_read_commands(CLI::App& app, Session& session);       // read, head, tail, export
void add_write_commands(CLI::App& app, Session& session);      // import, write, append, upsert, replace, delete
void add_file_commands(CLI::App& app, Session& session);       // rename, compact
void add_history_commands(CLI::App& app, Session& session);    // versions, restore, snapshot
void add_retention_commands(CLI::App& app, Session& session);  // retain, vacuum, policy
void add_column_commands(CLI::App& app, Session& session);     // drop-columns, rename-columns, schema-history
void add_adopt_command(CLI::App& app, Session& session);
void add_diff_command(CLI::App& app, Session& session);
// verify, repair, backup, restore-lake, rebuild-catalog, doctor, stats
void add_maintenance_commands(CLI::App& app, Session& session);

}  // namespace varve::cli
