#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "varve/base/error.h"
#include "varve/cli/commands.h"
#include "varve/cli/exit_codes.h"

namespace varve::cli {

namespace {

// What the command line said of the columns of a series.
struct ColumnChoice {
  std::string key;
  std::vector<std::string> words;  // names, or from=to
};

std::map<std::string, std::string> parse_renames(const std::vector<std::string>& words) {
  std::map<std::string, std::string> names;
  for (const std::string& word : words) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == word.size()) {
      throw InvalidArgument("{}: a column is renamed by old=new, such as Vol=volume", quote(word));
    }
    if (!names.emplace(word.substr(0, equals), word.substr(equals + 1)).second) {
      throw InvalidArgument("column {} is renamed twice", quote(word.substr(0, equals)));
    }
  }
  return names;
}

int say_commit(Session& session, Lake& lake, const Commit& commit) {
  const std::string columns = format_message("{} columns", {lake.info(commit.key).schema.size()});
  lake.close();
  session.say(commit.id.empty() ? commit.key + ": nothing to do"
                                : format_message("{}: version {}, {}", {commit.key, commit.version, columns}));
  return kExitDone;
}

void add_drop_columns(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("drop-columns", "Drop columns of a series");
  const auto choice = std::make_shared<ColumnChoice>();
  command->add_option("KEY", choice->key, "The series")->required();
  command->add_option("NAME", choice->words, "The columns")->required();
  command->footer("Old versions keep them.\nExample:\n  varve drop-columns forex/EUR_USD vwap trade_count");
  command->callback([&session, choice] {
    session.command = [&session, choice] {
      session.interrupts().finish_before_exit();
      Lake lake = session.open_lake();
      return say_commit(session, lake, lake.drop_columns(choice->key, choice->words));
    };
  });
}

void add_rename_columns(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("rename-columns", "Rename columns of a series");
  const auto choice = std::make_shared<ColumnChoice>();
  command->add_option("KEY", choice->key, "The series")->required();
  command->add_option("OLD=NEW", choice->words, "From which name to which; all at once")->required();
  command->footer("Old versions keep their names.\nExample:\n  varve rename-columns forex/EUR_USD Vol=volume");
  command->callback([&session, choice] {
    session.command = [&session, choice] {
      const std::map<std::string, std::string> names = parse_renames(choice->words);
      session.interrupts().finish_before_exit();
      Lake lake = session.open_lake();
      return say_commit(session, lake, lake.rename_columns(choice->key, names));
    };
  });
}

// A row for each column of each schema.
Table history_table(const std::vector<SchemaVersion>& history) {
  using Texts = std::vector<std::optional<std::string>>;
  std::vector<int64_t> versions;
  std::vector<int64_t> times;
  Texts operations;
  Texts columns;
  Texts types;
  for (const SchemaVersion& one : history) {
    for (const Field& field : one.schema.fields()) {
      versions.push_back(one.version);
      times.push_back(one.time.nanoseconds);
      operations.emplace_back(one.operation);
      columns.emplace_back(field.name);
      types.emplace_back(to_string(field.type));
    }
  }
  const DataType text = DataType::string();
  const DataType time = DataType::timestamp(TimeUnit::kNano, "UTC");
  return Table(
      Schema({{"version", DataType::int64()}, {"time", time}, {"operation", text}, {"column", text}, {"type", text}}),
      {make_column<int64_t>(DataType::int64(), versions), make_column<int64_t>(time, times),
       make_column(text, operations), make_column(text, columns), make_column(text, types)});
}

void add_schema_history(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("schema-history", "List the columns that a series has had");
  const auto choice = std::make_shared<ColumnChoice>();
  command->add_option("KEY", choice->key, "The series")->required();
  command->footer(
      "A row for each column, by the version from which on the series had these columns.\n"
      "Example:\n  varve schema-history forex/EUR_USD");
  command->callback([&session, choice] {
    session.command = [&session, choice] {
      const Table rows = history_table(session.open_lake().schema_history(choice->key));
      session.show(rows, rows.num_rows());
      return kExitDone;
    };
  });
}

}  // namespace

void add_column_commands(CLI::App& app, Session& session) {
  add_drop_columns(app, session);
  add_rename_columns(app, session);
  add_schema_history(app, session);
}

}  // namespace varve::cli
