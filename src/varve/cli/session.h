// What the commands share during one run of the program.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "varve/base/clock.h"
#include "varve/base/file_system.h"
#include "varve/cli/interrupts.h"
#include "varve/cli/output.h"
#include "varve/cli/progress.h"
#include "varve/cli/settings.h"
#include "varve/lake/lake.h"

namespace varve::cli {

// Filled by the parser, used by the command that was chosen. One thread.
class Session {
 public:
  // `interrupts` must outlive it.
  explicit Session(Interrupts& interrupts);

  // From the command line:
  SettingValues flags;
  std::string out_file;
  bool quiet = false;
  std::function<int()> command;    // gives the exit status
  std::string_view hint_if_there;  // what may be done about AlreadyExists, where the command can tell; a literal

  // Read when first asked for. Throws InvalidArgument for what is wrong in them.
  const Settings& settings();
  [[nodiscard]] base::FileSystem& files() noexcept { return *files_; }
  [[nodiscard]] Interrupts& interrupts() noexcept { return interrupts_; }

  // The lake that the settings name. Throws NotFound if they name none or it is not there.
  Lake open_lake();
  OpenOptions open_options();

  // Writes rows where the command line wants them; at most `rows_max` of them in a table for people. Throws Cancelled
  // after a signal; but a table that tells of a change (Interrupts::finishes_first) is written: the change was made.
  void show(const RowSource& rows, int64_t rows_max);
  void show(const Table& table, int64_t rows_max);
  // As the command line and the settings say. Throws as choose_format does.
  OutputOptions output_options();

  std::unique_ptr<Progress> make_progress();
  // A line on standard error, unless --quiet; warnings and errors always.
  void say(std::string_view line);
  void complain(std::string_view line);

 private:
  bool colored();

  Interrupts& interrupts_;
  std::optional<Settings> settings_;
  std::unique_ptr<base::FileSystem> files_;
  base::SystemClock clock_;
};

}  // namespace varve::cli
