#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <memory>
#include <utility>

#include <CLI/CLI.hpp>

#include "varve/base/error.h"
#include "varve/cli/commands.h"
#include "varve/cli/exit_codes.h"
#include "varve/cli/options.h"
#include "varve/cli/terminal.h"
#include "varve/ingest/import.h"

namespace varve::cli {

namespace {

// What the command line said of files and of the series they go into.
struct WriteChoice {
  std::vector<std::string> paths;
  std::string key;
  std::string timestamp;
  std::vector<std::string> columns;
  std::vector<std::string> renames;
  std::string delimiter;
  bool skip_bad = false;
  std::string kind;
  std::vector<std::string> identity;
  std::string layout;
  std::string compression;
  int64_t target_rows = 0;
  std::string prices;
  std::vector<std::string> price_columns;
  std::string on_conflict = "error";
  int64_t expects_version = -1;
  bool redefine = false;
  bool untimed = false;
  std::string start;
  std::string end;
  std::string closed = "both";
  bool yes = false;
  bool dry_run = false;
};

bool has_range(const WriteChoice& choice) { return !choice.start.empty() || !choice.end.empty(); }

SeriesRange range_of(const WriteChoice& choice, Session& session) {
  SeriesRange range{.closed = parse_closed(choice.closed), .zone = session.settings().get_or("tz", "")};
  if (!choice.start.empty()) range.start = TimeBound(choice.start);
  if (!choice.end.empty()) range.end = TimeBound(choice.end);
  return range;
}

void add_range_options(CLI::App& command, WriteChoice& choice) {
  command.add_option("--start", choice.start, "From this time on: 2024-03-05, or ISO 8601 with a zone (or --tz)");
  command.add_option("--end", choice.end, "Up to this time; a day means all of it");
  command.add_option("--closed", choice.closed, "Which ends belong to the range: both, left, right, none")
      ->capture_default_str();
}

char parse_delimiter(const std::string& text) {
  if (text.empty()) return 0;
  if (text == "tab" || text == "\\t") return '\t';
  if (text.size() == 1 && text != "\"" && text != "\n" && text != "\r") return text[0];
  throw InvalidArgument("the delimiter {} is no single character; a tab is written as tab", quote(text));
}

ingest::TableFileOptions file_options(const WriteChoice& choice, Session& session) {
  ingest::TableFileOptions options;
  options.csv.timestamp = choice.timestamp;
  options.csv.untimed = choice.untimed;
  options.csv.zone = session.settings().get_or("tz", "");
  options.csv.columns = choice.columns;
  for (const std::string& rename : choice.renames) {
    const size_t equals = rename.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == rename.size()) {
      throw InvalidArgument("--map {}: it takes name=column, such as volume=Vol", quote(rename));
    }
    options.csv.renames.emplace_back(rename.substr(0, equals), rename.substr(equals + 1));
  }
  options.csv.kind = choice.kind;
  options.csv.delimiter = parse_delimiter(choice.delimiter);
  options.cancel = session.interrupts().token();
  return options;
}

SeriesOptions series_options(const WriteChoice& choice) {
  SeriesOptions options;
  if (!choice.kind.empty()) options.kind = choice.kind;
  if (!choice.layout.empty()) options.layout = choice.layout;
  if (!choice.compression.empty()) options.compression = choice.compression;
  if (choice.target_rows > 0) options.target_rows_per_file = choice.target_rows;
  if (!choice.prices.empty()) options.prices = choice.prices;
  if (!choice.price_columns.empty()) options.price_columns = choice.price_columns;
  if (choice.identity == std::vector<std::string>{"none"}) {
    options.identity.emplace();
  } else if (!choice.identity.empty()) {
    options.identity = choice.identity;
  }
  return options;
}

void add_file_options(CLI::App& command, WriteChoice& choice) {
  const std::string of_csv = "CSV";
  CLI::Option* const timestamp =
      command.add_option("--timestamp", choice.timestamp, "The time column, where its name does not tell");
  command.add_flag("--untimed", choice.untimed, "The rows have no time: a table of a day's symbols, say")
      ->excludes(timestamp);
  command.add_option("--map", choice.renames, "Another name for a column, name=column; may be repeated")
      ->allow_extra_args(false);
  add_names(command, "--columns", choice.columns)
      ->description("Names for the columns of a file without header row")
      ->group(of_csv);
  command
      .add_option("--delimiter", choice.delimiter, "Between fields, where , ; tab | is not seen from the first line")
      ->group(of_csv);
  command.add_flag("--skip-bad", choice.skip_bad, "Leave out rows that do not parse; else nothing is written")
      ->group(of_csv);
  const std::string of_series = "A new series";
  command.add_option("--kind", choice.kind, "What it holds: ohlcv, trades, quotes, generic, ...")->group(of_series);
  add_names(command, "--identity", choice.identity)
      ->description("The columns that make a row unique beside its time, or none")
      ->group(of_series);
  command
      .add_option("--layout", choice.layout,
                  "Its files: range, month, day, or a template of paths such as '{symbol}/{yyyy}/{mm}/data.parquet'")
      ->group(of_series);
  command.add_option("--compression", choice.compression, "auto, zstd, zstd:9, snappy, lz4, gzip, none")
      ->group(of_series);
  add_count(command, "--target-rows", choice.target_rows, 1)->description("Rows a file")->group(of_series);
  command.add_option("--prices", choice.prices, "How files keep prices: float, decimal")->group(of_series);
  add_names(command, "--price-columns", choice.price_columns)
      ->description("The columns of decimal prices, where the kind does not tell")
      ->group(of_series);
}

void report_bad_rows(Session& session, const std::string& name, int64_t bad_rows, int64_t rows_read,
                     const std::vector<ingest::BadRow>& first) {
  session.complain(format_message("{}: {} of {} rows do not parse", {name, bad_rows, rows_read}));
  for (const ingest::BadRow& bad : first) session.complain("  " + bad.text());
  const int64_t more = bad_rows - static_cast<int64_t>(first.size());
  if (more > 0) session.complain(format_message("  and {} more", {more}));
}

constexpr const char* kNothingWritten = "nothing was written; --skip-bad leaves such rows out";

// Brings one file in; its exit status. An error is told here, so that the next file has its turn.
int import_one(Session& session, Lake& lake, const std::string& path, const ingest::ImportOptions& options) {
  try {
    const ingest::FileImport result = ingest::import_file(lake, session.files(), path, options);
    if (result.bad_rows > 0) report_bad_rows(session, path, result.bad_rows, result.rows_read, result.first_bad);
    if (!result.commit) {
      session.complain(path + ": " + kNothingWritten);
      return kExitUsage;
    }
    session.say(commit_text(*result.commit));
    return kExitDone;
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    session.complain(error.what());
    return exit_code(error.kind());
  }
}

int import_files(Session& session, const WriteChoice& choice) {
  ingest::ImportOptions options;
  options.key = choice.key;
  options.file = file_options(choice, session);
  options.series = series_options(choice);
  options.skip_bad = choice.skip_bad;
  options.expects_version = if_said(choice.expects_version);
  if (options.expects_version && choice.paths.size() > 1) {
    throw InvalidArgument("--expects-version is for one file: the second one would find another version");
  }
  for (const std::string& path : choice.paths) {
    if (path == "-") throw InvalidArgument("import reads files; write, append and upsert read standard input as -");
    (void)ingest::expand_key(options.key, path);
  }
  const std::unique_ptr<Progress> progress = session.make_progress();
  options.file.on_progress = [&](uint64_t bytes, uint64_t total) { progress->update(bytes, total); };

  session.interrupts().finish_before_exit();
  Lake lake = session.open_lake();
  int status = kExitDone;
  int64_t failed = 0;
  for (const std::string& path : choice.paths) {
    progress->start(path);
    const int result = import_one(session, lake, path, options);
    progress->finish();
    if (result == kExitDone) continue;
    ++failed;
    if (status == kExitDone) status = result;
  }
  if (failed > 0 && choice.paths.size() > 1) {
    session.complain(format_message("{} of {} files were not brought in", {failed, choice.paths.size()}));
  }
  lake.close();
  return status;
}

void add_import(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("import", "Bring files into the lake: CSV (plain, gzip, zstd), Parquet");
  const auto choice = std::make_shared<WriteChoice>();
  choice->key = "{stem}";
  command->add_option("FILE", choice->paths, "The files")->required();
  command->add_option("-k,--key", choice->key, "The series; {stem} is the file's name without folder and endings")
      ->capture_default_str();
  add_file_options(*command, *choice);
  add_expects_version(*command, choice->expects_version);
  command->footer(
      "A file is brought in whole, or not at all. To bring it in again changes nothing: rows that are there are found\n"
      "by what makes them unique, or else the file by its checksum.\n"
      "Times are ISO 8601 or epoch numbers in s, ms, us or ns, told by their size. Times without a zone need --tz.\n"
      "Examples:\n"
      "  varve import EURUSD.csv --key forex/EUR_USD --tz UTC\n"
      "  varve import data/*.csv.gz --key \"futures/{stem}\"\n"
      "  varve import klines.csv --columns open_time,open,high,low,close,volume --key crypto/BTCUSDT");
  command->callback(
      [&session, choice] { session.command = [&session, choice] { return import_files(session, *choice); }; });
}

std::vector<std::byte> read_stdin() {
  constexpr size_t kBlock = size_t{1} << 20;
  std::vector<std::byte> bytes;
  for (;;) {
    const size_t before = bytes.size();
    bytes.resize(before + kBlock);
    const size_t count = std::fread(bytes.data() + before, 1, kBlock, stdin);
    bytes.resize(before + count);
    if (count == kBlock) continue;
    if (std::ferror(stdin) != 0) throw Io("cannot read standard input: {}", std::strerror(errno));
    return bytes;
  }
}

enum class Verb { kWrite, kAppend, kUpsert, kReplace };

int put_file(Session& session, const WriteChoice& choice, Verb verb) {
  const std::string& path = choice.paths[0];
  const std::unique_ptr<Progress> progress = session.make_progress();
  ingest::TableFileOptions options = file_options(choice, session);
  options.on_progress = [&](uint64_t bytes, uint64_t total) { progress->update(bytes, total); };
  SeriesWriteOptions write{.series = series_options(choice)};
  if (choice.on_conflict == "ignore") write.on_conflict = AppendConflict::kIgnore;
  write.expects_version = if_said(choice.expects_version);
  write.redefine = choice.redefine;
  Lake lake = session.open_lake();
  (void)lake.exists(choice.key);  // a bad key is told before the file is read

  const bool piped = path == "-";
  const std::string source = piped ? "standard input" : path;
  progress->start(source);
  const ingest::TableFile file = piped ? ingest::read_table_bytes(read_stdin(), source, options)
                                       : ingest::read_table_file(session.files(), path, options);
  progress->finish();
  if (file.bad_rows > 0) report_bad_rows(session, source, file.bad_rows, file.rows_read, file.first_bad);
  if (file.bad_rows > 0 && !choice.skip_bad) throw InvalidArgument("{}: {}", source, kNothingWritten);

  session.interrupts().finish_before_exit();
  session.interrupts().token().check();
  write.series.index = file.index;
  // What comes through a pipe was made for this once.
  write.source = Source{.name = source, .sha256 = file.sha256, .again = piped};
  if (verb == Verb::kAppend && ingest::rows_have_identity(lake, choice.key, file.table, write.series)) {
    session.hint_if_there = "upsert replaces rows that are there";
  }
  Commit commit;
  ingest::run_naming(source, choice.key, [&] {
    commit = verb == Verb::kWrite    ? lake.write(choice.key, file.table, write)
             : verb == Verb::kAppend ? lake.append(choice.key, file.table, write)
             : verb == Verb::kUpsert ? lake.upsert(choice.key, file.table, write)
                                     : lake.replace(choice.key, file.table, range_of(choice, session), write);
  });
  lake.close();
  session.say(commit_text(commit));
  return kExitDone;
}

void add_put(CLI::App& app, Session& session, Verb verb, const std::string& name, const std::string& what) {
  CLI::App* const command = app.add_subcommand(name, what);
  const auto choice = std::make_shared<WriteChoice>();
  command->add_option("KEY", choice->key, "The series")->required();
  command->add_option("FILE", choice->paths, "CSV or Parquet; - for CSV on standard input")->required()->expected(1);
  add_file_options(*command, *choice);
  if (verb == Verb::kReplace) add_range_options(*command, *choice);
  if (verb == Verb::kAppend) {
    command->add_option("--on-conflict", choice->on_conflict, "For rows that are there already: error, ignore")
        ->capture_default_str()
        ->check(CLI::IsMember({"error", "ignore"}));
  }
  if (verb == Verb::kWrite) {
    command->add_flag("--redefine", choice->redefine, "Make the series what is said here, whatever it was");
  }
  add_expects_version(*command, choice->expects_version);
  command->footer("Examples:\n  varve " + name + " forex/EUR_USD bars.csv --tz UTC\n  tail -n 100 bars.csv | varve " +
                  name + " forex/EUR_USD - --columns timestamp,open,high,low,close");
  command->callback([&session, choice, verb] {
    session.command = [&session, choice, verb] { return put_file(session, *choice, verb); };
  });
}

bool confirmed(const SeriesInfo& series) {
  if (!is_terminal(stdin) || !is_terminal(stderr)) {
    throw InvalidArgument("deleting {} needs --yes where nobody can be asked", quote(series.key));
  }
  std::cerr << format_message("delete {}, {} rows in {} files? [y/N] ", {series.key, series.rows, series.files});
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

// Versions keep what a range loses, so nobody is asked; nor by a dry run.
int remove(Session& session, const WriteChoice& choice) {
  Lake lake = session.open_lake();
  const bool whole = !has_range(choice);
  if (whole && !choice.yes && !choice.dry_run && !confirmed(lake.info(choice.key))) {
    session.say("nothing was deleted");
    return kExitFailed;
  }
  session.interrupts().finish_before_exit();
  const ChangeOptions options{.expects_version = if_said(choice.expects_version), .dry_run = choice.dry_run};
  const Commit commit =
      whole ? lake.remove(choice.key, options) : lake.remove_range(choice.key, range_of(choice, session), options);
  lake.close();
  session.say(format_message("{}: {}{} rows {}removed", {commit.key, whole && !choice.dry_run ? "deleted, " : "",
                                                         commit.rows_removed, choice.dry_run ? "would be " : ""}));
  return kExitDone;
}

void add_delete(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("delete", "Remove a series, or the rows of a range");
  const auto choice = std::make_shared<WriteChoice>();
  command->add_option("KEY", choice->key, "The series")->required();
  add_range_options(*command, *choice);
  command->add_flag("-y,--yes", choice->yes, "Do not ask");
  command->add_flag("--dry-run", choice->dry_run, "Say what would go, and change nothing");
  add_expects_version(*command, choice->expects_version);
  command->footer(
      "Old versions keep the rows until varve vacuum lets them go. What is known of the range (varve coverage) is "
      "forgotten.\n"
      "Examples:\n  varve delete forex/EUR_USD --yes\n"
      "  varve delete forex/EUR_USD --start 2024-03-05 --end 2024-03-05");
  command->callback([&session, choice] { session.command = [&session, choice] { return remove(session, *choice); }; });
}

}  // namespace

std::string commit_text(const Commit& commit) {
  if (commit.source_seen) return format_message("{}: the file was brought in before, nothing to do", {commit.key});
  std::string text = format_message("{}: version {}, {} rows added", {commit.key, commit.version, commit.rows_added});
  const auto add = [&](int64_t rows, std::string_view what) {
    if (rows > 0) text += format_message(", {} {}", {rows, what});
  };
  add(commit.rows_replaced, "replaced");
  add(commit.rows_unchanged, "unchanged");
  add(commit.rows_ignored, "ignored");
  add(commit.rows_removed, "removed");
  return text;
}

void add_write_commands(CLI::App& app, Session& session) {
  add_import(app, session);
  add_put(app, session, Verb::kWrite, "write", "Make a file's rows the whole series");
  add_put(app, session, Verb::kAppend, "append", "Add a file's rows to a series");
  add_put(app, session, Verb::kUpsert, "upsert", "Add a file's rows to a series, in place of those that are there");
  add_put(app, session, Verb::kReplace, "replace", "Make a file's rows the content of a range, --start to --end");
  add_delete(app, session);
}

}  // namespace varve::cli
