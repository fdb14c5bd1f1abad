#include "varve/lake/state.h"

#include <unistd.h>

#include <filesystem>
#include <utility>

#include "varve/base/error.h"
#include "varve/catalog/key.h"
#include "varve/lake/definition.h"

namespace varve {

std::string whole_path(const std::string& path) {
  if (path.empty()) throw InvalidArgument("a lake needs a directory");
  const std::filesystem::path whole = std::filesystem::absolute(path).lexically_normal();
  const std::string text = whole.string();
  return text.size() > 1 && text.ends_with('/') ? text.substr(0, text.size() - 1) : text;
}

base::Log to_log(std::function<void(std::string_view line)> on_warning) {
  if (!on_warning) return {};
  return [told = std::move(on_warning)](base::LogLevel level, std::string_view line) {
    if (level != base::LogLevel::kDebug) told(line);
  };
}

store::UpkeepOptions to_upkeep(const WorkOptions& options) {
  return {.progress = options.progress, .cancel = options.cancel};
}

Lake::State::State(std::string whole_root) : root(std::move(whole_root)), process(::getpid()) {}

bool Lake::State::forked() const { return process != ::getpid(); }

store::Store& Lake::State::use() {
  if (forked()) {
    throw Forked("the lake {} was opened by process {} and is used in its child {}: open it again", root,
                 static_cast<int64_t>(process), static_cast<int64_t>(::getpid()));
  }
  if (closed) throw InvalidArgument("the lake {} is closed", root);
  return *store;
}

store::Store& Lake::State::use(std::string_view key) {
  store::Store& opened = use();
  catalog::check_key(key);
  return opened;
}

store::Store& Lake::State::use_all(const std::vector<std::string>& keys) {
  for (const std::string& key : keys) catalog::check_key(key);
  return use();
}

store::Store& Lake::State::use_for_writing() {
  store::Store& opened = use();
  if (opened.read_only()) throw ReadOnly("the lake {} is open for reading only", root);
  return opened;
}

catalog::SeriesRow Lake::State::series(std::string_view key) {
  std::optional<catalog::SeriesRow> row = use(key).catalog().find_series(key);
  if (!row || row->deleted) throw NotFound("no series {}", quote(key));
  return std::move(*row);
}

bool Lake::State::has_dates(std::string_view key, const std::optional<AsOf>& as_of) {
  const std::string name(key);
  const auto states = use(key).catalog().states(
      {&name, 1}, {.version = to_version(key, as_of), .first = Timestamp::max(), .last = Timestamp::min()});
  return states[0] && varve::has_dates(states[0]->series.definition, states[0]->schema);
}

}  // namespace varve
