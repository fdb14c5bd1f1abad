// What every version of the keys of the crash tests holds: known in advance to writers, to readers, and to who checks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace varve::testing {

// Hours of the index, and a value; in order of time.
using Row = std::pair<int64_t, int64_t>;
using Rows = std::vector<Row>;

struct CrashKey {
  std::string name;
  bool has_identity = true;  // else nothing may be in it twice, or be missing, that was not put there so
  std::string layout = "range";
  int64_t target_rows_per_file = 40;
  int64_t rows_of_a_write = 30;
  bool alone = true;  // one directory, and no other key's below it: who lists it sees one version at any time
};

std::vector<CrashKey> crash_keys();

enum class CrashOperation { kAppend, kUpsert, kWrite, kReplace, kRemoveRange, kRemove, kCompact };

struct CrashChange {
  CrashOperation operation = CrashOperation::kAppend;
  Rows rows = {};     // of kCompact: what is appended instead if there is nothing to merge
  int64_t first = 0;  // of a range, in hours, both ends inside
  int64_t last = 0;
};

// A key at one version: its rows, or nothing if there is no series.
using CrashState = std::optional<Rows>;

// The change that makes `version` out of the one before it: mostly a few rows after the end, now and then rows among
// old ones, the series anew, or its end. Whoever makes it, it is the same.
CrashChange crash_change(const CrashKey& key, int64_t version, const CrashState& before);

// What the key may be at a version, which is one thing but for compaction; version 0 is before the first change.
std::vector<CrashState> crash_states(const CrashKey& key, int64_t version);
bool can_be(const CrashState& state, const CrashKey& key, int64_t version);

// Rows and a number made of all of them, as tests/crash/glob_reader.py counts them.
std::pair<int64_t, int64_t> crash_digest(const CrashState& state);

}  // namespace varve::testing
