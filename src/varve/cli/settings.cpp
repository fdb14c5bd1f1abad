#include "varve/cli/settings.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sstream>

#include <toml++/toml.h>

#include "varve/base/error.h"
#include "varve/base/thread_pool.h"
#include "varve/base/zone.h"
#include "varve/cli/format.h"
#include "varve/cli/progress.h"
#include "varve/lake/lake.h"

namespace varve::cli {

namespace {

bool is_setting(std::string_view name) {
  return std::find(kSettingNames.begin(), kSettingNames.end(), name) != kSettingNames.end();
}

std::string value_text(const toml::node& node, const std::string& path, std::string_view name) {
  if (const auto* const text = node.as_string()) return text->get();
  if (const auto* const number = node.as_integer()) return std::to_string(number->get());
  throw InvalidArgument("{}, line {}: {} is neither text nor a whole number", path, node.source().begin.line, name);
}

SettingValues read_file(const std::string& path, bool may_name_lake) {
  SettingValues values;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return values;
  toml::table table;
  try {
    table = toml::parse_file(path);
  } catch (const toml::parse_error& error) {
    throw InvalidArgument("{}, line {}: {}", path, error.source().begin.line, error.description());
  }
  for (const auto& [key, node] : table) {
    const std::string_view name = key.str();
    if (!is_setting(name) || (name == "lake" && !may_name_lake)) {
      throw InvalidArgument("{}, line {}: there is no setting {} here", path, node.source().begin.line, quote(name));
    }
    values.emplace(name, value_text(node, path, name));
  }
  return values;
}

size_t parse_threads(std::string_view text) {
  size_t count = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), count);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || count > base::kThreadsMax) {
    throw InvalidArgument("threads: {} is no number from 0 to {}", quote(text), base::kThreadsMax);
  }
  return count;
}

std::string variable_name(std::string_view setting) {
  std::string name = "VARVE_";
  for (const char letter : setting) name += static_cast<char>(letter - 'a' + 'A');
  return name;
}

SettingValues read_environment(const SettingSources& sources) {
  SettingValues values;
  for (const std::string_view name : kSettingNames) {
    const char* const value = sources.environment(variable_name(name).c_str());
    if (value != nullptr && *value != '\0') values.emplace(name, value);
  }
  return values;
}

SettingValues read_user_file(const SettingSources& sources) {
  const char* folder = sources.environment("XDG_CONFIG_HOME");
  if (folder != nullptr && *folder != '\0') return read_file(std::string(folder) + "/varve/config.toml", true);
  folder = sources.environment("HOME");
  if (folder == nullptr || *folder == '\0') return {};
  return read_file(std::string(folder) + "/.config/varve/config.toml", true);
}

}  // namespace

Settings Settings::load(const SettingSources& sources) {
  Settings settings;
  settings.layers_ = {sources.flags, read_environment(sources)};
  if (!settings.get("lake")) {
    if (const auto found = find_lake(sources.working_directory)) settings.layers_.push_back({{"lake", *found}});
  }
  SettingValues user = read_user_file(sources);
  std::optional<std::string> lake = settings.get("lake");
  if (!lake && user.contains("lake")) lake = user.at("lake");
  if (lake) settings.layers_.push_back(read_file(*lake + "/varve.toml", false));
  settings.layers_.push_back(std::move(user));
  return settings;
}

std::optional<std::string> Settings::get(std::string_view name) const {
  for (const SettingValues& layer : layers_) {
    const auto found = layer.find(name);
    if (found != layer.end()) return found->second;
  }
  return std::nullopt;
}

std::string Settings::get_or(std::string_view name, std::string_view otherwise) const {
  return get(name).value_or(std::string(otherwise));
}

size_t Settings::threads() const { return parse_threads(get_or("threads", "0")); }

void check_setting(std::string_view name, const std::string& value) {
  if (name == "output") (void)parse_format(value);
  if (name == "tz") (void)base::Zone::find(value);
  if (name == "threads") (void)parse_threads(value);
  if (name == "progress") (void)parse_progress(value, false);
  if (name == "color" && value != "auto" && value != "always" && value != "never") {
    throw InvalidArgument("no color style {}: there are auto, always, never", quote(value));
  }
}

}  // namespace varve::cli
