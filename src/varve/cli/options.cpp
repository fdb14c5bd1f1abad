#include "varve/cli/options.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>
#include <utility>

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

bool is_pattern(std::string_view word) { return word.find_first_of("*?") != std::string_view::npos; }

bool fits(std::string_view pattern, std::string_view key) {
  size_t at = 0;
  size_t star = std::string_view::npos;  // the last one, which takes in more letters where the rest does not fit
  size_t taken = 0;                      // up to here
  for (size_t letter = 0; letter < key.size();) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      taken = letter;
    } else if (at < pattern.size() && (pattern[at] == '?' || pattern[at] == key[letter])) {
      ++at;
      ++letter;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      letter = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
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

CLI::Option* add_duration(CLI::App& command, const std::string& names, std::optional<Duration>& duration) {
  const auto read = [name = long_name(names), &duration](const std::string& text) {
    try {
      duration = parse_duration(text);
      if (*duration < Duration{}) throw InvalidArgument("{} is less than nothing", text);
    } catch (const InvalidArgument& error) {
      throw CLI::ValidationError(name, error.what());
    }
  };
  return command.add_option_function<std::string>(names, read)->type_name("TIME");
}

CLI::Option* add_expects_version(CLI::App& command, int64_t& version) {
  version = -1;
  return add_count(command, "--expects-version", version, 0)
      ->description("Only if this is the version of the series; 0: if there is none");
}

std::vector<std::string> expand_keys(const Lake& lake, const std::vector<std::string>& words) {
  std::set<std::string> keys;
  for (const std::string& word : words) {
    if (!is_pattern(word) || lake.exists(word)) {
      keys.insert(word);
      continue;
    }
    const size_t before = keys.size();
    for (std::string& key : lake.list_keys()) {
      if (fits(word, key)) keys.insert(std::move(key));
    }
    if (keys.size() == before) throw NotFound("no key fits {}", quote(word));
  }
  return {keys.begin(), keys.end()};
}

AsOf parse_as_of(std::string_view text, const Lake& lake, const std::string& zone) {
  if (text.find_first_not_of("0123456789") == std::string_view::npos) {
    if (text == "0") throw InvalidArgument("--as-of: {} is no version: they begin with 1", quote(text));
    return parse_count(text, 1);
  }
  for (const SnapshotInfo& snapshot : lake.snapshots()) {
    if (snapshot.name == text) return snapshot.name;
  }
  try {
    return TimeBound(text).as_end(zone);
  } catch (const InvalidArgument& error) {
    constexpr size_t kYearDigits = 4;
    if (text.size() > kYearDigits && text.find_first_not_of("0123456789") == kYearDigits) throw;
    throw NotFound("there is no snapshot {}, and it is neither a version nor a time", quote(text));
  }
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
