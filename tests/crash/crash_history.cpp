#include "crash/crash_history.h"

#include <algorithm>
#include <string_view>

namespace varve::testing {
namespace {

// By the version's rest. A write (w) forgets all that was before: from there on a state can be worked out. a: append,
// u: upsert (or late rows, where there is no identity), p: replace a range, d: delete one, r: remove, c: compact.
constexpr std::string_view kTurns = "cwauaparauadauawapaaraud";
constexpr int64_t kLastWrite = 15;  // the later one of the two

bool earlier(const Row& left, const Row& right) { return left.first < right.first; }

// A value that no encoding makes small: so many of them are too big for the catalog.
int64_t scattered(int64_t version, int64_t row) {
  auto value = static_cast<uint64_t>(version * 1'000'003 + row);
  value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9;
  value = (value ^ value >> 27) * 0x94D049BB133111EB;
  return static_cast<int64_t>(value ^ value >> 31);
}

int64_t begin_of_replay(int64_t version) {
  const auto period = static_cast<int64_t>(kTurns.size());
  const int64_t turn = version % period;
  if (turn >= kLastWrite) return version - turn + kLastWrite;
  return turn >= 1 ? version - turn + 1 : version - period + kLastWrite;
}

CrashState changed(const CrashKey& key, const CrashChange& change, const CrashState& before) {
  if (change.operation == CrashOperation::kRemove) return {};
  Rows rows = change.operation == CrashOperation::kWrite ? Rows() : before.value_or(Rows());
  if (change.operation == CrashOperation::kReplace || change.operation == CrashOperation::kRemoveRange) {
    std::erase_if(rows, [&](const Row& row) { return change.first <= row.first && row.first <= change.last; });
  }
  for (const Row& row : change.rows) {
    const auto at = std::upper_bound(rows.begin(), rows.end(), row, earlier);
    if (key.has_identity && at != rows.begin() && std::prev(at)->first == row.first) {
      *std::prev(at) = row;
    } else {
      rows.insert(at, row);
    }
  }
  return rows;
}

}  // namespace

std::vector<CrashKey> crash_keys() {
  return {{.name = "fx", .alone = false},
          {.name = "fx/below"},
          {.name = "ticks", .has_identity = false},
          {.name = "big", .target_rows_per_file = 9'000, .rows_of_a_write = 54'000},
          {.name = "daily", .layout = "day", .alone = false},
          {.name = "file", .layout = "{name}/{yyyy}/{mm}/{dd}/data.parquet", .alone = false}};
}

CrashChange crash_change(const CrashKey& key, int64_t version, const CrashState& before) {
  const char turn = kTurns[static_cast<size_t>(version) % kTurns.size()];
  CrashChange change;
  if (turn == 'w') {
    change.operation = CrashOperation::kWrite;
    for (int64_t row = 0; row < key.rows_of_a_write; ++row) {
      change.rows.emplace_back(row * 3, key.rows_of_a_write > 1000 ? scattered(version, row) : version);
    }
    return change;
  }
  if (!before || before->empty()) {
    change.rows.emplace_back(version % 50, version);
    return change;
  }
  const int64_t end = before->back().first + 1;
  if (turn == 'r') {
    change.operation = CrashOperation::kRemove;
  } else if (turn == 'p' || turn == 'd') {
    change.operation = turn == 'p' ? CrashOperation::kReplace : CrashOperation::kRemoveRange;
    change.first = (*before)[before->size() / 3].first;
    change.last = (*before)[before->size() / 2].first;
    if (turn == 'p') change.rows.emplace_back(change.first, version);
    if (turn == 'p' && change.last > change.first) change.rows.emplace_back(change.last, version);
  } else if (turn == 'u') {
    change.operation = key.has_identity ? CrashOperation::kUpsert : CrashOperation::kAppend;
    for (int64_t row = 0; row < 5; ++row) change.rows.emplace_back((version * 31 + row * 17) % end, version);
    std::sort(change.rows.begin(), change.rows.end());
    const auto same_time = [](const Row& left, const Row& right) { return left.first == right.first; };
    change.rows.erase(std::unique(change.rows.begin(), change.rows.end(), same_time), change.rows.end());
  } else {
    if (turn == 'c') change.operation = CrashOperation::kCompact;
    for (int64_t row = 0; row <= version % 5; ++row) change.rows.emplace_back(end + row, version);
  }
  return change;
}

std::vector<CrashState> crash_states(const CrashKey& key, int64_t version) {
  CrashState state;
  CrashState before;
  for (int64_t at = std::max<int64_t>(begin_of_replay(version), 1); at <= version; ++at) {
    before = state;
    state = changed(key, crash_change(key, at, state), state);
  }
  if (version < 1 || crash_change(key, version, before).operation != CrashOperation::kCompact) return {state};
  return {state, before};
}

bool can_be(const CrashState& state, const CrashKey& key, int64_t version) {
  const std::vector<CrashState> possible = crash_states(key, version);
  return std::find(possible.begin(), possible.end(), state) != possible.end();
}

std::pair<int64_t, int64_t> crash_digest(const CrashState& state) {
  constexpr uint64_t kModulus = (uint64_t{1} << 31) - 1;
  Rows rows = state.value_or(Rows());
  std::sort(rows.begin(), rows.end());
  uint64_t digest = 0;
  for (const auto& [hour, value] : rows) {
    digest = (digest * 1'000'003 + static_cast<uint64_t>(hour) * 7919 + static_cast<uint64_t>(value)) % kModulus;
  }
  return {static_cast<int64_t>(rows.size()), static_cast<int64_t>(digest)};
}

}  // namespace varve::testing
