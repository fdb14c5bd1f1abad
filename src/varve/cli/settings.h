// What was set where: command line, environment, the lake's file, the user's file.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace varve::cli {

// lake: the lake's folder. output: the format of rows. tz: the zone of times that name none. threads: 0 for one a
// processor. progress: auto, bar, lines, off. color: auto, always, never.
inline constexpr std::array<std::string_view, 6> kSettingNames = {"lake",    "output",   "tz",
                                                                  "threads", "progress", "color"};

using SettingValues = std::map<std::string, std::string, std::less<>>;

struct SettingSources {
  SettingValues flags;
  std::function<const char*(const char* name)> environment;  // as std::getenv
  std::string working_directory;
};

// Values by name. A setting has the value of the first of these that gives it one: the command line; the environment
// (VARVE_LAKE, VARVE_OUTPUT, …, where empty is as absent); `varve.toml` in the lake; the user's `varve/config.toml`
// under $XDG_CONFIG_HOME, else ~/.config. The lake itself comes from the command line, the environment, the nearest
// folder at or above the working directory that is a lake, or the user's file.
class Settings {
 public:
  // Throws InvalidArgument, naming file and line, for a file that is no TOML or sets what there is not.
  static Settings load(const SettingSources& sources);

  [[nodiscard]] std::optional<std::string> get(std::string_view name) const;
  [[nodiscard]] std::string get_or(std::string_view name, std::string_view otherwise) const;
  // Throws InvalidArgument if it is no number from 0 to 4096.
  [[nodiscard]] size_t threads() const;

 private:
  std::vector<SettingValues> layers_;  // the first one counts most
};

// Throws InvalidArgument if the text is no value for the setting.
void check_setting(std::string_view name, const std::string& value);

}  // namespace varve::cli
