#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include <CLI/CLI.hpp>

#include "varve/base/error.h"
#include "varve/cli/commands.h"
#include "varve/cli/commands/table_maker.h"
#include "varve/cli/exit_codes.h"
#include "varve/cli/options.h"
#include "varve/table/select.h"

namespace varve::cli {

namespace {

// What `diff` is asked for.
struct DiffChoice {
  std::string key;
  std::string from;
  std::string to;
  std::string rows;  // "": a summary
  int64_t limit = -1;
};

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

Table summary(const Diff& diff) {
  TableMaker maker;
  maker.add_numbers("from", {diff.from_version});
  maker.add_numbers("to", {diff.to_version});
  maker.add_numbers("rows_added", {diff.rows_added});
  maker.add_numbers("rows_removed", {diff.rows_removed});
  maker.add_numbers("rows_changed", {diff.rows_changed});
  maker.add_text("columns_added", {joined(diff.columns_added)});
  maker.add_text("columns_dropped", {joined(diff.columns_dropped)});
  maker.add_text("columns_retyped", {joined(diff.columns_retyped)});
  return maker.make();
}

// Each row as it was, and below it as it became, with a column in front that says which it is.
Table interleaved(const Diff& diff) {
  const int64_t rows = diff.before.num_rows();
  std::vector<int64_t> order;
  std::vector<std::optional<std::string>> words;
  for (int64_t row = 0; row < rows; ++row) {
    order.insert(order.end(), {row, rows + row});
    words.insert(words.end(), {"before", "after"});
  }
  const std::array<Table, 2> both = {diff.before, diff.after};
  const Table mixed = table::take(table::concatenate(both), order);
  std::string name = "row";
  while (mixed.schema().find(name)) name += "_";
  std::vector<Field> fields = {{name, DataType::string()}};
  std::vector<Column> columns = {make_column(DataType::string(), words)};
  for (size_t at = 0; at < mixed.num_columns(); ++at) {
    fields.push_back(mixed.schema()[at]);
    columns.push_back(mixed.column(at));
  }
  return {Schema(std::move(fields)), std::move(columns)};
}

int64_t count_of(const Diff& diff, const std::string& rows) {
  return rows == "added" ? diff.rows_added : rows == "removed" ? diff.rows_removed : diff.rows_changed;
}

int show_diff(Session& session, const DiffChoice& choice) {
  (void)session.output_options();  // a bad format is told before the lake is read
  const Lake lake = session.open_lake();
  const std::string zone = session.settings().get_or("tz", "");
  const AsOf from = parse_as_of(choice.from, lake, zone);
  std::optional<AsOf> to;
  if (!choice.to.empty()) to = parse_as_of(choice.to, lake, zone);
  DiffOptions options;
  if (choice.rows.empty()) options.limit = 0;
  if (choice.limit >= 0) options.limit = choice.limit;
  const std::unique_ptr<Progress> progress = session.make_progress();
  options.on_progress = [&](uint64_t bytes, uint64_t total) { progress->update(bytes, total); };
  progress->start(choice.key);
  const Diff diff = lake.diff(choice.key, from, to, options);
  progress->finish();
  if (choice.rows.empty()) {
    session.show(summary(diff), 1);
    return kExitDone;
  }
  const Table rows = choice.rows == "changed" ? interleaved(diff) : choice.rows == "added" ? diff.added : diff.removed;
  session.show(rows, rows.num_rows());
  const int64_t shown = choice.rows == "changed" ? rows.num_rows() / 2 : rows.num_rows();
  if (const int64_t all = count_of(diff, choice.rows); shown < all) {
    session.say(format_message("the first {} of {} rows {}", {shown, all, choice.rows}));
  }
  return kExitDone;
}

}  // namespace

void add_diff_command(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("diff", "Tell what changed between two states of a series");
  const auto choice = std::make_shared<DiffChoice>();
  command->add_option("KEY", choice->key, "The series")->required();
  command->add_option("FROM", choice->from, "A state: a version, a snapshot, or a time")->required();
  command->add_option("TO", choice->to, "Another one; the newest if absent");
  command->add_option("--rows", choice->rows, "Show these rows: added, removed, changed (as they were and became)")
      ->check(CLI::IsMember({"added", "removed", "changed"}));
  add_count(*command, "--limit", choice->limit, 0)
      ->description("At most so many of them, the first ones")
      ->default_str(std::to_string(*DiffOptions().limit));
  command->footer(
      "Examples:\n"
      "  varve diff forex/EUR_USD 3\n"
      "  varve diff forex/EUR_USD before-backfill 2024-03-05 -o json\n"
      "  varve diff forex/EUR_USD 3 4 --rows changed --limit 20");
  command->callback(
      [&session, choice] { session.command = [&session, choice] { return show_diff(session, *choice); }; });
}

}  // namespace varve::cli
