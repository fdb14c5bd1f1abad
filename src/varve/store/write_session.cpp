#include "varve/store/write_session.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "varve/base/error.h"
#include "varve/base/uuid.h"
#include "varve/catalog/key.h"
#include "varve/store/commit_files.h"
#include "varve/store/file_metadata.h"
#include "varve/store/publish.h"
#include "varve/store/schema/price_storage.h"
#include "varve/store/series_reader.h"
#include "varve/store/tree/layout.h"
#include "varve/store/tree/place.h"
#include "varve/store/upkeep/compaction.h"
#include "varve/table/cast.h"
#include "varve/table/index.h"

namespace varve::store {
namespace {

// Of the objects with these ids.
int64_t bytes_of(const std::vector<catalog::ObjectRow>& objects, const std::vector<std::string>& ids) {
  const std::set<std::string_view> wanted(ids.begin(), ids.end());
  int64_t bytes = 0;
  for (const catalog::ObjectRow& object : objects) bytes += wanted.contains(object.id) ? object.bytes : 0;
  return bytes;
}

std::string_view operation_of(const SeriesWrite& write) {
  if (!write.originals.empty()) return "adopt";
  if (write.restored > 0) return "restore";
  switch (write.change.mode) {
    case WriteMode::kReplaceSeries: return "write";
    case WriteMode::kAppend:
    case WriteMode::kAppendMissing: return "append";
    case WriteMode::kUpsert: return "upsert";
    case WriteMode::kReplaceRange: break;
  }
  return "replace";
}

// One series of a session: as it was found, and what is to become of it.
struct KeyState {
  std::optional<catalog::SeriesRow> row;
  catalog::SeriesDefinition definition;
  int32_t schema_version = 0;  // after the commit
  std::optional<Plan> plan;
  std::vector<AdoptedFile> adopted;
  std::vector<Original> originals;
  catalog::SeriesChange change;
  SeriesResult result;
  TreeChanges::Places places;  // of the visible tree that change
  bool touched = false;

  [[nodiscard]] bool exists() const { return row && !row->deleted; }
  [[nodiscard]] int64_t version() const { return row ? row->version : 0; }
};

}  // namespace

struct WriteSession::State {
  explicit State(Engine& lake_engine) : engine(lake_engine) {}

  Engine& engine;
  std::unique_ptr<base::FileLock> lock;  // of the keys
  std::map<std::string, KeyState, std::less<>> keys;
  std::string operation;

  KeyState& find(std::string_view key) {
    const auto at = keys.find(key);
    if (at == keys.end()) throw InvalidArgument("key {} is not part of this session", quote(key));
    return at->second;
  }

  KeyState& touch(std::string_view key, std::string_view by) {
    KeyState& state = find(key);
    if (state.touched) throw InvalidArgument("key {} is changed twice in one commit", quote(key));
    state.touched = true;
    operation = operation.empty() || operation == by ? std::string(by) : "transaction";
    return state;
  }

  KeyState& touch_existing(std::string_view key, std::string_view by) {
    KeyState& state = touch(key, by);
    if (!state.exists()) throw NotFound("no series {}", quote(key));
    return state;
  }

  void lock_keys() {
    std::vector<std::string> names;
    for (const auto& [key, state] : keys) names.push_back(key);
    if (!names.empty()) lock = engine.disk().lock_keys(names, engine.lock_timeout());
  }

  [[nodiscard]] SeriesFiles files_of(const KeyState& key) {
    SeriesFiles files{.definition = key.definition, .exists = key.exists(), .schema = {}, .objects = {}};
    if (!files.exists) return files;
    std::optional<catalog::Catalog::State> newest = engine.catalog().state(key.row->key);
    if (!newest) throw Corruption("the catalog has the series {} but not its state", quote(key.row->key));
    files.schema = std::move(newest->schema);
    files.objects = std::move(newest->objects);
    sort_objects(files.objects, files.definition);
    return files;
  }

  [[nodiscard]] PlanTools tools(const KeyState& key) {
    return {.read_object = [this, name = key.change.key](
                               const catalog::ObjectRow& object) { return read_object(engine, name, object); },
            .pool = engine.pool()};
  }

  void plan(KeyState& key, RowChange change) {
    const SeriesFiles files = files_of(key);
    if (change.mode == WriteMode::kReplaceRange && change.first <= change.last) {
      key.change.sources.emptied = {{change.first, change.last}};
    }
    change.rows = with_float_prices(change.rows, key.definition);
    Plan plan = plan_write(files, change, tools(key));
    const Schema stored = with_decimal_prices(files.schema, key.definition);
    if (plan.changes && grow_price_scales(change.rows, plan.schema, key.definition)) {
      key.change.define = key.definition;
    }
    if (plan.changes && changes_types(stored, with_decimal_prices(plan.schema, key.definition))) {
      rewrite_rest(key, files, plan);
    }
    accept(key, files, std::move(plan));
  }

  [[nodiscard]] catalog::SourceSeen source_seen(const KeyState& key, const SeriesWrite& write) const {
    // Rows that have an identity are told apart by that.
    if (!key.exists() || key.definition.has_identity || write.source_sha256.empty()) return catalog::SourceSeen::kNot;
    return engine.catalog().source_seen(key.row->id, write.source_sha256);
  }

  // Whether the write is one of a file whose rows are there.
  [[nodiscard]] bool skips_source(const KeyState& key, const SeriesWrite& write) const {
    const WriteMode mode = write.change.mode;
    if (write.source_again || mode == WriteMode::kReplaceSeries || mode == WriteMode::kReplaceRange) return false;
    const catalog::SourceSeen seen = source_seen(key, write);
    if (seen != catalog::SourceSeen::kInPart) return seen == catalog::SourceSeen::kWhole;
    const std::optional<catalog::ClosedRange> range = range_of(key, write);
    const std::string where =
        range ? " from " + to_string(range->first) + " to " + to_string(range->last) : std::string();
    throw AlreadyExists(
        "a part of {} is in series {}, other rows of it were removed since it was brought in: make it the content{} by "
        "replace, or restore a version that has all of it",
        quote(write.source_name), quote(write.key), where);
  }

  // Of the rows' index.
  static std::optional<catalog::ClosedRange> range_of(const KeyState& key, const SeriesWrite& write) {
    const Table& rows = write.change.rows;
    if (key.definition.index.empty() || rows.num_rows() == 0) return {};
    const table::IndexValues index(rows, key.definition.index);
    const auto [first, last] = std::minmax_element(index.nanoseconds().begin(), index.nanoseconds().end());
    return catalog::ClosedRange{Timestamp{*first}, Timestamp{*last}};
  }

  // Rows that were there already become those of the file, which is a change where nothing else tells so.
  void note_source(KeyState& key, const SeriesWrite& write) const {
    if (write.source_sha256.empty() || write.change.rows.num_rows() == 0) return;
    key.change.sources.sha256 = write.source_sha256;
    key.change.sources.name = write.source_name;
    key.change.sources.range = range_of(key, write);
    if (key.definition.has_identity || source_seen(key, write) == catalog::SourceSeen::kWhole) return;
    key.result.changed = true;
  }

  void empty_range(KeyState& key, Timestamp first, Timestamp last) {
    const Schema schema = engine.catalog().schema(key.row->id, key.row->schema_version);
    plan(key, {.rows = Table::empty(schema), .mode = WriteMode::kReplaceRange, .first = first, .last = last});
    if (key.result.changed && first <= last) {
      key.change.annotations.coverage.forgotten = {{first, last < Timestamp::max() ? last + Duration{1} : last}};
    }
  }

  // Files that the plan leaves as they are get the new types too: a program that reads all of them takes those of the
  // first, and then rounds without a word. They come before new ones, as the rows of an untimed series do.
  void rewrite_rest(const KeyState& key, const SeriesFiles& files, Plan& plan) {
    const std::set<std::string> removed(plan.removed.begin(), plan.removed.end());
    std::vector<PlannedFile> added;
    for (const catalog::ObjectRow& object : files.objects) {
      if (removed.contains(object.id)) continue;
      added.push_back(rewritten(key, object, {}, plan.schema));
      plan.removed.push_back(object.id);
    }
    std::move(plan.added.begin(), plan.added.end(), std::back_inserter(added));
    plan.added = std::move(added);
  }

  // A file of the same rows with other columns, or of other types.
  [[nodiscard]] PlannedFile rewritten(const KeyState& key, const catalog::ObjectRow& object, const ColumnChange& change,
                                      const Schema& schema) {
    const auto rewrite = [this, object, change, schema,
                          name = key.change.key](const std::function<void(const Table&)>& take) {
      try {
        read_groups(engine, name, object,
                    [&](const Table& rows) { take(store::change_columns(rows, change, schema)); });
      } catch (const SchemaCompatibility& error) {
        throw SchemaCompatibility("{}: {}", visible_name(name, object), error.what());
      }
    };
    return {.rewrite = rewrite, .first = object.first, .last = object.last};
  }

  // What a plan says becomes the change of its key.
  static void accept(KeyState& key, const SeriesFiles& files, Plan plan) {
    key.plan = std::move(plan);
    key.result.counts = key.plan->counts;
    key.result.changed = key.plan->changes;
    const bool schema_changes = !key.exists() || key.plan->schema != files.schema;
    key.schema_version = (key.row ? key.row->schema_version : 0) + (schema_changes ? 1 : 0);
    if (schema_changes) key.change.schema = key.plan->schema;
    key.change.removed = key.plan->removed;
    const std::set<std::string_view> removed(key.plan->removed.begin(), key.plan->removed.end());
    for (const catalog::ObjectRow& object : files.objects) {
      if (removed.contains(object.id)) key.places.insert(place_of(object.name));
    }
    key.change.rows_added = key.plan->counts.added;
    key.change.rows_replaced = key.plan->counts.replaced;
    key.change.rows_removed = key.plan->counts.removed;
  }

  // Whether the file that lies there, by a template, is replaced.
  static bool makes_way(const KeyState& key, const std::string& place) {
    return std::any_of(key.originals.begin(), key.originals.end(),
                       [&](const Original& file) { return "/" + file.path == place; });
  }

  // A name that no file of the series ever had, and that nobody else's file has.
  std::string choose_name(KeyState& key, const FileRange& range, std::set<std::string>& given) {
    const Layout layout = Layout::parse(key.definition.layout);
    const int64_t series_id = key.row ? key.row->id : 0;
    const std::string place = layout.place(key.change.key, range.first);
    const bool is_new = key.places.insert(place).second;
    if (is_new && !makes_way(key, place)) check_place(engine, series_id, key.change.key, place);
    const auto taken = [&](const std::string& name) {
      if (given.contains(name) || !engine.catalog().objects_named(series_id, std::span(&name, 1)).empty()) return true;
      const std::string path = base::join_path(engine.disk().root(), visible_path(key.change.key, name));
      return !layout.one_file_a_period() && engine.files().exists(path);
    };
    std::string name = layout.name_file(key.change.key, range, key.version() + 1, taken);
    given.insert(name);
    return name;
  }

  // A file of a key on its way to the disk.
  struct FileWork {
    KeyState* key = nullptr;
    PlannedFile* planned = nullptr;
    const parquet::WriteOptions* options = nullptr;
    WrittenFile written = {};
  };

  [[nodiscard]] parquet::WriteOptions write_options(const KeyState& key, const std::string& commit_id) const {
    const FileFacts facts{.key = key.change.key,
                          .definition = key.definition,
                          .version = key.version() + 1,
                          .schema_version = key.schema_version,
                          .commit_id = commit_id};
    return store::write_options(facts, engine.pool());
  }

  static void write_file(FileWork& work, size_t number, CommitFiles& files) {
    PlannedFile& planned = *work.planned;
    const catalog::SeriesDefinition& definition = work.key->definition;
    if (planned.rewrite) {
      const Schema stored = with_decimal_prices(work.key->plan->schema, definition);
      work.written = files.add(number, stored, *work.options, [&](parquet::Writer& writer) {
        planned.rewrite([&](const Table& rows) { writer.write(with_decimal_prices(rows, definition)); });
      });
      return;
    }
    if (!planned.merge) {
      work.written = files.add(number, with_decimal_prices(planned.rows, definition), *work.options);
      planned.rows = Table();
      return;
    }
    const Table rows = planned.merge();
    work.written = files.add(number, with_decimal_prices(rows, definition), *work.options);
    if (!equals(table::conform(files.read(work.written), rows.schema()), rows)) {
      throw Corruption("a file of {} rows was written and reads back as others: nothing is changed", rows.num_rows());
    }
  }

  void write_files(std::vector<FileWork>& works, CommitFiles& files) const {
    const auto write_one = [&](size_t at) { write_file(works[at], at, files); };
    if (engine.pool() != nullptr && works.size() > 1) return engine.pool()->parallel_for(works.size(), write_one);
    for (size_t at = 0; at < works.size(); ++at) write_one(at);
  }

  void name_files(std::vector<FileWork>& works) {
    std::set<std::string> given;
    const KeyState* named = nullptr;
    for (FileWork& work : works) {
      KeyState& key = *work.key;
      if (std::exchange(named, &key) != &key) given.clear();
      const FileRange range{
          .timed = !key.definition.index.empty(), .first = work.planned->first, .last = work.planned->last};
      WrittenFile& written = work.written;
      key.change.added.push_back({.id = std::move(written.object_id),
                                  .name = choose_name(key, range, given),
                                  .rows = written.rows,
                                  .bytes = written.bytes,
                                  .first = range.first,
                                  .last = range.last,
                                  .sha256 = std::move(written.sha256),
                                  .inline_bytes = std::move(written.inline_bytes)});
    }
  }

  // Files that become objects as they are, numbered after those that were written.
  void adopt_files(KeyState& key, CommitFiles& files, size_t& number) {
    std::set<std::string> given;
    for (const AdoptedFile& file : key.adopted) {
      WrittenFile object = files.adopt(number++, file.path, file.status);
      const FileRange range{.timed = !key.definition.index.empty(), .first = file.first, .last = file.last};
      // By a template a name has a number in the catalog that it has not in the tree.
      std::string name = is_by_template(file.name) ? choose_name(key, range, given) : file.name;
      const std::optional<int64_t> modified = file.status.modified_nanoseconds;
      key.change.added.push_back({.id = std::move(object.object_id),
                                  .name = std::move(name),
                                  .rows = file.rows,
                                  .bytes = file.bytes,
                                  .first = file.first,
                                  .last = file.last,
                                  .sha256 = file.sha256,
                                  .inline_bytes = nullptr,
                                  .modified = object.linked ? modified : std::nullopt});
    }
  }

  // What is said of series whose rows stay. It comes after the commit: rows without their coverage are asked for once
  // more, coverage without its rows would hide that they are missing.
  void annotate_unchanged() {
    for (const auto& [name, key] : keys) {
      if (key.result.changed || key.change.annotations.none()) continue;
      engine.catalog().annotate(name, key.change.annotations);
    }
  }

  // Returns once the change is on the disk, and else throws with nothing left of it.
  std::vector<catalog::CommittedSeries> make_durable(const std::string& commit_id) {
    std::deque<parquet::WriteOptions> options;
    std::vector<FileWork> works;
    std::vector<Original> originals;
    size_t adopted = 0;
    for (auto& [name, key] : keys) {
      adopted += key.adopted.size();
      originals.insert(originals.end(), key.originals.begin(), key.originals.end());
      if (!key.plan || key.plan->added.empty()) continue;
      options.push_back(write_options(key, commit_id));
      for (PlannedFile& planned : key.plan->added) works.push_back({&key, &planned, &options.back()});
    }
    CommitFiles files(engine, commit_id, works.size() + adopted);
    files.announce(std::move(originals));
    write_files(works, files);
    name_files(works);
    size_t number = works.size();
    for (auto& [name, key] : keys) adopt_files(key, files, number);
    catalog::CommitRequest request{.id = commit_id, .operation = operation, .changes = {}};
    for (auto& [name, key] : keys) {
      if (key.result.changed) request.changes.push_back(key.change);
    }
    files.move_into_objects();
    try {
      std::vector<catalog::CommittedSeries> committed = engine.catalog().commit(request);
      files.keep();
      return committed;
    } catch (const OutcomeUnknown&) {
      files.leave();
      throw;
    }
  }

  void note_places(const catalog::CommittedSeries& committed) {
    const KeyState& key = find(committed.key);
    if (key.change.deletes || !key.change.new_key.empty()) {
      engine.tree_changes().forget(committed.series_id);
    } else {
      engine.tree_changes().add(committed.series_id, committed.version, key.places);
    }
  }

  void publish_what_is_behind() {
    if (!engine.behind() || engine.publisher()) return;
    try {
      engine.set_behind(publish_pending(engine) > 0);
    } catch (const Error& error) {
      engine.warn(std::string("cannot publish what is behind: ") + error.what());
    }
  }

  // A deleted series gives up its key only when its files are gone from there.
  void publish_end_of(const KeyState& key) {
    if (!key.row) return;
    for (const catalog::PendingPublication& pending : engine.catalog().pending_publications()) {
      if (pending.series_id == key.row->id) publish(engine, pending);
    }
  }

  void publish_later() {
    engine.set_behind(true);
    engine.publisher()();
  }

  bool try_to_publish(const catalog::CommittedSeries& series, const std::string& commit_id) {
    try {
      const std::string& new_key = find(series.key).change.new_key;
      publish(engine,
              {.series_id = series.series_id, .key = new_key.empty() ? series.key : new_key, .commit_id = commit_id});
      return true;
    } catch (const Error& error) {
      engine.set_behind(true);
      engine.warn("committed, but cannot publish " + quote(series.key) + " yet: " + error.what());
      return false;
    }
  }
};

WriteSession::WriteSession(Engine& engine, std::vector<std::string> keys) : state_(std::make_unique<State>(engine)) {
  for (const std::string& key : keys) catalog::check_key(key);
  if (engine.read_only()) throw ReadOnly("the lake {} is open for reading only", engine.disk().root());
  for (const std::string& key : keys) engine.disk().check_key_path(key);
  for (std::string& key : keys) state_->keys.try_emplace(std::move(key));
  state_->lock_keys();
  for (auto& [key, state] : state_->keys) {
    state.row = engine.catalog().find_series(key);
    state.result = {.key = key, .version = state.version(), .counts = {}};
    state.change.key = key;
    state.change.base_version = state.version();
    if (state.exists()) state.definition = state.row->definition;
  }
}

WriteSession::~WriteSession() = default;
WriteSession::WriteSession(WriteSession&&) noexcept = default;
WriteSession& WriteSession::operator=(WriteSession&&) noexcept = default;

const std::optional<catalog::SeriesRow>& WriteSession::series(std::string_view key) const {
  return state_->find(key).row;
}

void WriteSession::write(const SeriesWrite& write) {
  const WriteMode mode = write.change.mode;
  KeyState& key = state_->touch(write.key, operation_of(write));
  key.originals = write.originals;
  Engine& engine = state_->engine;
  catalog::check_annotations(write.annotations);
  key.change.annotations = write.annotations;
  if (state_->skips_source(key, write)) {
    key.result.source_seen = true;
    return;
  }
  if (!key.exists()) {
    key.definition = write.definition;
    const Layout layout = Layout::parse(key.definition.layout);
    layout.check(write.key, !key.definition.index.empty());
    check_neighbours(engine.catalog(), write.key, layout);
  }
  const std::vector<std::string>& growth = write.identity_growth;
  key.definition.identity.insert(key.definition.identity.end(), growth.begin(), growth.end());
  if (!key.exists() || !growth.empty()) key.change.define = key.definition;
  key.change.sources.forgets = mode == WriteMode::kReplaceSeries;
  key.change.sources.restored = write.restored;
  state_->plan(key, write.change);
  state_->note_source(key, write);
}

void WriteSession::remove(std::string_view name) {
  KeyState& key = state_->touch_existing(name, "delete");
  key.change.deletes = true;
  key.change.rows_removed = key.row->rows;
  key.result.counts.removed = key.row->rows;
  key.result.changed = true;
}

void WriteSession::remove_range(std::string_view name, Timestamp first, Timestamp last) {
  state_->empty_range(state_->touch_existing(name, "delete"), first, last);
}

void WriteSession::retain(std::string_view name, Timestamp first) {
  KeyState& key = state_->touch_existing(name, "retain");
  const bool none = first == Timestamp::min();
  state_->empty_range(key, none ? Timestamp::max() : Timestamp::min(), first - Duration{1});
}

void WriteSession::rename(std::string_view name, std::string_view new_name) {
  KeyState& key = state_->touch_existing(name, "rename");
  KeyState& target = state_->touch(new_name, "rename");
  if (target.exists()) throw AlreadyExists("there is a series {} already", quote(new_name));
  const Layout layout = Layout::parse(key.definition.layout);
  if (layout.one_file_a_period()) {
    throw NotSupported("series {} is laid out by a path template, which its key is part of: write it under {} instead",
                       quote(name), quote(new_name));
  }
  check_neighbours(state_->engine.catalog(), std::string(new_name), layout);
  state_->publish_end_of(target);
  key.change.new_key = new_name;
  key.change.new_key_version = target.version();
  key.result.changed = true;
}

bool WriteSession::compact(std::string_view name, int64_t target_rows, Meter* meter) {
  KeyState& key = state_->touch_existing(name, "compact");
  const SeriesFiles files = state_->files_of(key);
  PlanTools tools = state_->tools(key);
  if (meter != nullptr) {
    tools.read_object = [read = std::move(tools.read_object), meter](const catalog::ObjectRow& object) {
      Table rows = read(object);
      meter->add(object.bytes);
      return rows;
    };
  }
  CompactionPlan compaction = plan_compaction(files, target_rows, tools);
  if (meter != nullptr) meter->expect(bytes_of(files.objects, compaction.plan.removed));
  state_->accept(key, files, std::move(compaction.plan));
  return compaction.unfinished;
}

void WriteSession::change_columns(std::string_view name, const ColumnChange& change) {
  KeyState& key = state_->touch_existing(name, change.renamed.empty() ? "drop_columns" : "rename_columns");
  const SeriesFiles files = state_->files_of(key);
  const Schema schema = store::change_columns(files.schema, change, key.definition);
  if (schema == files.schema) return;
  Plan plan{.schema = schema, .changes = true};
  for (const catalog::ObjectRow& object : files.objects) {
    plan.removed.push_back(object.id);
    plan.added.push_back(state_->rewritten(key, object, change, schema));
  }
  if (rename_prices(change, key.definition)) key.change.define = key.definition;
  state_->accept(key, files, std::move(plan));
}

std::vector<SeriesResult> WriteSession::planned() const {
  std::vector<SeriesResult> planned;
  for (const auto& [name, key] : state_->keys) planned.push_back(key.result);
  return planned;
}

void WriteSession::adopt(const Adoption& adoption) {
  KeyState& key = state_->touch(adoption.key, "adopt");
  if (key.exists()) throw AlreadyExists("there is a series {} already", quote(adoption.key));
  key.definition = adoption.definition;
  const Layout layout = Layout::parse(key.definition.layout);
  layout.check(adoption.key, !key.definition.index.empty());
  check_neighbours(state_->engine.catalog(), adoption.key, layout);
  key.adopted = adoption.files;
  key.change.define = key.definition;
  key.change.schema = adoption.schema;
  for (const AdoptedFile& file : adoption.files) {
    key.places.insert(place_of(file.name));
    key.change.rows_added += file.rows;
  }
  key.result.counts.added = key.change.rows_added;
  key.result.changed = true;
}

CommitResult WriteSession::commit(const CommitOptions& options) {
  CommitResult result;
  state_->publish_what_is_behind();
  const auto changed = [](const auto& entry) { return entry.second.result.changed; };
  if (std::any_of(state_->keys.begin(), state_->keys.end(), changed)) {
    const std::string commit_id = base::make_uuid();
    const std::vector<catalog::CommittedSeries> all = state_->make_durable(commit_id);
    const bool later = !options.published && state_->engine.publisher();
    for (const catalog::CommittedSeries& committed : all) {
      SeriesResult& series = state_->find(committed.key).result;
      series.version = committed.version;
      state_->note_places(committed);
      state_->engine.upkeep().note(committed.series_id, committed.version);
      series.published = !later && state_->try_to_publish(committed, commit_id);
    }
    if (later) state_->publish_later();
    result.id = commit_id;
  }
  state_->annotate_unchanged();
  for (auto& [key, state] : state_->keys) result.series.push_back(std::move(state.result));
  state_->lock.reset();
  if (!state_->engine.publisher()) state_->engine.upkeep().take(state_->engine, 0);
  return result;
}

}  // namespace varve::store
