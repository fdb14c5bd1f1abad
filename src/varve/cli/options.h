// Options that several commands read in the same way: counts and lists of names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

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

}  // namespace varve::cli
