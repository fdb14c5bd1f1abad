#include "varve/store/tree/layout.h"

#include <algorithm>

#include "varve/base/error.h"
#include "varve/base/file_system.h"
#include "varve/catalog/key.h"

namespace varve::store {
namespace {

constexpr char kNumberSign = '?';  // in no path of a template: keys escape it, and templates may not hold it

// "2024-01-05" as "2024/01" or "2024/01/05".
std::string directory_of(catalog::Period period, Date day) {
  std::string text = to_string(day);
  std::replace(text.begin(), text.end(), '-', '/');
  if (period == catalog::Period::kMonth) text.resize(text.size() - 3);
  return text;
}

}  // namespace

bool is_by_template(std::string_view name) { return name.starts_with('/'); }

std::string place_of(std::string_view name) {
  if (is_by_template(name)) return std::string(name.substr(0, name.find(kNumberSign)));
  const size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? "" : std::string(name.substr(0, slash));
}

std::string visible_path(std::string_view key, std::string_view name) {
  if (is_by_template(name)) return place_of(name).substr(1);
  return base::join_path(catalog::key_to_path(key), name);
}

std::string end_of_names(std::string_view place) { return std::string(place) + static_cast<char>(kNumberSign + 1); }

std::pair<std::string, std::string> names_of_file(std::string_view name) {
  if (!is_by_template(name)) return {};
  std::string place = place_of(name);
  std::string end = end_of_names(place);
  return {std::move(place), std::move(end)};
}

Layout Layout::parse(std::string_view text) {
  Layout layout;
  layout.text_ = text;
  if (text == "range") return layout;
  if (text == "month") {
    layout.period_ = catalog::Period::kMonth;
  } else if (text == "day") {
    layout.period_ = catalog::Period::kDay;
  } else if (text.find('{') == std::string_view::npos && !text.ends_with(".parquet")) {
    throw InvalidArgument("no layout {}: it is range, month, day, or a template of paths such as {}", quote(text),
                          "{symbol}/{yyyy}/{mm}/data.parquet");
  } else {
    layout.template_ = catalog::PathTemplate::parse(text);
    layout.text_ = layout.template_->text();
    layout.period_ = layout.template_->period();
  }
  return layout;
}

void Layout::check(std::string_view key, bool timed) const {
  if (!timed && period_ != catalog::Period::kAll) {
    throw InvalidArgument("series {} has no index, so it cannot have the layout {}", quote(key), text_);
  }
  if (template_) (void)template_->path(key, {});
}

std::vector<table::RowRange> Layout::cut(int64_t rows, std::span<const int64_t> index, int64_t target_rows) const {
  std::vector<table::RowRange> pieces;
  for (const table::RowRange& period : cut_periods(rows, index, period_)) {
    const auto first = static_cast<size_t>(period.first);
    const auto count = static_cast<size_t>(period.last - period.first);
    if (template_) {
      pieces.push_back(period);
      continue;
    }
    const std::span<const int64_t> values = index.empty() ? index : index.subspan(first, count);
    for (const table::RowRange& piece : cut_rows(period.last - period.first, values, target_rows)) {
      pieces.push_back({.first = period.first + piece.first, .last = period.first + piece.last});
    }
  }
  return pieces;
}

std::string Layout::place(std::string_view key, Timestamp first) const {
  if (template_) return "/" + template_->path(key, period_of(first));
  return period_ == catalog::Period::kAll ? "" : directory_of(period_, period_of(first));
}

std::optional<catalog::PathTemplate::Place> Layout::match(std::string_view path) const {
  return template_ ? template_->match(path) : std::nullopt;
}

size_t Layout::depth() const noexcept {
  if (template_ || period_ == catalog::Period::kAll) return 0;
  return period_ == catalog::Period::kMonth ? 2 : 3;
}

bool Layout::has_directory(std::string_view name, size_t depth) const noexcept {
  const size_t digits = depth == 0 ? 4 : 2;  // years, months, days
  return depth < Layout::depth() && name.size() == digits &&
         name.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string Layout::name_file(std::string_view key, const FileRange& range, int64_t version,
                              const std::function<bool(const std::string&)>& taken) const {
  const std::string place = Layout::place(key, range.first);
  if (!template_) {
    const std::string prefix = place.empty() ? "" : place + "/";
    return prefix + store::name_file(range, version, [&](const std::string& name) { return taken(prefix + name); });
  }
  std::string name = place;
  for (int64_t number = std::max<int64_t>(version, 2); taken(name); ++number) {
    name = place + kNumberSign + std::to_string(number);
  }
  return name;
}

namespace {

bool has_directories(const Layout& layout) {
  return layout.period() != catalog::Period::kAll && !layout.one_file_a_period();
}

// The first key below another, once the changes are made; empty if there is none.
std::string find_below(catalog::Catalog& catalog, const std::string& key, const KeyChanges& changes) {
  const std::string folder = key + "/";
  const auto coming = changes.coming.lower_bound(folder);
  if (coming != changes.coming.end() && coming->first.starts_with(folder)) return coming->first;
  for (const catalog::SeriesRow& series : catalog.list_series(folder)) {
    if (!changes.going.contains(series.key)) return series.key;
  }
  return {};
}

// "fx" and "fx/EUR" of "fx/EUR/bars".
std::vector<std::string> keys_above(std::string_view key) {
  std::vector<std::string> above;
  for (size_t slash = key.find('/'); slash != std::string_view::npos; slash = key.find('/', slash + 1)) {
    above.emplace_back(key.substr(0, slash));
  }
  return above;
}

}  // namespace

void check_neighbours(catalog::Catalog& catalog, const KeyChanges& changes) {
  std::set<std::string> asked;  // many keys lie below few
  for (const auto& [key, layout] : changes.coming) {
    if (has_directories(layout)) {
      if (const std::string below = find_below(catalog, key, changes); !below.empty()) {
        throw InvalidArgument("key {} cannot have the layout {}: key {} lies where its directories would be",
                              quote(key), layout.text(), quote(below));
      }
    }
    for (const std::string& above : keys_above(key)) {
      if (!asked.insert(above).second || changes.going.contains(above)) continue;
      const std::optional<catalog::SeriesRow> series = catalog.find_series(above);
      if (series && !series->deleted && has_directories(Layout::parse(series->definition.layout))) {
        throw InvalidArgument("key {} would lie among the directories of series {}, whose layout is {}", quote(key),
                              quote(above), series->definition.layout);
      }
    }
  }
}

}  // namespace varve::store
