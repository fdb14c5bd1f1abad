#include "varve/store/store.h"

#include <utility>

#include "varve/base/error.h"
#include "varve/store/inline_objects.h"
#include "varve/store/publish.h"
#include "varve/store/recover.h"
#include "varve/store/tree/replaced.h"
#include "varve/store/upkeep/catalog_copies.h"

namespace varve::store {
namespace {

using base::join_path;

// Whoever makes a new catalog beside objects of an old one would show and name them no more.
void check_no_objects(const Disk& disk) {
  base::FileSystem& files = disk.files();
  if (!files.exists(disk.objects_path())) return;
  for (const std::string& folder : files.list(disk.objects_path())) {
    if (files.list(join_path(disk.objects_path(), folder)).empty()) continue;
    throw Corruption(
        "the catalog {} is missing, but the lake's files are there: make it anew (rebuild-catalog), or "
        "put it back from a backup",
        disk.catalog_path());
  }
}

// Whoever made the root may have been killed before its name was on the disk.
void sync_parent(const Disk& disk) {
  try {
    disk.files().sync_directory(base::parent_path(disk.root()));
  } catch (const ReadOnly&) {  // a directory of somebody else's, who made the root before
  }
}

// The catalog comes last: a directory is a lake once it has one.
void make_store(const Disk& disk, Duration lock_timeout) {
  base::FileSystem& files = disk.files();
  base::make_directories(files, disk.root());
  sync_parent(disk);
  base::make_directories(files, disk.engine_path());
  files.sync_directory(disk.root());  // an earlier attempt may have made it
  const std::unique_ptr<base::FileLock> lock = disk.lock(LakeLock::kMake, lock_timeout);
  if (disk.holds_lake()) return;
  check_no_objects(disk);
  disk.make_folders();
  catalog::Catalog::create(files, disk.catalog_path());
}

std::unique_ptr<Engine> open_engine(const Disk& disk, const base::Clock& clock, const StoreOptions& options) {
  catalog::CatalogOptions catalog_options;
  catalog_options.read_only = options.read_only;
  catalog_options.busy_timeout = options.lock_timeout;
  catalog_options.log = options.log;
  catalog::Catalog catalog = catalog::Catalog::open(disk.files(), disk.catalog_path(), clock, catalog_options);
  return std::make_unique<Engine>(disk, std::move(catalog),
                                  EngineOptions{.read_only = options.read_only,
                                                .lock_timeout = options.lock_timeout,
                                                .listing_grace = options.listing_grace,
                                                .inline_bytes_max = options.inline_bytes_max,
                                                .log = options.log,
                                                .pool = options.pool,
                                                .clock = &clock});
}

// Waits a little for readers who may be listing what was replaced just now.
void clear_own_replaced(Engine& engine) {
  const Duration grace{engine.listing_grace().nanoseconds / 10};
  try {
    const Duration left = clear_replaced(engine, grace, StagedBy::kThisOpener);
    if (left == Duration{0}) return;
    engine.clock().sleep(left);
    clear_replaced(engine, grace, StagedBy::kThisOpener);
  } catch (const Error& error) {  // whoever opens the lake next comes back to it
    engine.warn(std::string("cannot clear what was replaced: ") + error.what());
  }
}

void check_root(const Disk& disk, const StoreOptions& options) {
  if (disk.holds_lake()) return;
  if (disk.files().exists(disk.root()) && !disk.is_directory(disk.root())) {
    throw InvalidArgument("{} is not a directory", disk.root());
  }
  if (options.create && !options.read_only) return;
  check_no_objects(disk);
  throw NotFound("there is no lake at {}", disk.root());
}

}  // namespace

Store Store::open(base::FileSystem& files, const base::Clock& clock, const std::string& root,
                  const StoreOptions& options) {
  const Disk disk(files, root);
  check_root(disk, options);
  if (!disk.holds_lake()) make_store(disk, options.lock_timeout);
  if (options.read_only) return Store(open_engine(disk, clock, options));
  try {
    Store store(open_engine(disk, clock, options));
    disk.make_folders();  // somebody may have removed one
    recover(*store.engine_);
    store.begin_publishing(options.publish_delay);
    return store;
  } catch (const ReadOnly& error) {
    return open_for_reading(disk, clock, options, error.what());
  } catch (const Io& error) {  // a full disk can still be read
    return open_for_reading(disk, clock, options, error.what());
  }
}

Store Store::open_for_reading(const Disk& disk, const base::Clock& clock, StoreOptions options, std::string_view why) {
  options.read_only = true;
  Store store(open_engine(disk, clock, options));
  if (options.log) options.log(base::LogLevel::kWarning, "opened for reading only: " + std::string(why));
  return store;
}

Store::Store(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}

Store::~Store() {
  try {
    close();
  } catch (...) {  // who wants to know calls close
  }
}

Store::Store(Store&&) noexcept = default;

Store& Store::operator=(Store&& other) noexcept {
  const Store replaced(std::move(*this));
  engine_ = std::move(other.engine_);
  publisher_ = std::move(other.publisher_);
  return *this;
}

void Store::begin_publishing(Duration delay) {
  if (delay <= Duration{0}) return;
  publisher_ = std::make_unique<Publisher>(*engine_, delay);
  engine_->set_publisher([publisher = publisher_.get()] { publisher->publish_soon(); });
}

void Store::close() {
  if (!engine_ || engine_->closed()) return;
  if (publisher_) publisher_->stop();
  if (!engine_->catalog().in_place()) return engine_->close();  // whoever opens it where it is now does the rest
  if (engine_->behind()) engine_->set_behind(publish_pending(*engine_) > 0);
  engine_->upkeep().take(*engine_, 0);
  if (engine_->wrote()) {
    clear_own_replaced(*engine_);
    try {
      keep_catalog_copy(*engine_);
    } catch (const Error& error) {  // nothing hangs on it
      engine_->warn(std::string("cannot keep a copy of the catalog: ") + error.what());
    }
  }
  engine_->close();
}

bool Store::read_only() const { return engine_->read_only(); }

catalog::Catalog& Store::catalog() const { return engine_->catalog(); }

WriteSession Store::begin_write(std::vector<std::string> keys, const ComesBehind& comes_behind) const {
  return {*engine_, std::move(keys), comes_behind};
}

std::vector<FoundSeries> Store::find_files(const std::string& layout, std::string_view key, FindWhere where) const {
  return store::find_files(engine_->disk(), Layout::parse(layout), key, where);
}

void Store::publish() const { publish_pending(*engine_); }

FoundRows Store::read_found(const FoundSeries& found, Meter& meter) const {
  return store::read_found(*engine_, found, meter);
}

Schema Store::adopted_schema(const FoundSeries& found) const { return store::adopted_schema(*engine_, found); }

Adoption Store::examine(const FoundSeries& found, const SeriesToBe& series, Meter& meter) const {
  return store::examine(*engine_, found, series, meter);
}

Vacuumed Store::vacuum(std::string_view key, const RetentionPolicy& policy) const {
  return store::vacuum(*engine_, key, policy);
}

std::vector<std::string> Store::object_files(std::string_view key, const catalog::VersionWanted& version) const {
  return store::object_files(*engine_, key, version);
}

SeriesDiff Store::diff(std::string_view key, const DiffOptions& options) const {
  return diff_series(*engine_, key, options);
}

Table Store::read(std::string_view key, const Selection& selection) const {
  return read_series(*engine_, key, selection);
}

Verification Store::verify(std::string_view key, const UpkeepOptions& options) const {
  return store::verify(*engine_, key, options);
}

Repaired Store::repair(std::string_view key, const RepairOptions& options) const {
  return store::repair(*engine_, key, options);
}

BackupReport Store::backup(const std::string& to, const UpkeepOptions& options) const {
  return back_up(*engine_, to, options);
}

SeriesBatches Store::read_batches(const std::string& key, const Selection& selection, const BatchSizes& sizes) const {
  LeasedViews leased = lease_views(*engine_, {&key, 1}, selection);
  return {std::move(leased.views[0]), std::move(leased.lease), sizes};
}

Table Store::read_panel(std::span<const std::string> keys, const PanelSelection& selection) const {
  return store::read_panel(*engine_, keys, selection);
}

Replay Store::replay(std::span<const std::string> keys, const ReplaySelection& selection) const {
  return {*engine_, keys, selection};
}

}  // namespace varve::store
