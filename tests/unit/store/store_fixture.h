// A store in a temporary directory, with verbs for tests.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "varve/base/error.h"
#include "varve/base/thread_pool.h"
#include "varve/store/store.h"
#include "varve/table/select.h"
#include "varve/table/sort.h"

#include "support/errors.h"
#include "support/fake_clock.h"
#include "support/faulty_file_system.h"
#include "support/temp_directory.h"

namespace varve::testing {

// Seconds of the index, and a value.
using Row = std::pair<int64_t, int64_t>;
using Rows = std::vector<Row>;

inline Timestamp at_second(int64_t second) { return Timestamp{second * kNanosecondsPerSecond}; }

// A table of `timestamp` (ns, UTC) and `value` (int64).
inline Table to_table(const Rows& rows) {
  std::vector<int64_t> times;
  std::vector<int64_t> values;
  for (const auto& [second, value] : rows) {
    times.push_back(at_second(second).nanoseconds);
    values.push_back(value);
  }
  const DataType time = DataType::timestamp(TimeUnit::kNano, "UTC");
  return {Schema({{.name = "timestamp", .type = time}, {.name = "value", .type = DataType::int64()}}),
          {make_column<int64_t>(time, times), make_column<int64_t>(DataType::int64(), values)}};
}

inline Rows to_rows(const Table& table) {
  Rows rows;
  const std::span<const int64_t> times = table.column("timestamp").values<int64_t>();
  const std::span<const int64_t> values = table.column("value").values<int64_t>();
  for (size_t row = 0; row < times.size(); ++row) rows.emplace_back(times[row] / kNanosecondsPerSecond, values[row]);
  return rows;
}

// Rows at seconds first, first + 1, …, whose values are their seconds.
inline Rows run_of(int64_t first, int64_t count) {
  Rows rows;
  for (int64_t second = first; second < first + count; ++second) rows.emplace_back(second, second);
  return rows;
}

// Unique by the index alone, or not at all.
inline catalog::SeriesDefinition keyed(int64_t target_rows = 1000) {
  catalog::SeriesDefinition definition;
  definition.kind = "generic";
  definition.has_identity = true;
  definition.target_rows_per_file = target_rows;
  return definition;
}
inline catalog::SeriesDefinition unkeyed(int64_t target_rows = 1000) {
  catalog::SeriesDefinition definition = keyed(target_rows);
  definition.has_identity = false;
  return definition;
}

inline catalog::SeriesDefinition laid_out(const std::string& layout, int64_t target_rows = 1000) {
  catalog::SeriesDefinition definition = keyed(target_rows);
  definition.layout = layout;
  return definition;
}

// Makes the lake at `to` what the one at `from` is, hard links and all; neither is open. The 256 directories of objects
// stay where they are: to make them anew each time would be most of the work.
inline void copy_lake(const std::filesystem::path& from, const std::filesystem::path& to) {
  namespace fs = std::filesystem;
  if (fs::exists(to)) {
    for (const auto& entry : fs::directory_iterator(to)) {
      if (entry.path().filename() != ".varve") fs::remove_all(entry.path());
    }
    for (const auto& entry : fs::directory_iterator(to / ".varve")) {
      if (entry.path().filename() != "objects") fs::remove_all(entry.path());
    }
    for (const auto& entry : fs::recursive_directory_iterator(to / ".varve/objects")) {
      if (entry.is_regular_file()) fs::remove(entry.path());
    }
  }
  const std::unique_ptr<base::FileSystem> files = base::make_system_file_system();
  std::map<uint64_t, fs::path> copies;  // by inode
  for (const auto& entry : fs::recursive_directory_iterator(from)) {
    const fs::path copy = to / fs::relative(entry.path(), from);
    if (entry.is_directory()) {
      fs::create_directories(copy);
    } else if (const auto [at, fresh] = copies.emplace(files->status(entry.path()).inode, copy); fresh) {
      fs::copy_file(entry.path(), copy);
    } else {
      fs::create_hard_link(at->second, copy);
    }
  }
}

// What happens to a lake: one lake, opened and closed as a test wants, through a file system that can fail.
class LakeFolder {
 public:
  // On the machine's file system, or on one that outlives it.
  explicit LakeFolder(const std::string& root, base::FileSystem* below = nullptr)
      : root_(root), files_(below != nullptr ? *below : *system_) {}

  [[nodiscard]] const std::string& root() const { return root_; }
  [[nodiscard]] std::string path(std::string_view name) const { return base::join_path(root_, name); }
  [[nodiscard]] FaultyFileSystem& files() { return files_; }
  [[nodiscard]] FakeClock& clock() { return clock_; }
  [[nodiscard]] const std::vector<std::string>& log() const { return log_; }
  void forget_log() { log_.clear(); }
  // Of lakes that are opened from now on; 0 unless said otherwise.
  void set_publish_delay(Duration delay) { publish_delay_ = delay; }
  void set_listing_grace(Duration grace) { listing_grace_ = grace; }
  void set_inline_bytes_max(size_t bytes) { inline_bytes_max_ = bytes; }

  store::Store open(bool read_only = false) {
    return store::Store::open(files_, clock_, root_,
                              {.read_only = read_only,
                               .lock_timeout = Duration::seconds(300),
                               .publish_delay = publish_delay_,
                               .listing_grace = listing_grace_,
                               .inline_bytes_max = inline_bytes_max_,
                               .log = [this](base::LogLevel, std::string_view line) { log_.emplace_back(line); },
                               .pool = &pool_});
  }

  // All rows of the Parquet files that a plain listing of the key's directories shows, in order of time, then value.
  [[nodiscard]] Rows glob(std::string_view key) {
    Rows rows;
    for (const std::string& name : visible_files(key)) {
      const std::string file = path(base::join_path(key, name));
      const parquet::Reader reader = parquet::Reader::open(system_->open(file, base::OpenMode::kRead), file);
      const Rows more = to_rows(reader.read());
      rows.insert(rows.end(), more.begin(), more.end());
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  // Also those in directories of years, months and days.
  [[nodiscard]] std::vector<std::string> visible_files(std::string_view key) {
    std::vector<std::string> names;
    if (!system_->exists(path(key))) return names;
    for (const std::string& name : system_->list(path(key))) {
      if (name.ends_with(".parquet")) names.push_back(name);
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      for (const std::string& below : visible_files(base::join_path(key, name))) names.push_back(name + "/" + below);
    }
    return names;
  }

  // Files below `.varve/objects`, and entries of `.varve/staging`.
  [[nodiscard]] size_t object_files() const {
    const std::filesystem::recursive_directory_iterator entries(path(".varve/objects"));
    return static_cast<size_t>(
        std::count_if(begin(entries), end(entries), [](const auto& entry) { return entry.is_regular_file(); }));
  }
  [[nodiscard]] std::vector<std::string> staged() { return system_->list(path(".varve/staging")); }

 private:
  std::string root_;
  std::unique_ptr<base::FileSystem> system_ = base::make_system_file_system();
  FaultyFileSystem files_;
  Duration publish_delay_{0};
  Duration listing_grace_{0};
  size_t inline_bytes_max_ = store::StoreOptions().inline_bytes_max;
  FakeClock clock_;
  base::ThreadPool pool_{2};
  std::vector<std::string> log_;
};

// Verbs on an open store; each is one commit.
inline store::SeriesResult change(const store::Store& store, const std::string& key, store::SeriesWrite write) {
  store::WriteSession session = store.begin_write({key});
  write.key = key;
  session.write(write);
  return std::move(session.commit().series.at(0));
}
inline store::SeriesResult change(const store::Store& store, const std::string& key, const Rows& rows,
                                  store::WriteMode mode, const catalog::SeriesDefinition& definition = keyed()) {
  store::SeriesWrite write;
  write.change.rows = to_table(rows);
  write.change.mode = mode;
  write.definition = definition;
  return change(store, key, std::move(write));
}
inline store::SeriesResult append(const store::Store& store, const std::string& key, const Rows& rows,
                                  const catalog::SeriesDefinition& definition = keyed()) {
  return change(store, key, rows, store::WriteMode::kAppend, definition);
}
inline store::SeriesResult upsert(const store::Store& store, const std::string& key, const Rows& rows) {
  return change(store, key, rows, store::WriteMode::kUpsert);
}
inline store::SeriesResult write(const store::Store& store, const std::string& key, const Rows& rows,
                                 const catalog::SeriesDefinition& definition = keyed()) {
  return change(store, key, rows, store::WriteMode::kReplaceSeries, definition);
}
inline store::SeriesResult remove(const store::Store& store, const std::string& key) {
  store::WriteSession session = store.begin_write({key});
  session.remove(key);
  return std::move(session.commit().series.at(0));
}
// Second `first` to second `last`, both inside.
inline store::SeriesResult replace(const store::Store& store, const std::string& key, int64_t first, int64_t last,
                                   const Rows& rows, const catalog::SeriesDefinition& definition = keyed()) {
  store::SeriesWrite write;
  write.change = {.rows = to_table(rows),
                  .mode = store::WriteMode::kReplaceRange,
                  .first = {first * kNanosecondsPerSecond},
                  .last = {last * kNanosecondsPerSecond}};
  write.definition = definition;
  return change(store, key, std::move(write));
}
inline store::SeriesResult remove(const store::Store& store, const std::string& key, int64_t first, int64_t last) {
  store::WriteSession session = store.begin_write({key});
  session.remove_range(key, {first * kNanosecondsPerSecond}, {last * kNanosecondsPerSecond});
  return std::move(session.commit().series.at(0));
}
inline void rename(const store::Store& store, const std::string& key, const std::string& new_key) {
  store::WriteSession session = store.begin_write({key, new_key});
  session.rename(key, new_key);
  session.commit();
}
inline store::SeriesResult compact(const store::Store& store, const std::string& key, int64_t target_rows = 0) {
  store::WriteSession session = store.begin_write({key});
  session.compact(key, target_rows);
  return std::move(session.commit().series.at(0));
}
inline Rows read(const store::Store& store, std::string_view key, const store::Selection& selection = {}) {
  return to_rows(store.read(key, selection));
}
inline std::string findings(const store::Store& store) {
  std::string text;
  for (const store::Finding& finding : store.verify().findings) {
    text += finding.key + " " + finding.file + ": " + finding.what + "\n";
  }
  return text;
}

// In memory, where the machine has such a file system: what these tests are about does not ask for a disk, and
// thousands of syncs would make them wait.
inline TempDirectory make_quick_directory() {
  constexpr const char* kMemory = "/dev/shm";
  if (std::filesystem::is_directory(kMemory)) ::setenv("TMPDIR", kMemory, 0);
  return {};
}

class StoreTest : public ::testing::Test {
 protected:
  TempDirectory directory_ = make_quick_directory();
  LakeFolder folder_{directory_ / "lake"};
};

}  // namespace varve::testing
