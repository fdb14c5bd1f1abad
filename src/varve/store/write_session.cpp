#include "varve/store/write_session.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <exception>
#include <map>
#include <set>
#include <utility>

#include "varve/base/error.h"
#include "varve/base/interruption.h"
#include "varve/base/naming.h"
#include "varve/base/uuid.h"
#include "varve/catalog/key.h"
#include "varve/store/commit_files.h"
#include "varve/store/file_metadata.h"
#include "varve/store/publish.h"
#include "varve/store/read/series_view.h"
#include "varve/store/schema/price_storage.h"
#include "varve/store/tree/file_names.h"
#include "varve/store/tree/layout.h"
#include "varve/store/tree/place.h"
#include "varve/store/upkeep/compaction.h"
#include "varve/store/write/key_state.h"
#include "varve/table/cast.h"

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
  if (write.restored) return "restore";
  switch (write.change.mode) {
    case WriteMode::kReplaceSeries: return "write";
    case WriteMode::kAppend:
    case WriteMode::kAppendMissing: return "append";
    case WriteMode::kUpsert: return "upsert";
    case WriteMode::kReplaceRange: break;
  }
  return "replace";
}

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
    const std::vector<std::string> names = names_of([](const KeyState&) { return true; });
    if (!names.empty()) lock = engine.disk().lock_keys(names, engine.lock_timeout());
  }

  // Of all series, at one time; those that are deleted go on counting their versions.
  void find_series(const ComesBehind& comes_behind) {
    std::vector<std::string> names = names_of([](const KeyState&) { return true; });
    std::vector<std::optional<catalog::Catalog::State>> states =
        engine.catalog().states(names, {.tail_will_do = comes_behind});
    for (size_t at = 0; at < names.size(); ++at) {
      KeyState& key = find(names[at]);
      key.newest = std::move(states[at]);
      if (key.newest) key.row = key.newest->series;
    }
    names = names_of([](const KeyState& state) { return !state.row; });
    if (names.empty()) return;
    std::vector<std::optional<catalog::SeriesRow>> rows = engine.catalog().find_many(names);
    for (size_t at = 0; at < names.size(); ++at) find(names[at]).row = std::move(rows[at]);
  }

  template <typename Wanted>
  [[nodiscard]] std::vector<std::string> names_of(Wanted wanted) const {
    std::vector<std::string> names;
    for (const auto& [name, key] : keys) {
      if (wanted(key)) names.push_back(name);
    }
    return names;
  }

  void check_keys() const {
    KeyChanges changes;
    for (const auto& [name, key] : keys) {
      const std::string& new_key = key.change.new_key;
      if (key.change.deletes || !new_key.empty()) changes.going.insert(name);
      const bool is_laid_out =
          key.change.define && (!key.exists() || key.definition.layout != key.row->definition.layout);
      if (is_laid_out || !new_key.empty()) {
        changes.coming.emplace(is_laid_out ? name : new_key, Layout::parse(key.definition.layout));
      }
    }
    check_neighbours(engine.catalog(), changes);
  }

  // Whether the file that lies there, by a template, is replaced.
  static bool makes_way(const KeyState& key, const std::string& place) {
    return std::any_of(key.originals.begin(), key.originals.end(),
                       [&](const Original& file) { return "/" + file.path == place; });
  }

  // Finds a place for a new file, which gets its name there later.
  FileToName place_file(KeyState& key, Timestamp first, Timestamp last) const {
    const Layout layout = Layout::parse(key.definition.layout);
    const int64_t series_id = key.row ? key.row->id : 0;
    const std::string place = layout.place(key.change.key, first);
    const bool is_known = !key.places.insert(place).second || place.empty();  // the key's was checked at the beginning
    if (!is_known && !makes_way(key, place)) check_place(engine, series_id, key.change.key, place);
    return {.series_id = series_id,
            .key = key.change.key,
            .layout = layout,
            .range = {.timed = !key.definition.index.empty(), .first = first, .last = last},
            .version = key.version() + 1};
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
    base::parallel_for(engine.pool(), works.size(), write_one);
  }

  void name_files(std::vector<FileWork>& works) {
    std::vector<FileToName> unnamed;
    for (FileWork& work : works) unnamed.push_back(place_file(*work.key, work.planned->first, work.planned->last));
    std::vector<std::string> names = store::name_files(engine, unnamed);
    for (size_t at = 0; at < works.size(); ++at) {
      WrittenFile& written = works[at].written;
      auto names_of_this_file = names_of_file(names[at]);
      works[at].key->change.added.push_back({.id = std::move(written.object_id),
                                             .name = std::move(names[at]),
                                             .rows = written.rows,
                                             .bytes = written.bytes,
                                             .first = works[at].planned->first,
                                             .last = works[at].planned->last,
                                             .sha256 = std::move(written.sha256),
                                             .inline_bytes = std::move(written.inline_bytes),
                                             .names_of_file = std::move(names_of_this_file)});
    }
  }

  // Files that become objects as they are, numbered after those that were written.
  void adopt_files(KeyState& key, CommitFiles& files, size_t& number) {
    const std::vector<std::string> names = names_of_adopted(key);
    for (size_t at = 0; at < names.size(); ++at) {
      const AdoptedFile& file = key.adopted[at];
      WrittenFile object = files.adopt(number++, file.path, file.status);
      const std::optional<int64_t> modified = file.status.modified_nanoseconds;
      key.change.added.push_back({.id = std::move(object.object_id),
                                  .name = names[at],
                                  .rows = file.rows,
                                  .bytes = file.bytes,
                                  .first = file.first,
                                  .last = file.last,
                                  .sha256 = file.sha256,
                                  .inline_bytes = nullptr,
                                  .modified = object.linked ? modified : std::nullopt,
                                  .names_of_file = names_of_file(names[at])});
    }
  }

  // By a template a name has a number in the catalog that it has not in the tree.
  [[nodiscard]] std::vector<std::string> names_of_adopted(KeyState& key) const {
    std::vector<std::string> names;
    for (const AdoptedFile& file : key.adopted) names.push_back(file.name);
    if (names.empty() || !is_by_template(names.front())) return names;
    std::vector<FileToName> unnamed;
    for (const AdoptedFile& file : key.adopted) unnamed.push_back(place_file(key, file.first, file.last));
    return store::name_files(engine, unnamed);
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

WriteSession::WriteSession(Engine& engine, std::vector<std::string> keys, const ComesBehind& comes_behind)
    : state_(std::make_unique<State>(engine)) {
  for (const std::string& key : keys) catalog::check_key(key);
  if (engine.read_only()) throw ReadOnly("the lake {} is open for reading only", engine.disk().root());
  if (!engine.catalog().in_place()) {
    throw NotFound("the lake {} was moved, removed or replaced while it was open", engine.disk().root());
  }
  for (const std::string& key : keys) engine.disk().check_key_path(key);
  for (std::string& key : keys) state_->keys.try_emplace(std::move(key));
  state_->lock_keys();
  state_->find_series(comes_behind);
  for (auto& [key, state] : state_->keys) {
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

const Schema& WriteSession::schema(std::string_view key) const {
  const KeyState& state = state_->find(key);
  if (!state.newest) throw NotFound("no series {}", quote(key));
  return state.newest->schema;
}

void WriteSession::write(const SeriesWrite& write) {
  KeyState& key = state_->touch(write.key, operation_of(write));
  work_out(state_->engine, key, write);
}

void WriteSession::write_many(std::vector<SeriesWrite> writes) {
  std::vector<KeyState*> keys;
  for (const SeriesWrite& write : writes) keys.push_back(&state_->touch(write.key, operation_of(write)));
  std::vector<std::exception_ptr> errors(writes.size());
  std::atomic<size_t> first_error = writes.size();
  base::parallel_for(state_->engine.pool(), writes.size(), [&](size_t at) {
    if (at > first_error) return;
    try {
      run_naming_series(writes[at].key, [&] { work_out(state_->engine, *keys[at], writes[at]); });
      writes[at].change.rows = Table();
    } catch (...) {
      errors[at] = std::current_exception();
      for (size_t known = first_error; at < known && !first_error.compare_exchange_weak(known, at);) {}
    }
  });
  if (first_error < writes.size()) std::rethrow_exception(errors[first_error]);
}

void WriteSession::remove(std::string_view name) {
  KeyState& key = state_->touch_existing(name, "delete");
  key.change.deletes = true;
  key.change.rows_removed = key.row->rows;
  key.result.counts.removed = key.row->rows;
  key.result.changed = true;
}

void WriteSession::remove_range(std::string_view name, Timestamp first, Timestamp last) {
  empty_range(state_->engine, state_->touch_existing(name, "delete"), first, last);
}

void WriteSession::retain(std::string_view name, Timestamp first) {
  KeyState& key = state_->touch_existing(name, "retain");
  const bool none = first == Timestamp::min();
  empty_range(state_->engine, key, none ? Timestamp::max() : Timestamp::min(), first - Duration{1});
}

void WriteSession::rename(std::string_view name, std::string_view new_name) {
  KeyState& key = state_->touch_existing(name, "rename");
  if (new_name == name) throw InvalidArgument("series {} has that key already", quote(name));
  KeyState& target = state_->touch(new_name, "rename");
  if (target.exists()) throw AlreadyExists("there is a series {} already", quote(new_name));
  const Layout layout = Layout::parse(key.definition.layout);
  if (layout.one_file_a_period()) {
    throw NotSupported("series {} is laid out by a path template, which its key is part of: write it under {} instead",
                       quote(name), quote(new_name));
  }
  state_->publish_end_of(target);
  key.change.new_key = new_name;
  key.change.new_key_version = target.version();
  key.result.changed = true;
}

bool WriteSession::compact(std::string_view name, int64_t target_rows, Meter* meter) {
  KeyState& key = state_->touch_existing(name, "compact");
  const SeriesFiles files = files_of(key);
  PlanTools tools = plan_tools(state_->engine, key);
  if (meter != nullptr) {
    tools.read_object = [read = std::move(tools.read_object), meter](const catalog::ObjectRow& object) {
      Table rows = read(object);
      meter->add(object.bytes);
      return rows;
    };
  }
  CompactionPlan compaction = plan_compaction(files, target_rows, tools);
  if (meter != nullptr) meter->expect(bytes_of(files.objects, compaction.plan.removed));
  accept(key, files, std::move(compaction.plan));
  return compaction.unfinished;
}

void WriteSession::change_columns(std::string_view name, const ColumnChange& change) {
  KeyState& key = state_->touch_existing(name, change.renamed.empty() ? "drop_columns" : "rename_columns");
  const SeriesFiles files = files_of(key);
  const Schema schema = store::change_columns(files.schema, change, key.definition);
  if (schema == files.schema) return;
  Plan plan{.schema = schema, .changes = true};
  for (const catalog::ObjectRow& object : files.objects) {
    plan.removed.push_back(object.id);
    plan.added.push_back(rewritten(state_->engine, key, object, {change, schema}));
  }
  if (rename_prices(change, key.definition)) key.change.define = key.definition;
  accept(key, files, std::move(plan));
}

std::vector<SeriesResult> WriteSession::planned() const {
  state_->check_keys();
  std::vector<SeriesResult> planned;
  for (const auto& [name, key] : state_->keys) planned.push_back(key.result);
  return planned;
}

void WriteSession::adopt(const Adoption& adoption) {
  KeyState& key = state_->touch(adoption.key, "adopt");
  if (key.exists()) throw AlreadyExists("there is a series {} already", quote(adoption.key));
  key.definition = adoption.definition;
  Layout::parse(key.definition.layout).check(adoption.key, !key.definition.index.empty());
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
  std::optional<base::Uninterrupted> finishing;
  state_->publish_what_is_behind();
  state_->check_keys();
  const auto changed = [](const auto& entry) { return entry.second.result.changed; };
  if (std::any_of(state_->keys.begin(), state_->keys.end(), changed)) {
    const std::string commit_id = base::make_uuid();
    const std::vector<catalog::CommittedSeries> all = state_->make_durable(commit_id);
    finishing.emplace();
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
