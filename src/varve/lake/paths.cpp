#include "varve/lake/paths.h"

#include <filesystem>
#include <utility>

#include "varve/base/error.h"

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

}  // namespace varve
