// Whole lakes in tests: copies of them, what they hold, and what they show to those who only list directories.
#pragma once

#include <map>
#include <random>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "unit/store/store_fixture.h"

namespace varve::testing {

// The rows of every key that there is.
using Content = std::vector<std::pair<std::string, Rows>>;

inline Content content(const store::Store& store) {
  Content all;
  for (const catalog::SeriesRow& series : store.catalog().list_series({})) {
    all.emplace_back(series.key, read(store, series.key));
  }
  return all;
}

// What is wrong with what a plain listing shows of a lake that nobody has opened since it was cut off; empty if every
// directory that can show one state at any time (no key lies below it, and it is the only one of its series) shows one
// of these, and no other shows a time twice. `plain`: the file system has no exchanges, so that no directory can.
inline std::string look_from_outside(LakeFolder& folder, std::span<const Content> states, bool plain = false) {
  std::map<std::string, std::set<Rows>> possible;
  for (const Content& state : states) {
    for (const auto& [key, rows] : state) possible[key].insert(rows);
  }
  for (auto& [key, all] : possible) {
    for (const Content& state : states) {
      const auto is_this = [&key = key](const auto& series) { return series.first == key; };
      if (std::none_of(state.begin(), state.end(), is_this)) all.insert(Rows());
    }
    Rows rows;
    try {
      rows = folder.glob(key);
    } catch (const Error& error) {
      return "a file of " + key + " cannot be read: " + error.what();
    }
    const auto same_time = [](const Row& left, const Row& right) { return left.first == right.first; };
    if (std::adjacent_find(rows.begin(), rows.end(), same_time) != rows.end()) return key + " shows a time twice";
    const bool alone = !plain && key != "k" && key != "file" && !key.ends_with("month");
    if (alone && !all.contains(rows)) return key + " shows what no version holds";
  }
  return {};
}

// Files in the directory of a key become its series as they are, or by rows that are written anew.
inline void adopt(const store::Store& store, const std::string& key) {
  const store::FoundSeries found = store.find_files("range", key).front();
  const store::UpkeepOptions nobody_listens;
  store::Meter meter(nobody_listens);
  store::WriteSession session = store.begin_write({key});
  session.adopt(store.examine(found, {keyed(), store.adopted_schema(found)}, meter));
  session.commit();
}
inline void adopt_and_rewrite(const store::Store& store, const std::string& key, const std::string& layout = "range") {
  const store::FoundSeries found = store.find_files(layout, key).front();
  const store::UpkeepOptions nobody_listens;
  store::Meter meter(nobody_listens);
  const store::FoundRows all = store.read_found(found, meter);
  store::WriteSession session = store.begin_write({key});
  session.write({.key = key,
                 .change = {.rows = all.rows, .mode = store::WriteMode::kReplaceSeries},
                 .definition = keyed(12),
                 .originals = all.files});
  session.commit();
}

// One row a day, whose values are unlike those of earlier calls for the same days.
inline Rows days_of(int64_t first, int64_t count) {
  Rows rows;
  for (int64_t day = first; day < first + count; ++day) rows.emplace_back(day * 86'400, first * 1'000 + day);
  return rows;
}

// So many that their file is too big for a catalog that takes this much.
inline constexpr size_t kFewBytes = size_t{64} << 10;
inline Rows many(int64_t value) {
  Rows rows = run_of(0, 20'000);
  std::mt19937_64 random(static_cast<uint64_t>(value));  // values that no encoding makes small
  for (Row& row : rows) row.second = static_cast<int64_t>(random());
  return rows;
}

}  // namespace varve::testing
