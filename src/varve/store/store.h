// A lake's files and catalog together: opening, writing, reading, checking.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "varve/base/clock.h"
#include "varve/base/file_system.h"
#include "varve/store/diff/diff_series.h"
#include "varve/store/engine.h"
#include "varve/store/publisher.h"
#include "varve/store/read/batches.h"
#include "varve/store/read/panel.h"
#include "varve/store/read/replay.h"
#include "varve/store/series_reader.h"
#include "varve/store/upkeep/backup.h"
#include "varve/store/upkeep/doctor.h"
#include "varve/store/upkeep/repair.h"
#include "varve/store/upkeep/statistics.h"
#include "varve/store/upkeep/vacuum.h"
#include "varve/store/upkeep/verify.h"
#include "varve/store/write_session.h"

namespace varve::store {

struct StoreOptions {
  bool create = true;      // make the lake if there is none
  bool read_only = false;  // also what happens, with a warning to the log, where the disk cannot be written or is full
  Duration lock_timeout = Duration::seconds(30);
  // How long small commits may take to show in the visible tree; 0: as long as the call that makes them.
  Duration publish_delay = Duration::milliseconds(150);
  // A directory that is replaced stays complete for so long after, out of sight, for readers who are listing it; at
  // most a tenth of it once this store is closed.
  Duration listing_grace = Duration::seconds(1);
  // A file of so many bytes at most may go into the catalog with its commit, at the cost of one sync, and become a file
  // when it is published.
  size_t inline_bytes_max = size_t{1} << 20;
  base::Log log;
  base::ThreadPool* pool = nullptr;
};

// An open store. Safe to use from several threads and beside other processes. Knows neither kinds nor zones.
class Store {
 public:
  // Opens the store at `root` (a whole path), makes it first where there is none, and mends what a crash left behind.
  // `files`, `clock` and the pool must outlive the store. Throws NotFound if there is none and it may not be made,
  // InvalidArgument if `root` is no directory, ReadOnly if it would have to be made where nothing can be written.
  static Store open(base::FileSystem& files, const base::Clock& clock, const std::string& root,
                    const StoreOptions& options);
  ~Store();
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;

  // Publishes what is behind and ends the use of the files; a lake whose directory was moved, removed or replaced is
  // left as it is. Idempotent; nothing else may be called afterwards. The destructor does it too, and swallows errors.
  void close();

  [[nodiscard]] bool read_only() const;
  [[nodiscard]] catalog::Catalog& catalog() const;

  // See WriteSession, which must not outlive the store.
  [[nodiscard]] WriteSession begin_write(std::vector<std::string> keys, const ComesBehind& comes_behind = {}) const;
  // Brings the visible tree to what is committed, now. What fails is told to the log, and tried again later.
  void publish() const;
  // See find_files, read_found, adopted_schema and examine. Throws InvalidArgument for a bad layout.
  [[nodiscard]] std::vector<FoundSeries> find_files(const std::string& layout, std::string_view key,
                                                    FindWhere where = FindWhere::kLaidOut) const;
  [[nodiscard]] int64_t bytes_of(const FoundSeries& found) const { return store::bytes_of(*engine_, found); }
  [[nodiscard]] FoundRows read_found(const FoundSeries& found, Meter& meter) const;
  [[nodiscard]] Schema adopted_schema(const FoundSeries& found) const;
  [[nodiscard]] Adoption examine(const FoundSeries& found, const SeriesToBe& series, Meter& meter) const;
  // See vacuum and Lease.
  [[nodiscard]] Lease lease(int64_t series_id, int64_t version) const {
    const catalog::SeriesVersion leased{series_id, version};
    return {*engine_, {&leased, 1}};
  }
  Vacuumed vacuum(std::string_view key = {}, const RetentionPolicy& policy = {}) const;
  // See object_files.
  [[nodiscard]] std::vector<std::string> object_files(std::string_view key,
                                                      const catalog::VersionWanted& version) const;
  // See diff_series.
  [[nodiscard]] SeriesDiff diff(std::string_view key, const DiffOptions& options) const;
  // See read_series, verify, repair, mend_tree, back_up, examine_health and count.
  [[nodiscard]] Table read(std::string_view key, const Selection& selection = {}) const;
  // See SeriesBatches, read_panel and Replay; what is given back must not outlive the store.
  [[nodiscard]] SeriesBatches read_batches(const std::string& key, const Selection& selection,
                                           const BatchSizes& sizes = {}) const;
  [[nodiscard]] Table read_panel(std::span<const std::string> keys, const PanelSelection& selection = {}) const;
  [[nodiscard]] Replay replay(std::span<const std::string> keys, const ReplaySelection& selection = {}) const;
  [[nodiscard]] Verification verify(std::string_view key = {}, const UpkeepOptions& options = {}) const;
  [[nodiscard]] Repaired repair(std::string_view key = {}, const RepairOptions& options = {}) const;
  void mend_tree() const { store::mend_tree(*engine_); }
  [[nodiscard]] BackupReport backup(const std::string& to, const UpkeepOptions& options = {}) const;
  [[nodiscard]] std::vector<Symptom> examine_health() const { return store::examine_health(*engine_); }
  [[nodiscard]] Statistics count(const RetentionPolicy& policy = {}) const { return store::count(*engine_, policy); }

 private:
  explicit Store(std::unique_ptr<Engine> engine);
  static Store open_for_reading(const Disk& disk, const base::Clock& clock, StoreOptions options, std::string_view why);
  void begin_publishing(Duration delay);
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Publisher> publisher_;  // null: each commit publishes itself
};

}  // namespace varve::store
