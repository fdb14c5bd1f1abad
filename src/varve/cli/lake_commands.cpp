#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "varve/base/error.h"
#include "varve/cli/commands.h"
#include "varve/cli/commands/table_maker.h"
#include "varve/cli/exit_codes.h"
#include "varve/cli/options.h"
#include "varve/cli/stored_files.h"

namespace varve::cli {

namespace {

using Texts = std::vector<std::optional<std::string>>;

Table series_table(const std::vector<SeriesInfo>& all) {
  TableMaker maker;
  maker.add_text("key", collect<std::optional<std::string>>(all, &SeriesInfo::key));
  maker.add_text("kind", collect<std::optional<std::string>>(all, &SeriesInfo::kind));
  maker.add_numbers("rows", collect<int64_t>(all, &SeriesInfo::rows));
  maker.add_numbers("files", collect<int64_t>(all, &SeriesInfo::files));
  maker.add_numbers("bytes", collect<int64_t>(all, &SeriesInfo::bytes));
  maker.add_times("first", collect<std::optional<Timestamp>>(all, &SeriesInfo::first));
  maker.add_times("last", collect<std::optional<Timestamp>>(all, &SeriesInfo::last));
  maker.add_numbers("version", collect<int64_t>(all, &SeriesInfo::version));
  return maker.make();
}

nlohmann::ordered_json to_json(const std::optional<Timestamp>& at) {
  return at ? nlohmann::ordered_json(to_string(*at)) : nlohmann::ordered_json(nullptr);
}

// All there is to know of a series, in the order in which it is shown.
nlohmann::ordered_json to_json(const SeriesInfo& series) {
  nlohmann::ordered_json json;
  json["key"] = series.key;
  json["kind"] = series.kind;
  json["index"] = series.index.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(series.index);
  json["identity"] = series.identity ? nlohmann::ordered_json(*series.identity) : nlohmann::ordered_json(nullptr);
  json["layout"] = series.layout;
  json["compression"] = series.compression;
  json["target_rows_per_file"] = series.target_rows_per_file;
  json["prices"] = series.prices;
  if (!series.price_scales.empty()) json["price_scales"] = series.price_scales;
  json["version"] = series.version;
  json["rows"] = series.rows;
  json["files"] = series.files;
  json["bytes"] = series.bytes;
  json["first"] = to_json(series.first);
  json["last"] = to_json(series.last);
  json["created"] = to_string(series.created);
  json["updated"] = to_string(series.updated);
  json["metadata"] = nlohmann::ordered_json::parse(series.metadata);
  json["columns"] = nlohmann::ordered_json::array();
  for (const Field& field : series.schema.fields()) {
    json["columns"].push_back({{"name", field.name}, {"type", to_string(field.type)}, {"nullable", field.nullable}});
  }
  return json;
}

// How rows of the series are told apart, in words.
std::string identity_text(const SeriesInfo& series) {
  if (!series.identity) return "none";
  std::string text = series.index;
  for (const std::string& name : *series.identity) text += (text.empty() ? "" : ", ") + name;
  return text;
}

Table field_table(const SeriesInfo& series) {
  Texts fields;
  Texts values;
  const auto add = [&](const std::string& field, std::optional<std::string> value) {
    fields.emplace_back(field);
    values.push_back(std::move(value));
  };
  const nlohmann::ordered_json all = to_json(series);
  for (const auto& [name, value] : all.items()) {
    if (name == "identity") {
      add(name, identity_text(series));
    } else if (name == "columns") {
      for (const Field& field : series.schema.fields()) add("column " + field.name, to_string(field.type));
    } else if (value.is_null()) {
      add(name, std::nullopt);
    } else {
      add(name, value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
  TableMaker maker;
  maker.add_text("field", fields);
  maker.add_text("value", values);
  return maker.make();
}

void add_init(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("init", "Make a lake");
  const auto path = std::make_shared<std::string>();
  command->add_option("PATH", *path, "Its folder, made if it is not there; else --lake, VARVE_LAKE or the one here");
  command->footer("Example:\n  varve init data");
  command->callback([&session, path] {
    session.command = [&session, path] {
      std::string root = *path;
      if (root.empty() && session.flags.contains("lake")) root = session.flags.at("lake");
      if (root.empty()) root = session.settings().get_or("lake", ".");
      session.interrupts().finish_before_exit();
      Lake lake = Lake::open(root, session.open_options());
      const size_t keys = lake.list_keys().size();
      lake.close();
      session.say(keys == 0 ? format_message("{} is a lake, empty so far", {root})
                            : format_message("{} is a lake with {} series", {root, keys}));
      return kExitDone;
    };
  });
}

void add_ls(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("ls", "List the series of the lake");
  const auto prefix = std::make_shared<std::string>();
  command->add_option("PREFIX", *prefix, "Only the key itself and those under it: forex");
  command->footer("Examples:\n  varve ls\n  varve ls forex -o json");
  command->callback([&session, prefix] {
    session.command = [&session, prefix] {
      const Lake lake = session.open_lake();
      const size_t slash = prefix->size() > 1 && prefix->ends_with('/') ? 1 : 0;
      if (!prefix->empty()) (void)lake.exists(prefix->substr(0, prefix->size() - slash));  // throws for a bad key
      const Table all = series_table(lake.info_all(*prefix));
      session.show(all, all.num_rows());
      return kExitDone;
    };
  });
}

// What `info` is asked for.
struct InfoChoice {
  std::string subject;  // a key, or a Parquet file
  bool files = false;
  bool row_groups = false;
  std::string as_of;
};

int show_series(Session& session, const std::string& key) {
  const SeriesInfo series = session.open_lake().info(key);
  const Format format = choose_format(session.output_options());
  if (format == Format::kJson || format == Format::kNdjson) {
    const std::string text = to_json(series).dump(format == Format::kJson ? 2 : -1) + "\n";
    write_output(session.files(), text, session.out_file);
  } else {
    const Table fields = field_table(series);
    session.show(fields, fields.num_rows());
  }
  return kExitDone;
}

int show_files(Session& session, const std::vector<NamedFile>& files, bool by_row_group) {
  if (files.empty()) {
    session.say("no files");
    return kExitDone;
  }
  const Table columns = explain_files(session.files(), files, by_row_group);
  session.show(columns, columns.num_rows());
  return kExitDone;
}

int show_info(Session& session, const InfoChoice& choice) {
  if (names_parquet_file(session.files(), choice.subject)) {
    const NamedFile file{choice.subject, choice.subject};
    session.say(describe_file(session.files(), file));
    return show_files(session, {file}, choice.row_groups);
  }
  if (!choice.files && !choice.row_groups) return show_series(session, choice.subject);
  const Lake lake = session.open_lake();
  std::optional<AsOf> as_of;
  if (!choice.as_of.empty()) as_of = parse_as_of(choice.as_of, lake, session.settings().get_or("tz", ""));
  std::vector<NamedFile> files;
  for (const std::string& name : lake.files(choice.subject, as_of)) {
    files.push_back({base::join_path(lake.root(), name), name});
  }
  return show_files(session, files, choice.row_groups);
}

void add_info(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("info", "Show what is known of a series, or how files store it");
  const auto choice = std::make_shared<InfoChoice>();
  command->add_option("KEY", choice->subject, "The series, or a Parquet file of anybody's: bars.parquet")->required();
  CLI::Option* const files = command->add_flag(
      "--files", choice->files, "How its files store each column: encoding, codec, pages, bytes a value");
  command->add_flag("--row-groups", choice->row_groups, "The same for each row group");
  command->add_option("--as-of", choice->as_of, "The files of then: a version, a snapshot, or a time")->needs(files);
  command->footer(
      "Examples:\n"
      "  varve info forex/EUR_USD\n"
      "  varve info forex/EUR_USD --files\n"
      "  varve info bars.parquet --row-groups -o json");
  command->callback(
      [&session, choice] { session.command = [&session, choice] { return show_info(session, *choice); }; });
}

// What `coverage` is asked for.
struct CoverageChoice {
  std::string key;
  std::string start;
  std::string end;
  bool missing = false;
};

// Ranges of many series and facts, one a row.
class CoverageTable {
 public:
  void add(const std::string& key, const std::string& fact, const TimeRanges& ranges) {
    for (const TimeRange& range : ranges) {
      keys_.emplace_back(key);
      facts_.emplace_back(fact);
      starts_.emplace_back(range.start);
      ends_.emplace_back(range.end);
    }
  }
  Table make() const {
    TableMaker maker;
    maker.add_text("key", keys_);
    maker.add_text("fact", facts_);
    maker.add_times("start", starts_);
    maker.add_times("end", ends_);
    return maker.make();
  }

 private:
  Texts keys_;
  Texts facts_;
  std::vector<std::optional<Timestamp>> starts_;
  std::vector<std::optional<Timestamp>> ends_;
};

int show_coverage(Session& session, const CoverageChoice& choice) {
  (void)session.output_options();  // a bad format is told before the lake is read
  CoverageRange within;
  if (!choice.start.empty()) within.start = TimeBound(choice.start);
  if (!choice.end.empty()) within.end = TimeBound(choice.end);
  within.zone = session.settings().get_or("tz", "");
  const Lake lake = session.open_lake();
  CoverageTable table;
  for (const std::string& key : choice.key.empty() ? lake.list_keys() : std::vector<std::string>{choice.key}) {
    if (choice.missing) {
      table.add(key, "missing", lake.missing(key, within));
    } else {
      const Coverage known = lake.coverage(key, within);
      table.add(key, "requested", known.requested);
      table.add(key, "received", known.received);
      table.add(key, "empty", known.empty);
    }
  }
  const Table rows = table.make();
  session.show(rows, rows.num_rows());
  return kExitDone;
}

void add_coverage(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("coverage", "Show what was asked for, what came, and what is empty");
  const auto choice = std::make_shared<CoverageChoice>();
  command->add_option("KEY", choice->key, "Only this series");
  command->add_option("--start", choice->start, "From this time on: 2024-03-05, or ISO 8601 with a zone (or --tz)");
  command->add_option("--end", choice->end, "Up to and without this time; a day means all of it");
  command->add_flag("--missing", choice->missing,
                    "What neither came nor is known to be empty, in the range or in what was asked for");
  command->footer(
      "A start is part of its range, an end is not.\n"
      "Examples:\n"
      "  varve coverage forex/EUR_USD\n"
      "  varve coverage forex/EUR_USD --missing --start 2024-01-01 --end 2024-12-31 -o json");
  command->callback(
      [&session, choice] { session.command = [&session, choice] { return show_coverage(session, *choice); }; });
}

void add_version(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand("version", "Show the program's version");
  command->callback([&session] {
    session.command = [&session] {
      write_output(session.files(), version_text() + "\n");
      return kExitDone;
    };
  });
}

}  // namespace

std::string version_text() { return "varve " VARVE_VERSION; }

void add_lake_commands(CLI::App& app, Session& session) {
  add_init(app, session);
  add_ls(app, session);
  add_info(app, session);
  add_coverage(app, session);
  add_version(app, session);
}

}  // namespace varve::cli
