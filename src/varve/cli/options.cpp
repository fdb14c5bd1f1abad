#include "varve/cli/options.h"

#include <charconv>
#include <limits>

#include <CLI/CLI.hpp>

#include "varve/base/error.h"

namespace varve::cli {

namespace {

std::string long_name(const std::string& names) { return names.substr(names.rfind("--")); }

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t comma = text.find(',');
    parts.push_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

int64_t parse_count(std::string_view text, int64_t least) {
  int64_t count = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool all = parsed.ptr == text.data() + text.size();
  if (all && parsed.ec == std::errc{} && count >= least) return count;
  if (all && parsed.ec == std::errc::result_out_of_range && !text.starts_with('-')) {
    throw InvalidArgument("{} is more than {}", text, std::numeric_limits<int64_t>::max());
  }
  throw InvalidArgument("{} is no whole number of at least {}", quote(text), least);
}

CLI::Option* add_count(CLI::App& command, const std::string& names, int64_t& count, int64_t least) {
  const auto read = [name = long_name(names), &count, least](const std::string& text) {
    try {
      count = parse_count(text, least);
    } catch (const InvalidArgument& error) {
      throw CLI::ValidationError(name, error.what());
    }
  };
  return command.add_option_function<std::string>(names, read)->type_name("N");
}

CLI::Option* add_names(CLI::App& command, const std::string& names, std::vector<std::string>& list) {
  // The parser's own splitting passes over names that are empty.
  const auto read = [name = long_name(names), &list](const std::vector<std::string>& given) {
    for (const std::string& text : given) {
      if (text.empty()) throw CLI::ValidationError(name, "the list is empty");
      for (const std::string_view each : split(text)) {
        if (each.empty()) throw CLI::ValidationError(name, "a name is empty in " + quote(text));
        list.emplace_back(each);
      }
    }
  };
  return command.add_option_function<std::vector<std::string>>(names, read)
      ->type_name("NAME,...")
      ->allow_extra_args(false);
}

}  // namespace varve::cli
