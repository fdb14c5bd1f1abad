#include "varve/catalog/path_template.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "varve/base/error.h"
#include "varve/catalog/key.h"

namespace varve::catalog {
namespace {

using Part = PathTemplate::Part;
using Segment = PathTemplate::Segment;
using Pattern = PathTemplate::Pattern;

constexpr std::string_view kSuffix = ".parquet";
constexpr std::string_view kLower = "_lower";
constexpr size_t kNameBytesMax = 255;  // of one file or directory, on the usual file systems
constexpr size_t kPathBytesMax = 2048;

// Days are matched as the eight digits yyyymmdd; each time field is some of them.
struct TimeField {
  std::string_view name;
  size_t first;
  size_t count;
};
constexpr std::array<TimeField, 5> kTimeFields = {
    {{"yyyy", 0, 4}, {"mm", 4, 2}, {"dd", 6, 2}, {"yyyymm", 0, 6}, {"yyyymmdd", 0, 8}}};

const TimeField* find_time_field(std::string_view name) {
  const auto* const at =
      std::find_if(kTimeFields.begin(), kTimeFields.end(), [&](const auto& field) { return field.name == name; });
  return at == kTimeFields.end() ? nullptr : at;
}

std::string to_lower(std::string text) {
  for (char& letter : text) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return text;
}

// What a text says of the fields of its pattern.
struct Values {
  std::map<std::string, std::string, std::less<>> fields;
  std::string digits = std::string(8, ' ');  // of the day; spaces where nothing was said
};

// How fields stand in a text: as they are in keys, escaped in paths.
enum class Form { kKey, kPath };

std::string write_value(const std::string& value, Form form) { return form == Form::kKey ? value : key_to_path(value); }

std::optional<std::string> read_value(std::string_view text, Form form) {
  if (form == Form::kKey) return std::string(text);
  try {
    return path_to_key(text);
  } catch (const PathTraversal&) {
    return {};
  }
}

// The text of a part whose value is known.
std::optional<std::string> text_of(const Part& part, const Values& values, Form form) {
  if (part.kind == Part::Kind::kLiteral) return part.text;
  if (part.kind == Part::Kind::kTime) {
    const TimeField& field = *find_time_field(part.text);
    return values.digits.substr(field.first, field.count);
  }
  const auto at = values.fields.find(part.text);
  if (at == values.fields.end()) return {};
  return write_value(part.kind == Part::Kind::kLowerField ? to_lower(at->second) : at->second, form);
}

std::string render(const Pattern& pattern, const Values& values, Form form) {
  std::string text;
  for (const Segment& segment : pattern) {
    if (&segment != &pattern.front()) text += '/';
    for (const Part& part : segment) text += text_of(part, values, form).value_or("");
  }
  return text;
}

// Finds the values of one segment's fields in a text. Between two fields lie parts whose length is known, so that the
// first place where these fit is as good as any.
class SegmentMatcher {
 public:
  SegmentMatcher(const Segment& segment, std::string_view text, Form form, Values& values)
      : segment_(segment), text_(text), form_(form), values_(values) {}

  bool match() {
    size_t at = 0;  // in the text
    for (size_t part = 0; part < segment_.size();) {
      const bool field = is_open(segment_[part]);
      const size_t begin = field ? part + 1 : part;
      size_t end = begin;
      while (end < segment_.size() && !is_open(segment_[end])) ++end;
      const std::optional<size_t> found = find_run(begin, end, field ? at + 1 : at, field);
      if (!found || (field && !bind(segment_[part], text_.substr(at, *found - at)))) return false;
      at = *found + length(begin, end);
      part = end;
    }
    return at == text_.size();
  }

 private:
  [[nodiscard]] bool is_open(const Part& part) const {
    const bool field = part.kind == Part::Kind::kField || part.kind == Part::Kind::kLowerField;
    return field && !values_.fields.contains(part.text);
  }

  [[nodiscard]] size_t length(size_t begin, size_t end) const {
    size_t bytes = 0;
    for (size_t part = begin; part < end; ++part) bytes += text_of(segment_[part], values_, form_)->size();
    return bytes;
  }

  // Where parts [begin, end), none of them open, fit: at `from`, or, if they may move, after it. The last ones reach to
  // the end.
  std::optional<size_t> find_run(size_t begin, size_t end, size_t from, bool moves) {
    const size_t bytes = length(begin, end);
    if (from + bytes > text_.size()) return {};
    if (moves && end == segment_.size()) from = text_.size() - bytes;
    for (size_t at = from; at + bytes <= text_.size(); ++at) {
      if (fits(begin, end, at)) return at;
      if (!moves) break;
    }
    return {};
  }

  bool fits(size_t begin, size_t end, size_t at) {
    std::string digits = values_.digits;
    for (size_t part = begin; part < end; ++part) {
      const std::string expected = *text_of(segment_[part], values_, form_);
      const std::string_view found = text_.substr(at, expected.size());
      at += expected.size();
      if (segment_[part].kind != Part::Kind::kTime) {
        if (found != expected) return false;
      } else if (!put_digits(*find_time_field(segment_[part].text), found, digits)) {
        return false;
      }
    }
    values_.digits = std::move(digits);
    return true;
  }

  static bool put_digits(const TimeField& field, std::string_view found, std::string& digits) {
    for (size_t at = 0; at < field.count; ++at) {
      char& digit = digits[field.first + at];
      if (found[at] < '0' || found[at] > '9' || (digit != ' ' && digit != found[at])) return false;
      digit = found[at];
    }
    return true;
  }

  // What stands for a field in lower case tells nothing of the field; whether the two agree is looked at in the end.
  bool bind(const Part& part, std::string_view text) {
    if (part.kind == Part::Kind::kLowerField) return true;
    std::optional<std::string> value = read_value(text, form_);
    if (value) values_.fields.emplace(part.text, *std::move(value));
    return value.has_value();
  }

  const Segment& segment_;
  std::string_view text_;
  Form form_;
  Values& values_;
};

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> segments;
  for (;;) {
    const size_t slash = text.find('/');
    segments.push_back(text.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    text.remove_prefix(slash + 1);
  }
}

std::optional<Values> match_pattern(const Pattern& pattern, std::string_view text, Form form) {
  const std::vector<std::string_view> segments = split(text);
  if (segments.size() != pattern.size()) return {};
  Values values;
  for (size_t at = 0; at < segments.size(); ++at) {
    if (!SegmentMatcher(pattern[at], segments[at], form, values).match()) return {};
  }
  if (render(pattern, values, form) != text) return {};
  return values;
}

std::string digits_of(Date day) {
  const CalendarDay calendar = to_calendar(day);
  const auto digits = [](int32_t number, size_t count) {
    std::string text = std::to_string(number);
    return std::string(count - std::min(count, text.size()), '0') + text;
  };
  if (calendar.year < 0 || calendar.year > 9999) throw InvalidArgument("no path has the year {}", calendar.year);
  return digits(calendar.year, 4) + digits(calendar.month, 2) + digits(calendar.day, 2);
}

// What the digits say, the first day of it; nothing if there is no such day.
std::optional<Date> day_of(std::string digits, Period period) {
  if (period == Period::kAll) return Date{};
  for (const size_t at : {size_t{4}, size_t{6}}) {
    if (digits[at] == ' ') digits.replace(at, 2, "01");
  }
  try {
    return parse_date(digits);
  } catch (const InvalidArgument&) {
    return {};
  }
}

// Reads the text of a template.
class TemplateParser {
 public:
  explicit TemplateParser(std::string_view text) : text_(text) {}

  Pattern parse_pattern(std::string_view text) const {
    Pattern pattern;
    for (const std::string_view segment : split(text)) pattern.push_back(parse_segment(segment));
    return pattern;
  }

  // The rules of keys hold for what stands in a pattern literally. `=` is escaped in keys and tells partitions in
  // paths.
  void check_names(const Pattern& pattern, Form form) const {
    Values sample;
    sample.digits = "20240102";
    for (const Part& part : parts_of(pattern)) {
      if (part.kind == Part::Kind::kField) sample.fields[part.text] = "x";
    }
    std::string text = render(pattern, sample, Form::kKey);
    if (form == Form::kPath) {
      if (!text.ends_with(kSuffix)) refuse("its path does not end in .parquet");
      text.resize(text.size() - kSuffix.size());
      std::erase(text, '=');
    }
    try {
      catalog::check_key(text);
    } catch (const PathTraversal& error) {
      refuse(error.what());
    }
    if (form == Form::kPath && key_to_path(text) != text) refuse("readers would skip or misread a name in it");
  }

  // Throws unless keys and paths have the same fields.
  void check_fields(const Pattern& key, const Pattern& path) const {
    const std::set<std::string> in_key = fields_of(key);
    const std::set<std::string> in_path = fields_of(path);
    for (const Part& part : parts_of(key)) {
      if (part.kind == Part::Kind::kTime) refuse("{" + part.text + "} is a time, and keys have none");
      if (part.kind == Part::Kind::kLowerField) refuse("{" + part.text + "_lower} does not tell the key");
    }
    for (const std::string& name : in_key) {
      if (!in_path.contains(name)) refuse("the path does not tell {" + name + "}, so there is no way back to the key");
    }
    for (const Part& part : parts_of(path)) {
      const bool field = part.kind == Part::Kind::kField || part.kind == Part::Kind::kLowerField;
      if (field && !in_key.contains(part.text)) refuse("the key does not tell {" + part.text + "}");
    }
  }

  // The fields of the path, in order of appearance.
  static Pattern default_key(const Pattern& path) {
    Pattern key;
    for (const Part& part : parts_of(path)) {
      const Segment segment = {part};
      if (part.kind == Part::Kind::kField && std::find(key.begin(), key.end(), segment) == key.end()) {
        key.push_back(segment);
      }
    }
    return key;
  }

  Period check_times(const Pattern& path) const {
    const std::string whole = said_digits(path);
    const std::string directory = said_digits(Pattern(path.begin(), path.end() - 1));
    const bool year = whole[0] != ' ';
    const bool month = whole[4] != ' ';
    const bool day = whole[6] != ' ';
    if (month && !year) refuse("it has months without a year");
    if (day && !month) refuse("it has days without a month");
    if (directory != whole) {
      refuse("the directory does not tell the period, so it would hold several files whose names are used again");
    }
    return day ? Period::kDay : month ? Period::kMonth : year ? Period::kYear : Period::kAll;
  }

  [[noreturn]] void refuse(std::string_view reason) const {
    throw InvalidArgument("bad path template {}: {}", quote(text_), reason);
  }

 private:
  Segment parse_segment(std::string_view text) const {
    Segment segment;
    std::set<std::string> seen;
    while (!text.empty()) {
      const size_t brace = text.find_first_of("{}");
      if (brace != 0) segment.push_back({Part::Kind::kLiteral, std::string(text.substr(0, brace))});
      if (brace == std::string_view::npos) break;
      const size_t end = text.find('}', brace);
      if (text[brace] == '}' || end == std::string_view::npos) refuse("its braces are not paired");
      Part part = parse_field(text.substr(brace + 1, end - brace - 1));
      if (is_field(part)) {
        if (!segment.empty() && is_field(segment.back())) refuse("two fields stand side by side");
        if (!seen.insert(part.text).second) refuse("{" + part.text + "} stands in one name twice");
      }
      segment.push_back(std::move(part));
      text.remove_prefix(end + 1);
    }
    return segment;
  }

  Part parse_field(std::string_view name) const {
    if (find_time_field(name) != nullptr) return {Part::Kind::kTime, std::string(name)};
    const bool good = !name.empty() && name[0] >= 'a' && name[0] <= 'z' &&
                      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
    if (!good) refuse("{" + std::string(name) + "} is no field: a name is lower-case letters, digits and underscores");
    const bool lower = name.size() > kLower.size() && name.ends_with(kLower);
    if (lower) name.remove_suffix(kLower.size());
    return {lower ? Part::Kind::kLowerField : Part::Kind::kField, std::string(name)};
  }

  static bool is_field(const Part& part) {
    return part.kind == Part::Kind::kField || part.kind == Part::Kind::kLowerField;
  }

  static std::vector<Part> parts_of(const Pattern& pattern) {
    std::vector<Part> parts;
    for (const Segment& segment : pattern) parts.insert(parts.end(), segment.begin(), segment.end());
    return parts;
  }

  static std::set<std::string> fields_of(const Pattern& pattern) {
    std::set<std::string> names;
    for (const Part& part : parts_of(pattern)) {
      if (part.kind == Part::Kind::kField) names.insert(part.text);
    }
    return names;
  }

  static std::string said_digits(const Pattern& pattern) {
    std::string digits(8, ' ');
    for (const Part& part : parts_of(pattern)) {
      if (part.kind != Part::Kind::kTime) continue;
      const TimeField& field = *find_time_field(part.text);
      digits.replace(field.first, field.count, std::string(field.count, '0'));
    }
    return digits;
  }

  std::string_view text_;
};

}  // namespace

Date first_day(Period period, Date day) {
  CalendarDay calendar = to_calendar(day);
  switch (period) {
    case Period::kAll: return {};
    case Period::kYear: calendar.month = 1; [[fallthrough]];
    case Period::kMonth: calendar.day = 1; [[fallthrough]];
    case Period::kDay: break;
  }
  return to_date(calendar);
}

PathTemplate PathTemplate::parse(std::string_view text) {
  const TemplateParser parser(text);
  const size_t colon = text.find(':');
  const std::string_view path_text = colon == std::string_view::npos ? text : text.substr(colon + 1);
  PathTemplate made;
  made.path_ = parser.parse_pattern(path_text);
  const Pattern default_key = TemplateParser::default_key(made.path_);
  const bool key_is_said = colon != std::string_view::npos;
  if (!key_is_said && default_key.empty()) parser.refuse("it names no key: put one and a colon before it");
  made.key_ = key_is_said ? parser.parse_pattern(text.substr(0, colon)) : default_key;
  parser.check_fields(made.key_, made.path_);
  parser.check_names(made.key_, Form::kKey);
  parser.check_names(made.path_, Form::kPath);
  made.period_ = parser.check_times(made.path_);
  made.text_ = made.key_ == default_key ? path_text : text;
  return made;
}

std::string PathTemplate::path(std::string_view key, Date day) const {
  std::optional<Values> values = match_pattern(key_, key, Form::kKey);
  if (!values) throw InvalidArgument("key {} does not fit the layout {}", quote(key), text_);
  values->digits = digits_of(day);
  std::string path = render(path_, *values, Form::kPath);
  const std::vector<std::string_view> names = split(path);
  const bool too_long = path.size() > kPathBytesMax ||
                        std::any_of(names.begin(), names.end(), [](auto name) { return name.size() > kNameBytesMax; });
  if (too_long) throw InvalidArgument("key {} is too long for the layout {}", quote(key), text_);
  if (match(path) != Place{std::string(key), first_day(period_, day)}) {
    throw InvalidArgument("key {} does not fit the layout {}: its path {} is that of another key", quote(key), text_,
                          quote(path));
  }
  return path;
}

std::optional<PathTemplate::Place> PathTemplate::match(std::string_view path) const {
  const std::optional<Values> found = match_pattern(path_, path, Form::kPath);
  if (!found) return {};
  const std::optional<Date> day = day_of(found->digits, period_);
  if (!day) return {};
  Place place{.key = render(key_, *found, Form::kKey), .first_day = *day};
  try {
    check_key(place.key);
  } catch (const PathTraversal&) {
    return {};
  }
  std::optional<Values> back = match_pattern(key_, place.key, Form::kKey);
  if (back) back->digits = found->digits;
  if (!back || render(path_, *back, Form::kPath) != path) return {};
  return place;
}

}  // namespace varve::catalog
