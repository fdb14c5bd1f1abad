#include "varve/lake/changes.h"

#include <utility>

#include "varve/base/error.h"

namespace varve {
namespace {

// What is neither is told as a bad time, unless it looks like a length.
bool is_length(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const size_t letters = text.find_first_not_of("0123456789");
  return letters != 0 && letters != std::string_view::npos && text.find_first_of("wdhmsun", letters) == letters;
}

}  // namespace

RowAge::RowAge(std::string_view text, std::string zone) : zone_(std::move(zone)) {
  if (is_length(text)) {
    age_ = parse_duration(text);
  } else {
    since_ = TimeBound(text);
    static_cast<void>(since_->as_start(zone_));
  }
}

RowAge::RowAge(const std::string& text, std::string zone) : RowAge(std::string_view(text), std::move(zone)) {}

RowAge::RowAge(const char* text, std::string zone) : RowAge(std::string_view(text), std::move(zone)) {}

Timestamp RowAge::oldest_kept(Timestamp now, bool of_dates) const {
  if (since_) return half_open({.start = since_, .end = {}, .zone = zone_}, of_dates).start;
  if (age_ <= Duration{}) throw InvalidArgument("the age {} is not longer than nothing", to_string(age_));
  return now - age_;
}

}  // namespace varve
