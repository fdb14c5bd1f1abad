#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "varve/base/error.h"
#include "varve/base/naming.h"
#include "varve/catalog/key.h"
#include "varve/lake/annotations.h"
#include "varve/lake/definition.h"
#include "varve/lake/lake.h"
#include "varve/lake/localize.h"
#include "varve/lake/state.h"
#include "varve/table/index.h"

namespace varve {
namespace {

store::WriteMode append_mode(const SeriesWriteOptions& options) {
  return options.on_conflict == AppendConflict::kIgnore ? store::WriteMode::kAppendMissing : store::WriteMode::kAppend;
}

std::vector<Change> to_changes(std::vector<KeyedTable> tables, store::WriteMode mode, const SeriesWriteOptions& options,
                               const std::optional<SeriesRange>& range = {}) {
  std::vector<Change> changes;
  for (KeyedTable& rows : tables) changes.push_back({std::move(rows.key), std::move(rows.table), mode, options, range});
  return changes;
}

std::vector<Commit> to_commits(store::CommitResult&& result) {
  std::vector<Commit> commits;
  for (store::SeriesResult& series : result.series) {
    commits.push_back({.id = series.changed ? result.id : std::string(),
                       .key = std::move(series.key),
                       .version = series.version,
                       .rows_added = series.counts.added,
                       .rows_replaced = series.counts.replaced,
                       .rows_unchanged = series.counts.unchanged,
                       .rows_ignored = series.counts.ignored,
                       .rows_removed = series.counts.removed,
                       .source_seen = series.source_seen,
                       .published = series.published});
  }
  return commits;
}

Change to_removal(std::string_view key, const ChangeOptions& options, std::optional<SeriesRange> range = {}) {
  return {.key = std::string(key),
          .table = {},
          .mode = {},
          .options = {.expects_version = options.expects_version},
          .range = std::move(range)};
}

// Of a transaction, which happens as a whole or not.
Change to_part(std::string_view key, const ChangeOptions& options, std::optional<SeriesRange> range = {}) {
  if (options.dry_run) throw InvalidArgument("a part of a transaction cannot be a dry run");
  return to_removal(key, options, std::move(range));
}

void check_source(const Source& source) {
  const bool digest =
      source.sha256.size() == 64 && source.sha256.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!digest) throw InvalidArgument("{} is no SHA-256: 64 lower-case hexadecimal digits", quote(source.sha256));
}

// What is written is added to `writes`, and worked out later.
void add_to(store::WriteSession& session, Change& change, std::vector<store::SeriesWrite>& writes) {
  const SeriesWriteOptions& options = change.options;
  const std::optional<catalog::SeriesRow>& existing = session.series(change.key);
  const bool is_new = !existing || existing->deleted;
  if (const int64_t version = is_new ? 0 : existing->version; version != options.expects_version.value_or(version)) {
    throw ConcurrentWrite("series {} has version {} and should have {}", quote(change.key), version,
                          *options.expects_version);
  }
  const auto moments_in = [&](const catalog::SeriesDefinition& definition, const Schema& schema) {
    return moments_of(change.range.value_or(SeriesRange()), has_dates(definition, schema));
  };
  if (!change.mode) {
    if (change.oldest_kept) return session.retain(change.key, *change.oldest_kept);
    if (!change.range) return session.remove(change.key);
    const Moments within = is_new ? Moments() : moments_in(existing->definition, session.schema(change.key));
    return session.remove_range(change.key, within.first, within.last);
  }
  if (options.source) check_source(*options.source);
  store::SeriesWrite write;
  write.key = change.key;
  write.originals = change.originals;
  write.restored = change.restored;
  const bool is_defined = is_new || options.redefine;
  if (options.redefine && change.mode != store::WriteMode::kReplaceSeries) {
    throw InvalidArgument("series {} can be defined anew only by a write of all its rows", quote(change.key));
  }
  if (is_defined) {
    write.definition = define_series(options.series, change.table.schema());
    write.redefines = !is_new;
  } else {
    check_agreement(change.key, existing->definition, options.series);
    if (existing->definition.has_identity && !options.series.identity) {
      write.identity_growth = identity_growth(existing->definition, session.schema(change.key), change.table.schema());
    }
  }
  const std::string& index = is_defined ? write.definition.index : existing->definition.index;
  const Moments within = is_defined ? moments_in(write.definition, change.table.schema())
                                    : moments_in(existing->definition, session.schema(change.key));
  write.change = {.rows = with_zone(change.table, index, options.zone),
                  .mode = *change.mode,
                  .anew = write.redefines && !is_like(write.definition, existing->definition),
                  .first = within.first,
                  .last = within.last};
  write.annotations = to_annotations(options.coverage, options.metadata);
  check_timed(change.key, index, write.annotations.coverage);
  if (options.source) {
    write.source_name = options.source->name;
    write.source_sha256 = options.source->sha256;
    write.source_again = options.source->again;
  }
  writes.push_back(std::move(write));
}

// Of large tables it is not worth knowing.
constexpr int64_t kRowsComparedMax = int64_t{1} << 14;

// Whether the change brings only rows behind the last one of the series, as most do. What is wrong with them is told
// when they are looked at.
bool comes_behind(const Change& change, const catalog::SeriesRow& series) {
  const bool adds = change.mode == store::WriteMode::kAppend || change.mode == store::WriteMode::kAppendMissing ||
                    change.mode == store::WriteMode::kUpsert;
  const int64_t rows = change.table.num_rows();
  if (!adds || !series.last || rows == 0 || rows > kRowsComparedMax) return false;
  const std::optional<size_t> index = change.table.schema().find(series.definition.index);
  if (!index) return false;
  const DataType& type = change.table.schema()[*index].type;
  if (type.id == TypeId::kTimestamp && type.zone.empty()) return false;
  try {
    const table::IndexValues values(change.table, series.definition.index);
    return *std::min_element(values.nanoseconds().begin(), values.nanoseconds().end()) > series.last->nanoseconds;
  } catch (const InvalidArgument&) {
    return false;
  }
}

}  // namespace

std::vector<Commit> Lake::State::commit(std::vector<Change> changes, CommitTerms terms) {
  std::vector<std::string> keys;
  std::map<std::string_view, const Change*> by_key;
  for (const Change& change : changes) {
    keys.push_back(change.key);
    by_key.emplace(change.key, &change);
  }
  store::WriteSession session = use().begin_write(
      std::move(keys), [&](const catalog::SeriesRow& series) { return comes_behind(*by_key.at(series.key), series); });
  std::vector<store::SeriesWrite> writes;
  for (Change& change : changes) {
    terms.published = terms.published || change.options.published;
    if (changes.size() == 1) {
      add_to(session, change, writes);
    } else {
      run_naming_series(change.key, [&] { add_to(session, change, writes); });
    }
    change.table = Table();
  }
  if (changes.size() > 1) {
    session.write_many(std::move(writes));
  } else if (!writes.empty()) {
    session.write(std::exchange(writes[0], {}));
  }
  if (terms.dry_run) return to_commits({.id = {}, .series = session.planned()});
  return to_commits(session.commit({.published = terms.published}));
}

Commit Lake::State::commit_one(Change change, CommitTerms terms) {
  std::vector<Change> changes;
  changes.push_back(std::move(change));
  return std::move(commit(std::move(changes), terms).front());
}

Commit Lake::write(std::string_view key, const Table& table, const SeriesWriteOptions& options) {
  return state_->commit_one({std::string(key), table, store::WriteMode::kReplaceSeries, options});
}

Commit Lake::append(std::string_view key, const Table& table, const SeriesWriteOptions& options) {
  return state_->commit_one({std::string(key), table, append_mode(options), options});
}

Commit Lake::upsert(std::string_view key, const Table& table, const SeriesWriteOptions& options) {
  return state_->commit_one({std::string(key), table, store::WriteMode::kUpsert, options});
}

Commit Lake::replace(std::string_view key, const Table& table, const SeriesRange& range,
                     const SeriesWriteOptions& options) {
  return state_->commit_one({std::string(key), table, store::WriteMode::kReplaceRange, options, range});
}

Commit Lake::remove_range(std::string_view key, const SeriesRange& range, const ChangeOptions& options) {
  return state_->commit_one(to_removal(key, options, range), {.dry_run = options.dry_run});
}

Commit Lake::retain(std::string_view key, const RowAge& newer_than, const ChangeOptions& options) {
  return std::move(retain_many({std::string(key)}, newer_than, options).front());
}

std::vector<Commit> Lake::retain_many(const std::vector<std::string>& keys, const RowAge& newer_than,
                                      const ChangeOptions& options) {
  std::vector<Change> changes;
  for (const std::string& key : keys) {
    changes.push_back(to_removal(key, options));
    changes.back().oldest_kept = newer_than.oldest_kept(state_->clock->now(), state_->has_dates(key));
  }
  return state_->commit(std::move(changes), {.dry_run = options.dry_run});
}

Commit Lake::rename(std::string_view key, std::string_view new_key) {
  store::WriteSession session = state_->use(key).begin_write({std::string(key), std::string(new_key)});
  session.rename(key, new_key);
  std::vector<Commit> commits = to_commits(session.commit());
  Commit& done = commits[commits.front().key == key ? 0 : 1];
  done.key = new_key;
  return std::move(done);
}

std::vector<Commit> Lake::write_many(std::vector<KeyedTable> tables, const SeriesWriteOptions& options) {
  return state_->commit(to_changes(std::move(tables), store::WriteMode::kReplaceSeries, options));
}

std::vector<Commit> Lake::append_many(std::vector<KeyedTable> tables, const SeriesWriteOptions& options) {
  return state_->commit(to_changes(std::move(tables), append_mode(options), options));
}

std::vector<Commit> Lake::upsert_many(std::vector<KeyedTable> tables, const SeriesWriteOptions& options) {
  return state_->commit(to_changes(std::move(tables), store::WriteMode::kUpsert, options));
}

std::vector<Commit> Lake::replace_many(std::vector<KeyedTable> tables, const SeriesRange& range,
                                       const SeriesWriteOptions& options) {
  return state_->commit(to_changes(std::move(tables), store::WriteMode::kReplaceRange, options, range));
}

std::vector<Commit> Lake::remove_many(const std::vector<std::string>& keys, const std::optional<SeriesRange>& range) {
  std::vector<Change> changes;
  for (const std::string& key : keys) changes.push_back(to_removal(key, {}, range));
  return state_->commit(std::move(changes));
}

Commit Lake::remove(std::string_view key, const ChangeOptions& options) {
  return state_->commit_one(to_removal(key, options), {.dry_run = options.dry_run});
}

Transaction Lake::transaction() {
  state_->use();
  return Transaction(std::make_unique<Transaction::State>(*state_));
}

struct Transaction::State {
  explicit State(Lake::State& of_lake) : lake(of_lake) {}

  void add(Change change) {
    catalog::check_key(change.key);
    if (committed) throw InvalidArgument("the transaction is committed already");
    if (!keys.insert(change.key).second)
      throw InvalidArgument("key {} is changed twice in one commit", quote(change.key));
    changes.push_back(std::move(change));
  }

  Lake::State& lake;
  std::vector<Change> changes;
  std::set<std::string> keys;
  bool committed = false;
};

Transaction::Transaction(std::unique_ptr<State> state) : state_(std::move(state)) {}
Transaction::~Transaction() = default;
Transaction::Transaction(Transaction&&) noexcept = default;
Transaction& Transaction::operator=(Transaction&&) noexcept = default;

Transaction& Transaction::write(std::string_view key, Table table, SeriesWriteOptions options) {
  state_->add({std::string(key), std::move(table), store::WriteMode::kReplaceSeries, std::move(options)});
  return *this;
}

Transaction& Transaction::append(std::string_view key, Table table, SeriesWriteOptions options) {
  const store::WriteMode mode = append_mode(options);
  state_->add({std::string(key), std::move(table), mode, std::move(options)});
  return *this;
}

Transaction& Transaction::upsert(std::string_view key, Table table, SeriesWriteOptions options) {
  state_->add({std::string(key), std::move(table), store::WriteMode::kUpsert, std::move(options)});
  return *this;
}

Transaction& Transaction::replace(std::string_view key, Table table, SeriesRange range, SeriesWriteOptions options) {
  state_->add(
      {std::string(key), std::move(table), store::WriteMode::kReplaceRange, std::move(options), std::move(range)});
  return *this;
}

Transaction& Transaction::remove_range(std::string_view key, SeriesRange range, const ChangeOptions& options) {
  state_->add(to_part(key, options, std::move(range)));
  return *this;
}

Transaction& Transaction::remove(std::string_view key, const ChangeOptions& options) {
  state_->add(to_part(key, options));
  return *this;
}

Transaction& Transaction::retain(std::string_view key, const RowAge& newer_than, const ChangeOptions& options) {
  Change change = to_part(key, options);
  change.oldest_kept = newer_than.oldest_kept(state_->lake.clock->now(), state_->lake.has_dates(key));
  state_->add(std::move(change));
  return *this;
}

std::vector<Commit> Transaction::commit(bool published) {
  if (state_->committed) throw InvalidArgument("the transaction is committed already");
  state_->committed = true;
  return state_->lake.commit(std::move(state_->changes), {.published = published});
}

}  // namespace varve
