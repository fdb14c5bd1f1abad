// Options that several commands read in the same way: counts, lists of names, durations, states of a series.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "varve/base/time.h"
#include "varve/lake/lake.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace varve::cli {

// Reads a whole number of at least `least`. Throws InvalidArgument for anything else, also for one beyond 64 bits.
int64_t parse_count(std::string_view text, int64_t least);

// `names` as CLI11 has them: "-n,--rows". What does not do is told with the option's name and ends the parsing.
CLI::Option* add_count(CLI::App& command, const std::string& names, int64_t& count, int64_t least);

// A list of names with commas between them, none of which is empty.
CLI::Option* add_names(CLI::App& command, const std::string& names, std::vector<std::string>& list);

// A length of time as parse_duration reads it, 90s, 7d, 1h30m, that is not negative.
CLI::Option* add_duration(CLI::App& command, const std::string& names, std::optional<Duration>& duration);

// The option by which a command is done only if a series has a version; -1 where nobody says one.
CLI::Option* add_expects_version(CLI::App& command, int64_t& version);
// A count of at least 0 that stands at -1 where nobody says it.
inline std::optional<int64_t> if_said(int64_t count) { return count < 0 ? std::nullopt : std::optional(count); }

// The keys that are meant by words, sorted, each once: a key of the lake, or else a pattern in which `*` stands for any
// letters, slashes too, and `?` for one. What is neither stays. Throws NotFound for a pattern that no key fits.
std::vector<std::string> expand_keys(const Lake& lake, const std::vector<std::string>& words);

// What `--as-of` means: digits are a version; else the snapshot of that name, if there is one; else a time, ISO 8601 in
// `zone` where it names none, a day meaning its last instant. Throws NotFound for what is none of these, and
// InvalidArgument for a time without zone.
AsOf parse_as_of(std::string_view text, const Lake& lake, const std::string& zone);
inline constexpr const char* kAsOfHelp = "The series as it was: a version, a snapshot, or a time";

}  // namespace varve::cli
