#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "varve/base/error.h"
#include "varve/cli/commands.h"
#include "varve/cli/commands/work.h"
#include "varve/cli/exit_codes.h"
#include "varve/cli/options.h"

namespace varve::cli {
namespace {

struct AdoptChoice {
  std::string key;
  std::string layout;
  std::string kind;
  std::string index;
  std::vector<std::string> identity;
  std::string compression;
  int64_t target_rows = 0;
  std::string prices;
  std::vector<std::string> price_columns;
  bool dry_run = false;
  bool rewrite = false;
};

AdoptOptions adopt_options(const AdoptChoice& choice, Session& session) {
  AdoptOptions options;
  options.dry_run = choice.dry_run;
  options.rewrite = choice.rewrite;
  if (choice.rewrite) options.zone = session.settings().get_or("tz", "");
  if (!choice.compression.empty()) options.series.compression = choice.compression;
  if (choice.target_rows > 0) options.series.target_rows_per_file = choice.target_rows;
  if (!choice.prices.empty()) options.series.prices = choice.prices;
  if (!choice.price_columns.empty()) options.series.price_columns = choice.price_columns;
  if (!choice.layout.empty()) options.series.layout = choice.layout;
  if (!choice.kind.empty()) options.series.kind = choice.kind;
  if (!choice.index.empty()) options.series.index = choice.index;
  if (choice.identity == std::vector<std::string>{"none"}) {
    options.series.identity.emplace();
  } else if (!choice.identity.empty()) {
    options.series.identity = choice.identity;
  }
  return options;
}

Table series_table(const std::vector<AdoptedSeries>& all) {
  std::vector<std::optional<std::string>> keys;
  std::vector<std::optional<std::string>> kinds;
  std::vector<int64_t> files;
  std::vector<int64_t> rows;
  std::vector<int64_t> firsts;
  std::vector<int64_t> lasts;
  std::vector<bool> timed;
  for (const AdoptedSeries& series : all) {
    keys.emplace_back(series.key);
    kinds.emplace_back(series.kind);
    files.push_back(series.files);
    rows.push_back(series.rows);
    firsts.push_back(series.first.value_or(Timestamp{}).nanoseconds);
    lasts.push_back(series.last.value_or(Timestamp{}).nanoseconds);
    timed.push_back(series.first.has_value());
  }
  const DataType text = DataType::string();
  const DataType number = DataType::int64();
  const DataType time = DataType::timestamp(TimeUnit::kNano, "UTC");
  return Table(
      Schema({{"key", text}, {"kind", text}, {"files", number}, {"rows", number}, {"first", time}, {"last", time}}),
      {make_column(text, keys), make_column(text, kinds), make_column<int64_t>(number, files),
       make_column<int64_t>(number, rows), make_column<int64_t>(time, firsts, timed),
       make_column<int64_t>(time, lasts, timed)});
}

int adopt(Session& session, const AdoptChoice& choice) {
  if (choice.key.empty() && choice.layout.find('{') == std::string::npos) {
    throw InvalidArgument("adopt takes a key, or --layout with a template that tells keys from paths");
  }
  if (!choice.dry_run) session.interrupts().finish_before_exit();
  Lake lake = session.open_lake();
  AdoptOptions options = adopt_options(choice, session);
  std::optional<Work> work(std::in_place, session, choice.key.empty() ? choice.layout : choice.key);
  options.work = work->options();
  const AdoptReport report = lake.adopt(choice.key, options);
  work.reset();
  lake.close();
  session.show(series_table(report.series), static_cast<int64_t>(report.series.size()));
  for (const NotAdopted& left : report.left) session.complain(left.key + ": " + left.what);
  for (const AdoptedSeries& series : report.series) {
    if (!series.originals.empty()) session.say("the files that " + series.key + " had are in " + series.originals);
  }
  for (const std::string& file : report.empty_files) session.complain(file + " has no rows and stays as it is");
  session.say(format_message("{} series {}", {report.series.size(), choice.dry_run ? "can be adopted" : "adopted"}));
  const bool failed = std::any_of(report.left.begin(), report.left.end(), [](const auto& left) { return left.failed; });
  return failed && !choice.dry_run ? kExitFound : kExitDone;
}

}  // namespace

void add_adopt_command(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("adopt", "Make Parquet files that lie in the lake's folder a series");
  const auto choice = std::make_shared<AdoptChoice>();
  command->add_option("KEY", choice->key, "The series whose folder it is; all that the template finds without one");
  command->add_option("--layout", choice->layout, "Where the files lie: range, month, day, or a template of paths")
      ->default_str("range");
  command->add_option("--kind", choice->kind, "What it holds: ohlcv, trades, quotes, generic, ...");
  command->add_option("--timestamp", choice->index, "The time column, where its name does not tell");
  add_names(*command, "--identity", choice->identity)
      ->description("The columns that make a row unique beside its time, or none");
  command->add_flag("-n,--dry-run", choice->dry_run, "Only tell what would be adopted, and what not");
  command->add_flag("--rewrite", choice->rewrite,
                    "Write the rows anew as the layout has them, from files in any order anywhere in the folder; these "
                    "move to .varve/originals");
  const std::string later = "Of files that are written";
  command->add_option("--compression", choice->compression, "auto, zstd, zstd:9, snappy, lz4, gzip, none")
      ->group(later);
  add_count(*command, "--target-rows", choice->target_rows, 1)->description("Rows a file")->group(later);
  command->add_option("--prices", choice->prices, "How files keep prices: float, decimal")->group(later);
  add_names(*command, "--price-columns", choice->price_columns)
      ->description("The columns of decimal prices, where the kind does not tell")
      ->group(later);
  command->footer(
      "No file is written anew: each becomes part of the lake as it is, under the name that it has. Files must be "
      "sorted by\n"
      "time and apart in time from each other, and their times need a zone; --rewrite (with --tz) takes others.\n"
      "Examples:\n"
      "  varve adopt forex/EUR_USD --layout month\n"
      "  varve adopt --layout '{exchange}/{symbol}/{yyyy}/{mm}/data.parquet' --dry-run\n"
      "  varve adopt forex/EUR_USD --rewrite --layout month --tz UTC --prices decimal");
  command->callback([&session, choice] { session.command = [&session, choice] { return adopt(session, *choice); }; });
}

}  // namespace varve::cli
