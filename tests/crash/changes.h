// What the writer of the kill loop does, change by change: known in advance to the writer and to who checks it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace varve::testing {

// Hours of the index, and a value; in order of time.
using Row = std::pair<int64_t, int64_t>;
using Rows = std::vector<Row>;

// One key as it should be. Where rows have no identity nothing may be in it twice, or be missing, that was not put
// there so.
struct CrashKey {
  std::string name;
  bool has_identity = true;
  std::string layout = "range";
  bool exists = false;
  Rows rows = {};
  bool operator==(const CrashKey&) const = default;
};

inline std::vector<CrashKey> crash_keys() {
  return {{.name = "fx"},
          {.name = "fx/below"},
          {.name = "ticks", .has_identity = false},
          {.name = "daily", .layout = "day"},
          {.name = "file", .layout = "{name}/{yyyy}/{mm}/{dd}/data.parquet"}};
}

enum class CrashOperation { kAppend, kUpsert, kWrite, kRemove };

struct CrashChange {
  size_t key = 0;
  CrashOperation operation = CrashOperation::kAppend;
  Rows rows = {};
};

// The n-th change, made from the state before it: mostly a few rows after the end, now and then rows among old ones,
// the whole series anew, or its end.
inline CrashChange crash_change(const std::vector<CrashKey>& keys, int64_t number) {
  const auto count = static_cast<int64_t>(keys.size());
  CrashChange change{.key = static_cast<size_t>(number % count)};
  const CrashKey& key = keys[change.key];
  const int64_t end = key.rows.empty() ? 0 : key.rows.back().first + 1;
  const int64_t turn = number / count;
  if (turn % 41 == 40 && key.exists) {
    change.operation = CrashOperation::kRemove;
  } else if (turn % 23 == 22) {
    change.operation = CrashOperation::kWrite;
    change.rows.assign(key.rows.end() - std::min<std::ptrdiff_t>(30, std::ssize(key.rows)), key.rows.end());
    change.rows.emplace_back(end, number);
  } else if (turn % 7 == 3 && !key.rows.empty()) {
    change.operation = key.has_identity ? CrashOperation::kUpsert : CrashOperation::kAppend;
    for (int64_t row = 0; row < 5; ++row) change.rows.emplace_back((number * 31 + row * 17) % end, number);
    std::sort(change.rows.begin(), change.rows.end());
    const auto same_time = [](const Row& left, const Row& right) { return left.first == right.first; };
    change.rows.erase(std::unique(change.rows.begin(), change.rows.end(), same_time), change.rows.end());
  } else {
    for (int64_t row = 0; row <= turn % 5; ++row) change.rows.emplace_back(end + row, number);
  }
  return change;
}

// The key after the change.
inline CrashKey changed(CrashKey key, const CrashChange& change) {
  key.exists = change.operation != CrashOperation::kRemove;
  if (change.operation == CrashOperation::kWrite || change.operation == CrashOperation::kRemove) key.rows.clear();
  const auto before = [](const Row& left, const Row& right) { return left.first < right.first; };
  for (const Row& row : change.rows) {
    const auto at = std::upper_bound(key.rows.begin(), key.rows.end(), row, before);
    if (key.has_identity && at != key.rows.begin() && std::prev(at)->first == row.first) {
      *std::prev(at) = row;
    } else {
      key.rows.insert(at, row);
    }
  }
  return key;
}

}  // namespace varve::testing
