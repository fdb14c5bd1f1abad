#include "crash/expected_lake.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "varve/base/file_system.h"
#include "varve/lake/lake.h"
#include "varve/parquet/reader.h"

#include "crash/crash_tables.h"

namespace varve::testing {
namespace {

std::vector<CrashKey> keys_of(const Lake& lake) {
  std::vector<CrashKey> keys = crash_keys();
  for (CrashKey& key : keys) {
    key.exists = lake.exists(key.name);
    if (key.exists) key.rows = to_rows(lake.read(key.name));
  }
  return keys;
}

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

std::string difference(const CrashKey& expected, const CrashKey& found) {
  return fmt::format("{}: expected {}{} rows, found {}{}", expected.name, expected.exists ? "" : "no series, ",
                     expected.rows.size(), found.exists ? "" : "no series, ", found.rows.size());
}

}  // namespace

Settled ExpectedLake::settle(const std::string& root, const Told& told) {
  Lake lake = Lake::open(root);
  const std::vector<CrashKey> found = keys_of(lake);
  while (told.done && next_ <= *told.done) change();
  Settled settled;
  settled.in_flight = told.begun ? std::max<int64_t>(*told.begun + 1 - next_, 0) : 0;
  for (; settled.happened < settled.in_flight && found != keys_; ++settled.happened) change();
  for (size_t key = 0; key < keys_.size(); ++key) {
    if (found[key] != keys_[key]) settled.wrong.push_back(difference(keys_[key], found[key]));
    if (glob(root, found[key].name) != found[key].rows) settled.wrong.push_back(found[key].name + ": its directory");
  }
  for (const VerifyFinding& finding : lake.verify().findings) {
    settled.wrong.push_back(fmt::format("{}: {}", finding.file, finding.what));
  }
  return settled;
}

void ExpectedLake::change() {
  const CrashChange change = crash_change(keys_, next_++);
  keys_[change.key] = changed(keys_[change.key], change);
}

}  // namespace varve::testing
