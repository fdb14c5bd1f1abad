#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include <CLI/CLI.hpp>

#include "varve/base/error.h"
#include "varve/cli/commands.h"
#include "varve/cli/exit_codes.h"
#include "varve/cli/options.h"
#include "varve/table/predicate/parse.h"

namespace varve::cli {

namespace {

// What the command line said of the rows wanted.
struct RowChoice {
  std::vector<std::string> keys;
  std::string start;
  std::string end;
  std::string closed = "both";
  std::vector<std::string> columns;
  std::string where;
  std::string as_of;
  int64_t limit = -1;
  std::string prices = "float";
  int64_t rows = 10;  // head, tail
};
using RowChoicePtr = std::shared_ptr<RowChoice>;

ReadOptions read_options(const RowChoice& choice, const Lake& lake, Session& session) {
  ReadOptions options;
  if (!choice.start.empty()) options.start = TimeBound(choice.start);
  if (!choice.end.empty()) options.end = TimeBound(choice.end);
  options.closed = parse_closed(choice.closed);
  options.zone = session.settings().get_or("tz", "");
  if (!choice.columns.empty()) options.columns = choice.columns;
  if (!choice.where.empty()) options.where = parse_predicate(choice.where);
  options.prices = choice.prices;
  if (!choice.as_of.empty()) options.as_of = parse_as_of(choice.as_of, lake, options.zone);
  if (choice.limit >= 0) options.limit = choice.limit;
  return options;
}

void add_row_options(CLI::App& command, RowChoice& choice) {
  command.add_option("--start", choice.start, "From this time on: 2024-03-05, or ISO 8601 with a zone (or --tz)");
  command.add_option("--end", choice.end, "Up to this time; a day means all of it");
  command.add_option("--closed", choice.closed, "Which ends belong to the range: both, left, right, none")
      ->capture_default_str();
  add_names(command, "--columns", choice.columns)->description("Only these columns, in this order: open,close");
  command.add_option("--where", choice.where,
                     "Only rows for which it is true: \"close > 50000 and side in ('B', 'S')\"");
  command.add_option("--prices", choice.prices, "Prices that are kept as decimals: float, decimal")
      ->capture_default_str();
  command.add_option("--as-of", choice.as_of, kAsOfHelp);
}

constexpr int64_t kRowsInTable = 20;

int read_rows(Session& session, const RowChoice& choice) {
  (void)session.output_options();  // a bad format is told before the lake is read
  const Lake lake = session.open_lake();
  Batches rows = lake.read_batches(choice.keys[0], read_options(choice, lake, session));
  session.show(RowSource{rows.schema(), [&] { return rows.next(); }}, kRowsInTable);
  return kExitDone;
}

void add_read(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("read", "Show the rows of a series");
  const auto choice = std::make_shared<RowChoice>();
  command->add_option("KEY", choice->keys, "The series")->required()->expected(1);
  add_row_options(*command, *choice);
  add_count(*command, "--limit", choice->limit, 0)->description("At most so many rows, the first ones");
  command->footer(
      "Examples:\n"
      "  varve read forex/EUR_USD --start 2024-03-05 --end 2024-03-06\n"
      "  varve read forex/EUR_USD --columns timestamp,close -o json --limit 5\n"
      "  varve read forex/EUR_USD --where \"close > 1.09 and timestamp >= 2024-03-05T10:00Z\"\n"
      "  varve read forex/EUR_USD --as-of 3 | head\n"
      "  varve read forex/EUR_USD --as-of 2024-03-05T12:00Z");
  command->callback(
      [&session, choice] { session.command = [&session, choice] { return read_rows(session, *choice); }; });
}

void add_end(CLI::App& app, Session& session, bool first) {
  CLI::App* const command = app.add_subcommand(
      first ? "head" : "tail", first ? "Show the first rows of a series" : "Show the last rows of a series");
  const auto choice = std::make_shared<RowChoice>();
  command->add_option("KEY", choice->keys, "The series")->required()->expected(1);
  add_count(*command, "-n,--rows", choice->rows, 0)->description("How many rows")->default_str("10");
  add_row_options(*command, *choice);
  command->footer(std::string("Example:\n  varve ") + (first ? "head" : "tail") + " forex/EUR_USD -n 20");
  command->callback([&session, choice, first] {
    session.command = [&session, choice, first] {
      (void)session.output_options();
      const Lake lake = session.open_lake();
      const ReadOptions options = read_options(*choice, lake, session);
      const std::string& key = choice->keys[0];
      session.show(first ? lake.head(key, choice->rows, options) : lake.tail(key, choice->rows, options), choice->rows);
      return kExitDone;
    };
  });
}

std::string replaced(std::string text, const std::string& part, const std::string& with) {
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + with.size())) {
    text.replace(at, part.size(), with);
  }
  return text;
}

int export_series(Session& session, const RowChoice& choice) {
  const std::string pattern = session.out_file;
  const bool named_by_key = pattern.find("{key}") != std::string::npos;
  if (choice.keys.size() > 1 && !named_by_key) {
    throw InvalidArgument("{} series need a file each: put {key} into --out, such as --out \"backup/{key}.parquet\"",
                          choice.keys.size());
  }
  (void)session.output_options();
  const Lake lake = session.open_lake();
  for (const std::string& key : choice.keys) {
    Batches batches = lake.read_batches(key, read_options(choice, lake, session));
    int64_t rows = 0;
    const auto next = [&] {
      std::optional<Table> table = batches.next();
      rows += table ? table->num_rows() : 0;
      return table;
    };
    session.out_file = replaced(pattern, "{key}", key);
    session.interrupts().token().check();
    if (named_by_key) base::make_directories(session.files(), base::parent_path(session.out_file));
    session.show(RowSource{batches.schema(), next}, std::numeric_limits<int64_t>::max());
    if (!pattern.empty()) session.say(format_message("{}: {} rows to {}", {key, rows, session.out_file}));
  }
  return kExitDone;
}

void add_export(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("export", "Write series out as files of other formats");
  const auto choice = std::make_shared<RowChoice>();
  command->add_option("KEY", choice->keys, "The series")->required();
  add_row_options(*command, *choice);
  command->footer(
      "The file appears when it is whole. Without --out, rows go to standard output.\n"
      "Examples:\n"
      "  varve export forex/EUR_USD --out eurusd.csv\n"
      "  varve export forex/EUR_USD forex/GBP_USD --out \"{key}.parquet\" --start 2024-01-01\n"
      "  varve export forex/EUR_USD -o parquet > eurusd.parquet");
  command->callback(
      [&session, choice] { session.command = [&session, choice] { return export_series(session, *choice); }; });
}

}  // namespace

void add_read_commands(CLI::App& app, Session& session) {
  add_read(app, session);
  add_end(app, session, true);
  add_end(app, session, false);
  add_export(app, session);
}

}  // namespace varve::cli
