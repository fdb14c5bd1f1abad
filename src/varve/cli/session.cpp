#include "varve/cli/session.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <utility>

#include "varve/base/error.h"
#include "varve/cli/terminal.h"

namespace varve::cli {

namespace {

void write_stderr(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

}  // namespace

Session::Session(Interrupts& interrupts) : interrupts_(interrupts), files_(base::make_system_file_system()) {}

const Settings& Session::settings() {
  if (!settings_) {
    std::error_code failed;  // a working directory that is gone has no lake above it
    const std::string here = std::filesystem::current_path(failed).string();
    settings_ = Settings::load(
        {flags, [](const char* name) -> const char* { return std::getenv(name); }, failed ? std::string("/") : here});
    for (const std::string_view name : kSettingNames) {
      if (const std::optional<std::string> value = settings_->get(name)) check_setting(name, *value);
    }
  }
  return *settings_;
}

OpenOptions Session::open_options() {
  OpenOptions options;
  options.threads = settings().threads();
  options.on_warning = [this](std::string_view line) { complain("warning: " + std::string(line)); };
  return options;
}

Lake Session::open_lake() {
  const std::optional<std::string> root = settings().get("lake");
  if (!root) {
    throw NotFound("there is no lake here or above: name one with --lake or VARVE_LAKE, or make one with varve init");
  }
  OpenOptions options = open_options();
  options.create = false;
  try {
    return Lake::open(*root, options);
  } catch (const NotFound& error) {
    throw NotFound(
        "{}: varve init makes one, and varve rebuild-catalog one of the files of a lake that lost its .varve",
        error.what());
  }
}

OutputOptions Session::output_options() {
  OutputOptions options;
  // A file's ending says more than a default of somewhere else, less than a flag.
  const bool file_decides = !out_file.empty() && !flags.contains("output") && format_of_file(out_file);
  if (const auto name = settings().get("output"); name && !file_decides) options.format = parse_format(*name);
  options.file = out_file;
  options.to_terminal = is_terminal(stdout);
  options.text.width_max = terminal_width();
  options.cancel = interrupts_.token();
  const Format format = choose_format(options);  // always: what is wrong with them is told here
  if (!out_file.empty() && format == Format::kTable) options.text.width_max = std::numeric_limits<int32_t>::max();
  return options;
}

void Session::show(const RowSource& rows, int64_t rows_max) {
  OutputOptions options = output_options();
  options.text.rows_max = rows_max;
  if (!out_file.empty()) interrupts_.finish_before_exit();
  write_output(*files_, rows, options);
}

void Session::show(const Table& table, int64_t rows_max) {
  OutputOptions options = output_options();
  options.text.rows_max = rows_max;
  if (interrupts_.finishes_first()) options.cancel = {};
  if (!out_file.empty()) interrupts_.finish_before_exit();
  write_output(*files_, table, options);
}

std::unique_ptr<Progress> Session::make_progress() {
  const ProgressStyle style = parse_progress(settings().get_or("progress", "auto"), can_redraw(stderr));
  return std::make_unique<Progress>(
      clock_,
      ProgressOptions{.style = quiet ? ProgressStyle::kOff : style, .width = terminal_width(), .write = write_stderr});
}

void Session::say(std::string_view line) {
  if (!quiet) write_stderr(std::string(line) + "\n");
}

void Session::complain(std::string_view line) {
  const std::string_view name = colored() ? "\033[1;31mvarve:\033[0m " : "varve: ";
  write_stderr(std::string(name) + std::string(line) + "\n");
}

bool Session::colored() {
  // Whatever is wrong with the settings, the complaint about it is written.
  std::string wanted = "auto";
  try {
    wanted = settings().get_or("color", "auto");
  } catch (const Error&) {
    return false;
  }
  if (wanted == "always" || wanted == "never") return wanted == "always";
  const char* const no_color = std::getenv("NO_COLOR");
  return (no_color == nullptr || *no_color == '\0') && can_redraw(stderr);
}

}  // namespace varve::cli
