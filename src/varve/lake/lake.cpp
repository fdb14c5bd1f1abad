#include "varve/lake/lake.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>

#include "varve/base/error.h"
#include "varve/base/thread_pool.h"
#include "varve/catalog/key.h"
#include "varve/lake/definition.h"
#include "varve/lake/localize.h"
#include "varve/store/store.h"

namespace varve {
namespace {

std::string whole_path(const std::string& path) {
  if (path.empty()) throw InvalidArgument("a lake needs a directory");
  const std::filesystem::path whole = std::filesystem::absolute(path).lexically_normal();
  const std::string text = whole.string();
  return text.size() > 1 && text.ends_with('/') ? text.substr(0, text.size() - 1) : text;
}

base::Log to_log(std::function<void(std::string_view)> on_warning) {
  if (!on_warning) return {};
  return [told = std::move(on_warning)](base::LogLevel level, std::string_view line) {
    if (level != base::LogLevel::kDebug) told(line);
  };
}

store::Selection to_selection(std::string_view key, const ReadOptions& options) {
  store::Selection selection;
  selection.columns = options.columns;
  if (options.as_of) {
    if (*options.as_of < 1) throw NotFound("series {} has no version {}", quote(key), *options.as_of);
    selection.version = *options.as_of;
  }
  if (options.limit) {
    if (*options.limit < 0) throw InvalidArgument("limit is {} and must not be negative", *options.limit);
    selection.rows_max = options.limit;
  }
  selection.within_range = options.start || options.end;
  const bool with_start = options.closed == Closed::kBoth || options.closed == Closed::kLeft;
  const bool with_end = options.closed == Closed::kBoth || options.closed == Closed::kRight;
  if (options.start) selection.first = options.start->as_start(options.zone);
  if (options.end) selection.last = options.end->as_end(options.zone);
  const bool beyond = (options.start && !with_start && selection.first == Timestamp::max()) ||
                      (options.end && !with_end && selection.last == Timestamp::min());
  if (options.start && !with_start) selection.first = selection.first + Duration{1};
  if (options.end && !with_end) selection.last = selection.last - Duration{1};
  if (beyond) {
    selection.first = Timestamp::max();
    selection.last = Timestamp::min();
  }
  return selection;
}

ReadOptions with_limit(ReadOptions options, int64_t rows) {
  if (rows < 0) throw InvalidArgument("{} rows cannot be read", rows);
  options.limit = std::min(rows, options.limit.value_or(rows));
  return options;
}

Commit to_commit(store::CommitResult&& result) {
  store::SeriesResult& series = result.series.front();
  return {.id = std::move(result.id),
          .key = std::move(series.key),
          .version = series.version,
          .rows_added = series.counts.added,
          .rows_replaced = series.counts.replaced,
          .rows_unchanged = series.counts.unchanged,
          .rows_ignored = series.counts.ignored,
          .rows_removed = series.counts.removed,
          .source_seen = series.source_seen,
          .published = series.published};
}

constexpr const char* kNoMetadata = "{}";

SeriesInfo to_info(const catalog::SeriesRow& row, Schema schema, std::string metadata) {
  SeriesInfo info;
  info.key = row.key;
  info.kind = row.definition.kind;
  info.index = row.definition.index;
  if (row.definition.has_identity) info.identity = row.definition.identity;
  info.layout = row.definition.layout;
  info.compression = row.definition.compression;
  info.target_rows_per_file = row.definition.target_rows_per_file;
  info.version = row.version;
  info.rows = row.rows;
  info.files = row.files;
  info.bytes = row.bytes;
  info.first = row.first;
  info.last = row.last;
  info.created = row.created;
  info.updated = row.updated;
  info.metadata = metadata.empty() ? kNoMetadata : std::move(metadata);
  info.schema = std::move(schema);
  return info;
}

catalog::Annotations to_annotations(const CoverageChange& coverage, std::optional<std::string> metadata) {
  return {.coverage = {.forgotten = coverage.forgotten,
                       .requested = coverage.requested,
                       .received = coverage.received,
                       .empty = coverage.empty},
          .metadata = std::move(metadata)};
}

void check_timed(std::string_view key, const std::string& index, const catalog::CoverageChange& coverage) {
  if (!index.empty() || coverage.none()) return;
  throw InvalidArgument("series {} is untimed: it has no coverage", quote(key));
}

// A time without a zone is never guessed.
Table with_zone(const Table& table, const std::string& index, const std::string& zone) {
  const std::optional<size_t> position = table.schema().find(index);
  if (!position) return table;
  const DataType& type = table.schema()[*position].type;
  if (type.id != TypeId::kTimestamp || !type.zone.empty()) return table;
  if (zone.empty()) throw InvalidArgument("index {} holds times without a zone: say which zone is meant", quote(index));
  return localize(table, index, zone);
}

void check_source(const Source& source) {
  const bool digest =
      source.sha256.size() == 64 && source.sha256.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!digest) throw InvalidArgument("{} is no SHA-256: 64 lower-case hexadecimal digits", quote(source.sha256));
}

}  // namespace

struct Lake::State {
  std::string root;
  pid_t process = ::getpid();
  std::atomic<bool> closed = false;
  // In the order in which they need each other.
  std::unique_ptr<base::FileSystem> own_files;
  base::FileSystem* files = nullptr;
  base::SystemClock own_clock;
  std::unique_ptr<base::ThreadPool> pool;
  std::optional<store::Store> store;

  [[nodiscard]] bool forked() const { return process != ::getpid(); }

  // What every call begins with.
  store::Store& use() {
    if (forked()) {
      throw Forked("the lake {} was opened by process {} and is used in its child {}: open it again", root,
                   static_cast<int64_t>(process), static_cast<int64_t>(::getpid()));
    }
    if (closed) throw InvalidArgument("the lake {} is closed", root);
    return *store;
  }
  store::Store& use(std::string_view key) {
    store::Store& opened = use();
    catalog::check_key(key);
    return opened;
  }
  catalog::SeriesRow series(std::string_view key) {
    std::optional<catalog::SeriesRow> row = use(key).catalog().find_series(key);
    if (!row || row->deleted) throw NotFound("no series {}", quote(key));
    return std::move(*row);
  }

  std::vector<std::string> growth(const catalog::SeriesRow& series, const Schema& rows) {
    if (!series.definition.has_identity) return {};
    return identity_growth(series.definition, store->catalog().schema(series.id, series.schema_version), rows);
  }

  Commit change(std::string_view key, const Table& table, store::WriteMode mode, const SeriesWriteOptions& options) {
    if (options.source) check_source(*options.source);
    store::WriteSession session = use(key).begin_write({std::string(key)});
    store::SeriesWrite write;
    write.key = key;
    write.mode = mode;
    const std::optional<catalog::SeriesRow>& existing = session.series(key);
    const bool is_new = !existing || existing->deleted;
    if (is_new) {
      write.definition = define_series(options.series, table.schema());
    } else {
      check_agreement(key, existing->definition, options.series);
      if (!options.series.identity) write.identity_growth = growth(*existing, table.schema());
    }
    const std::string& index = is_new ? write.definition.index : existing->definition.index;
    write.rows = with_zone(table, index, options.zone);
    write.annotations = to_annotations(options.coverage, options.metadata);
    check_timed(key, index, write.annotations.coverage);
    if (options.source) {
      write.source_name = options.source->name;
      write.source_sha256 = options.source->sha256;
    }
    session.write(write);
    return to_commit(session.commit());
  }
};

Lake::Lake(std::unique_ptr<State> state) : state_(std::move(state)) {}

Lake Lake::open(const std::string& root, OpenOptions options) {
  auto state = std::make_unique<State>();
  state->root = whole_path(root);
  if (options.file_system == nullptr) state->own_files = base::make_system_file_system();
  base::FileSystem& files = options.file_system != nullptr ? *options.file_system : *state->own_files;
  state->files = &files;
  const base::Clock& clock = options.clock != nullptr ? *options.clock : state->own_clock;
  state->pool = std::make_unique<base::ThreadPool>(options.threads);
  state->store = store::Store::open(files, clock, state->root,
                                    {.create = options.create,
                                     .read_only = options.read_only,
                                     .lock_timeout = options.lock_timeout,
                                     .log = to_log(std::move(options.on_warning)),
                                     .pool = state->pool.get()});
  return Lake(std::move(state));
}

Lake::~Lake() {
  // A forked child has neither the threads nor the right to close what it shares with its parent.
  if (state_ && state_->forked()) static_cast<void>(state_.release());
}

Lake::Lake(Lake&&) noexcept = default;

Lake& Lake::operator=(Lake&& other) noexcept {
  const Lake replaced(std::move(*this));
  state_ = std::move(other.state_);
  return *this;
}

void Lake::close() {
  if (!state_ || state_->closed) return;
  store::Store& store = state_->use();
  state_->closed = true;
  store.close();
}

const std::string& Lake::root() const { return state_->root; }

bool Lake::read_only() const { return state_->use().read_only(); }

Commit Lake::write(std::string_view key, const Table& table, const SeriesWriteOptions& options) {
  return state_->change(key, table, store::WriteMode::kReplaceSeries, options);
}

Commit Lake::append(std::string_view key, const Table& table, const SeriesWriteOptions& options) {
  const bool ignore = options.on_conflict == AppendConflict::kIgnore;
  return state_->change(key, table, ignore ? store::WriteMode::kAppendMissing : store::WriteMode::kAppend, options);
}

Commit Lake::upsert(std::string_view key, const Table& table, const SeriesWriteOptions& options) {
  return state_->change(key, table, store::WriteMode::kUpsert, options);
}

Commit Lake::remove(std::string_view key) {
  store::WriteSession session = state_->use(key).begin_write({std::string(key)});
  session.remove(key);
  return to_commit(session.commit());
}

Table Lake::read(std::string_view key, const ReadOptions& options) const {
  return state_->use(key).read(key, to_selection(key, options));
}

Table Lake::head(std::string_view key, int64_t rows, const ReadOptions& options) const {
  return state_->use(key).read(key, to_selection(key, with_limit(options, rows)));
}

Table Lake::tail(std::string_view key, int64_t rows, const ReadOptions& options) const {
  store::Store& store = state_->use(key);
  store::Selection selection = to_selection(key, with_limit(options, rows));
  selection.from_end = true;
  return store.read(key, selection);
}

bool Lake::exists(std::string_view key) const {
  const std::optional<catalog::SeriesRow> row = state_->use(key).catalog().find_series(key);
  return row && !row->deleted;
}

std::vector<std::string> Lake::list_keys(std::string_view prefix) const {
  std::vector<std::string> keys;
  for (catalog::SeriesRow& row : state_->use().catalog().list_series(prefix)) keys.push_back(std::move(row.key));
  return keys;
}

std::optional<std::pair<Timestamp, Timestamp>> Lake::time_range(std::string_view key) const {
  const catalog::SeriesRow row = state_->series(key);
  if (!row.first || !row.last) return {};
  return std::pair(*row.first, *row.last);
}

SeriesInfo Lake::info(std::string_view key) const {
  const catalog::SeriesRow row = state_->series(key);
  catalog::Catalog& catalog = state_->use().catalog();
  return to_info(row, catalog.schema(row.id, row.schema_version), catalog.metadata(row.id));
}

std::vector<SeriesInfo> Lake::info_all(std::string_view prefix) const {
  std::vector<SeriesInfo> all;
  catalog::Catalog& catalog = state_->use().catalog();
  std::map<int64_t, std::string> metadata = catalog.all_metadata();
  for (const catalog::SeriesRow& row : catalog.list_series(prefix)) {
    all.push_back(to_info(row, catalog.schema(row.id, row.schema_version), std::move(metadata[row.id])));
  }
  return all;
}

std::vector<std::string> Lake::files(std::string_view key) const {
  std::optional<catalog::Catalog::State> state = state_->use(key).catalog().state(key);
  if (!state) throw NotFound("no series {}", quote(key));
  store::sort_objects(state->objects, state->series.definition);
  std::vector<std::string> names;
  for (const catalog::ObjectRow& object : state->objects) names.push_back(store::visible_name(key, object));
  return names;
}

std::string Lake::metadata(std::string_view key) const {
  const catalog::SeriesRow row = state_->series(key);
  const std::string json = state_->use().catalog().metadata(row.id);
  return json.empty() ? kNoMetadata : json;
}

void Lake::set_metadata(std::string_view key, std::string_view json) {
  state_->use(key).catalog().annotate(key, {.coverage = {}, .metadata = std::string(json)});
}

void Lake::remove_metadata(std::string_view key) { set_metadata(key, kNoMetadata); }

Coverage Lake::coverage(std::string_view key, const CoverageRange& within) const {
  const catalog::SeriesRow row = state_->series(key);
  catalog::Coverage known = state_->use().catalog().coverage(row.id, half_open(within));
  return {
      .requested = std::move(known.requested), .received = std::move(known.received), .empty = std::move(known.empty)};
}

TimeRanges Lake::missing(std::string_view key, const CoverageRange& within) const {
  const TimeRange range = half_open(within);
  const std::optional<catalog::SeriesRow> row = state_->use(key).catalog().find_series(key);
  if (!row || row->deleted) {
    if (within.start && within.end) return merge_ranges({range});
    throw NotFound("no series {}", quote(key));
  }
  const catalog::Coverage known = state_->use().catalog().coverage(row->id, range);
  TimeRange wanted = range;
  if (!within.start || !within.end) {
    if (known.requested.empty()) return {};
    if (!within.start) wanted.start = known.requested.front().start;
    if (!within.end) wanted.end = known.requested.back().end;
  }
  return subtract(merge_ranges({wanted}), unite(known.received, known.empty));
}

void Lake::record_coverage(std::string_view key, const CoverageChange& change) {
  const catalog::SeriesRow row = state_->series(key);
  const catalog::Annotations annotations = to_annotations(change, {});
  check_timed(key, row.definition.index, annotations.coverage);
  state_->use().catalog().annotate(key, annotations);
}

Registry Lake::registry() const {
  State* const state = state_.get();
  return Registry(Registry::Source{
      .use = [state]() -> store::Store& { return state->use(); }, .files = state->files, .root = state->root});
}

VerifyReport Lake::verify(std::string_view key) const {
  store::Store& store = key.empty() ? state_->use() : state_->use(key);
  store::Verification found = store.verify(key);
  VerifyReport report{
      .keys = found.keys, .files = found.files, .rows = found.rows, .bytes = found.bytes, .findings = {}};
  for (store::Finding& finding : found.findings) {
    report.findings.push_back({std::move(finding.key), std::move(finding.file), std::move(finding.what)});
  }
  return report;
}

std::optional<std::string> find_lake(const std::string& path) {
  const std::unique_ptr<base::FileSystem> files = base::make_system_file_system();
  for (std::string at = whole_path(path);; at = base::parent_path(at)) {
    if (store::Disk(*files, at).holds_lake()) return at;
    if (at == "/") return {};
  }
}

}  // namespace varve
