#include "varve/cli/program.h"

#include <algorithm>
#include <array>
#include <exception>
#include <iostream>
#include <new>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "varve/base/error.h"
#include "varve/cli/commands.h"
#include "varve/cli/exit_codes.h"
#include "varve/cli/interrupts.h"
#include "varve/cli/session.h"

namespace varve::cli {

namespace {

struct SettingOption {
  const char* names;  // the last one is the setting's
  const char* value;
  const char* what;
};

constexpr std::array kSettingOptions = {
    SettingOption{"-l,--lake", "PATH", "The lake's folder; else VARVE_LAKE, else the nearest folder here or above"},
    SettingOption{"-o,--output", "FORMAT",
                  "table, csv, tsv, json, ndjson, markdown, parquet; else a table on a terminal, CSV elsewhere"},
    SettingOption{"--tz", "ZONE", "The zone of times that name none: UTC, America/New_York, +02:00"},
    SettingOption{"--threads", "N", "How many; 0 for one a processor"},
    SettingOption{"--progress", "STYLE", "auto, bar, lines, off"},
    SettingOption{"--color", "WHEN", "auto, always, never"},
};

void add_setting(CLI::App& app, Session& session, const SettingOption& option) {
  const std::string names = option.names;
  const auto keep = [&session, name = names.substr(names.rfind("--") + 2)](const std::string& value) {
    try {
      check_setting(name, value);
    } catch (const Error& error) {
      throw CLI::ValidationError("--" + name, error.what());
    }
    session.flags[name] = value;
  };
  app.add_option_function<std::string>(names, keep, option.what)->type_name(option.value);
}

void add_global_options(CLI::App& app, Session& session) {
  for (const SettingOption& option : kSettingOptions) add_setting(app, session, option);
  app.add_option("--out", session.out_file, "Write rows to this file; its ending names the format")->type_name("FILE");
  app.add_flag("-q,--quiet", session.quiet, "Only errors and warnings on standard error");
  app.set_version_flag("--version", version_text(), "Show the program's version");
}

void describe(CLI::App& app) {
  app.name("varve");
  app.description("Varve keeps market data as open Parquet files in a lake: a folder with a catalog.");
  app.require_subcommand(1);
  app.fallthrough();
  app.get_formatter()->column_width(34);
  app.footer(
      "Rows go to standard output, everything else to standard error. Settings come from the command line, then\n"
      "VARVE_LAKE, VARVE_OUTPUT, VARVE_TZ, VARVE_THREADS, VARVE_PROGRESS, VARVE_COLOR, then varve.toml in the lake,\n"
      "then ~/.config/varve/config.toml. varve COMMAND --help says more of a command.\n\n"
      "Examples:\n"
      "  varve init data\n"
      "  varve --lake data import EURUSD.csv --key forex/EUR_USD --tz UTC\n"
      "  varve --lake data read forex/EUR_USD --start 2024-03-05 --end 2024-03-06\n\n" +
      describe_exit_codes());
}

// How many letters must be put in, taken out or replaced to make one word of the other.
size_t distance(std::string_view from, std::string_view to) {
  std::vector<size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < from.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < to.size(); ++j) {
      const size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

std::string explain(const CLI::App& app, const CLI::ParseError& error) {
  if (!app.get_subcommands().empty() || dynamic_cast<const CLI::RequiredError*>(&error) == nullptr) return error.what();
  const std::vector<std::string> words = app.remaining();
  if (words.empty()) return "which command?";
  if (words[0].starts_with('-')) return format_message("there is no option {}", {quote(words[0])});
  constexpr size_t kNear = 2;
  std::string nearest;
  size_t least = kNear + 1;
  for (const CLI::App* const command : app.get_subcommands(nullptr)) {
    const std::string& name = command->get_name();
    const size_t away = distance(words[0], name);
    if (away >= least || away >= name.size()) continue;
    least = away;
    nearest = ": did you mean " + name + "?";
  }
  return format_message("there is no command {}{}", {quote(words[0]), nearest});
}

// An option or argument that is there but empty is most likely a variable of the shell that nobody set; to take it as
// not said would, for the start of what is deleted, delete all. Untimed series alone are said so.
void refuse_empty(const CLI::App& app) {
  for (const CLI::Option* const option : app.get_options()) {
    if (option->check_lname("timestamp")) continue;
    for (const std::string& value : option->results()) {
      if (value.empty()) throw CLI::ValidationError(option->get_name(), "is empty");
    }
  }
  for (const CLI::App* const command : app.get_subcommands()) refuse_empty(*command);
}

int run_command(Session& session) {
  const auto complain = [&](std::string_view message, std::string_view hint) {
    session.complain(message);
    if (!hint.empty()) session.complain("hint: " + std::string(hint));
  };
  try {
    return session.command();
  } catch (const OutputClosed&) {
    return kExitDone;
  } catch (const Cancelled& error) {
    complain(error.what(), "");
    return session.interrupts().exit_code() != 0 ? session.interrupts().exit_code() : kExitInterrupted;
  } catch (const Error& error) {
    complain(error.what(), error.kind() == ErrorKind::kAlreadyExists ? session.hint_if_there : hint_for(error.kind()));
    return exit_code(error.kind());
  } catch (const std::bad_alloc&) {
    complain("there is not enough memory", "");
  } catch (const std::exception& error) {
    complain(error.what(), "");
  }
  return kExitFailed;
}

}  // namespace

int run_program(int argc, char** argv) {
  Interrupts interrupts;
  Session session(interrupts);
  CLI::App app;
  describe(app);
  add_global_options(app, session);
  add_lake_commands(app, session);
  add_read_commands(app, session);
  add_write_commands(app, session);
  add_file_commands(app, session);
  add_history_commands(app, session);
  add_retention_commands(app, session);
  add_adopt_command(app, session);
  add_column_commands(app, session);
  add_diff_command(app, session);
  add_maintenance_commands(app, session);
  try {
    app.parse(argc, argv);
    refuse_empty(app);
  } catch (const CLI::Success& asked) {
    return app.exit(asked, std::cout, std::cerr);
  } catch (const CLI::ParseError& error) {
    session.complain(explain(app, error));
    session.complain("hint: varve --help lists the commands, varve COMMAND --help their options");
    return kExitUsage;
  }
  return run_command(session);
}

}  // namespace varve::cli
