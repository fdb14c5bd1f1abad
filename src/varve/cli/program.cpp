#include "varve/cli/program.h"

#include <array>
#include <exception>
#include <iostream>
#include <new>
#include <string>

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

void add_global_options(CLI::App& app, Session& session) {
  for (const SettingOption& option : kSettingOptions) {
    const std::string names = option.names;
    const std::string setting = names.substr(names.rfind("--") + 2);
    app.add_option_function<std::string>(
           names, [&session, setting](const std::string& value) { session.flags[setting] = value; }, option.what)
        ->type_name(option.value);
  }
  app.add_option("--out", session.out_file, "Write rows to this file; its ending names the format")->type_name("FILE");
  app.add_flag("-q,--quiet", session.quiet, "Only errors and warnings on standard error");
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
    complain(error.what(), hint_for(error.kind()));
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
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    return app.exit(asked, std::cout, std::cerr);
  } catch (const CLI::ParseError& error) {
    session.complain(error.what());
    session.complain("hint: varve --help lists the commands, varve COMMAND --help their options");
    return kExitUsage;
  }
  return run_command(session);
}

}  // namespace varve::cli
