#include "crash/expected_lake.h"

#include <algorithm>
#include <memory>
#include <sstream>

#include <fmt/format.h>

#include "varve/base/file_system.h"
#include "varve/lake/lake.h"
#include "varve/parquet/reader.h"

#include "crash/crash_lake.h"

namespace varve::testing {
namespace {

// The rows of all files that the key's directory and those of years, months and days below it show.
Rows glob(const std::string& root, const std::string& key) {
  const std::unique_ptr<base::FileSystem> files = base::make_system_file_system();
  Rows rows;
  const std::string folder = base::join_path(root, key);
  if (!files->exists(folder)) return rows;
  for (const std::string& name : files->list(folder)) {  // sorted by name, so by time
    const std::string path = base::join_path(folder, name);
    if (name.find_first_not_of("0123456789") == std::string::npos) {
      const Rows below = glob(root, base::join_path(key, name));
      rows.insert(rows.end(), below.begin(), below.end());
    }
    if (!name.ends_with(".parquet")) continue;
    const Rows more = to_rows(parquet::Reader::open(files->open(path, base::OpenMode::kRead), path).read());
    rows.insert(rows.end(), more.begin(), more.end());
  }
  return rows;
}

size_t count(const CrashState& state) { return state ? state->size() : 0; }

// A key whose newest version came with another key's: that one must have it too.
void check_transaction(const Lake& lake, const std::vector<CrashKey>& keys, const CrashKey& key, Settled& settled) {
  const VersionInfo newest = lake.versions(key.name).back();
  if (newest.operation != "transaction") return;
  const auto has_it = [&](const CrashKey& other) {
    if (version_of(lake, other.name) == 0) return false;
    const std::vector<VersionInfo> versions = lake.versions(other.name);
    return std::any_of(versions.begin(), versions.end(),
                       [&](const VersionInfo& version) { return version.commit_id == newest.commit_id; });
  };
  if (std::count_if(keys.begin(), keys.end(), has_it) != 2) {
    settled.wrong.push_back(fmt::format("{}: version {} is half a transaction", key.name, newest.version));
  }
}

}  // namespace

void Told::add(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    std::istringstream words(line);
    std::string word;
    words >> word;
    if (word == "error") errors.push_back(line);
    if (word == "done") ++changes_done;
    std::string key;
    for (int64_t version = 0; word != "error" && words >> key >> version;) {
      if (word == "begin") begun[key] = version;
      if (word == "done") done[key] = version;
      if (word == "refused") begun.erase(key);
    }
  }
}

Settled ExpectedLake::settle(const std::string& root, const std::vector<Told>& told) {
  Lake lake = Lake::open(root);
  Settled settled;
  for (const CrashKey& key : keys_) {
    int64_t done = versions_[key.name];
    int64_t begun = done;
    for (const Told& one : told) {
      if (const auto at = one.done.find(key.name); at != one.done.end()) done = std::max(done, at->second);
      if (const auto at = one.begun.find(key.name); at != one.begun.end()) begun = std::max(begun, at->second);
    }
    begun = std::max(begun, done);
    const int64_t version = version_of(lake, key.name);
    if (version < done || version > begun) {
      settled.wrong.push_back(fmt::format("{}: version {} is not from {} to {}", key.name, version, done, begun));
    }
    settled.in_flight += begun - done;
    settled.happened += version - done;
    versions_[key.name] = version;
    const CrashState found = read_state(lake, key.name);
    if (!can_be(found, key, version)) {
      settled.wrong.push_back(fmt::format("{}: version {} has {} rows and should have {}", key.name, version,
                                          count(found), count(crash_states(key, version).front())));
    }
    if (glob(root, key.name) != found.value_or(Rows())) settled.wrong.push_back(key.name + ": its directory");
    if (version > 0) check_transaction(lake, keys_, key, settled);
  }
  for (const VerifyFinding& finding : lake.verify().findings) {
    settled.wrong.push_back(fmt::format("{}: {}", finding.file, finding.what));
  }
  return settled;
}

bool ExpectedLake::explain(const std::string& reader, const std::string& key, std::pair<int64_t, int64_t> digest) {
  const auto at = std::find_if(keys_.begin(), keys_.end(), [&](const CrashKey& one) { return one.name == key; });
  if (at == keys_.end()) return false;
  int64_t& seen = seen_[{reader, key}];
  for (int64_t version = seen; version <= versions_[key]; ++version) {
    for (const CrashState& state : crash_states(*at, version)) {
      if (crash_digest(state) != digest) continue;
      seen = version;
      return true;
    }
  }
  return false;
}

int64_t ExpectedLake::versions() const {
  int64_t sum = 0;
  for (const auto& [key, version] : versions_) sum += version;
  return sum;
}

}  // namespace varve::testing
