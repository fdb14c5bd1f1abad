#include "varve/store/diff/diff_series.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "varve/base/error.h"
#include "varve/parquet/stream.h"
#include "varve/store/diff/compare_rows.h"
#include "varve/store/plan.h"
#include "varve/store/series_reader.h"
#include "varve/store/upkeep/vacuum.h"
#include "varve/table/cast.h"
#include "varve/table/index.h"
#include "varve/table/select.h"

namespace varve::store {
namespace {

using catalog::Catalog;
using catalog::ObjectRow;

// Rows of files of one version, in order, piece by piece.
class Pieces {
 public:
  using OnBytes = std::function<void(int64_t bytes)>;

  Pieces(Engine& engine, std::string key, const Schema& schema, std::vector<ObjectRow> objects)
      : engine_(engine), key_(std::move(key)), schema_(schema), objects_(std::move(objects)) {
    for (const ObjectRow& object : objects_) rows_left_ += object.rows;
  }

  // Of rows that were not handed out yet.
  [[nodiscard]] int64_t rows_left() const { return rows_left_; }

  // The next rows under the schema, or nothing at the end.
  std::optional<Table> next(int64_t rows_at_once, const OnBytes& on_bytes) {
    for (; object_ < objects_.size(); ++object_, stream_.reset()) {
      const ObjectRow& object = objects_[object_];
      if (!stream_) stream_.emplace(open(object, rows_at_once));
      if (const std::optional<Table> rows = stream_->next()) {
        rows_left_ -= rows->num_rows();
        return conform(*rows, object);
      }
      on_bytes(object.bytes);
    }
    return {};
  }

 private:
  parquet::Stream open(const ObjectRow& object, int64_t rows_at_once) const {
    const std::shared_ptr<const parquet::Reader> reader = open_object(engine_, key_, object);
    std::vector<std::string> names;  // a file may be older than a column, or have one that was dropped
    for (const Field& field : schema_.fields()) {
      if (reader->schema().find(field.name)) names.push_back(field.name);
    }
    return {reader, {.read = {.columns = names, .pool = engine_.pool()}, .rows_max = rows_at_once}};
  }

  [[nodiscard]] Table conform(const Table& rows, const ObjectRow& object) const {
    try {
      return table::conform(rows, schema_);
    } catch (const SchemaCompatibility& error) {
      throw SchemaCompatibility("{} cannot be compared: {}", visible_name(key_, object), error.what());
    }
  }

  Engine& engine_;
  std::string key_;
  const Schema& schema_;
  std::vector<ObjectRow> objects_;
  size_t object_ = 0;
  std::optional<parquet::Stream> stream_;
  int64_t rows_left_ = 0;
};

// Rows of one version that were read and not compared yet.
class Side {
 public:
  Side(Pieces pieces, std::string index, const Schema& schema)
      : pieces_(std::move(pieces)), index_(std::move(index)), pending_(Table::empty(schema)) {}

  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] bool empty() const { return pending_.num_rows() == 0; }
  [[nodiscard]] int64_t rows_left() const { return pending_.num_rows() + pieces_.rows_left(); }

  // Adds the next piece, if there is one.
  void load(int64_t rows_at_once, const Pieces::OnBytes& on_bytes) {
    std::optional<Table> piece = pieces_.next(rows_at_once, on_bytes);
    if (!piece) {
      ended_ = true;
      return;
    }
    const std::vector<Table> both = {pending_, *piece};
    pending_ = empty() ? *std::move(piece) : table::concatenate(both);
    if (index_.empty()) return;
    if (!table::is_sorted(pending_, {.index = index_})) {
      throw SchemaCompatibility("rows are not in the order of {}: the series had another index once", quote(index_));
    }
    last_ = table::IndexValues(pending_, index_)[pending_.num_rows() - 1];
  }

  // Up to and without this moment all rows are here; nothing if they all are.
  [[nodiscard]] std::optional<int64_t> settled() const { return ended_ ? std::nullopt : std::optional(last_); }

  // The rows before the moment, or all.
  Table take(const std::optional<int64_t>& before) {
    int64_t rows = pending_.num_rows();
    if (before && rows > 0) {
      const table::IndexValues index(pending_, index_);
      const std::span<const int64_t> values = index.nanoseconds();
      rows = std::lower_bound(values.begin(), values.end(), *before) - values.begin();
    }
    const Table taken = pending_.slice(0, rows);
    pending_ = pending_.slice(rows, pending_.num_rows() - rows);
    return taken;
  }

 private:
  Pieces pieces_;
  std::string index_;
  Table pending_;
  bool ended_ = false;
  int64_t last_ = 0;
};

// The first rows of a sort, as many as are wanted.
class Given {
 public:
  explicit Given(const std::optional<int64_t>& rows_max) : rows_max_(rows_max) {}

  [[nodiscard]] bool full() const { return rows_max_ && rows_ >= *rows_max_; }

  void add(const Table& rows, const std::vector<int64_t>& numbers, base::ThreadPool* pool) {
    std::span<const int64_t> wanted(numbers);
    if (rows_max_) wanted = wanted.first(std::min(wanted.size(), static_cast<size_t>(*rows_max_ - rows_)));
    if (wanted.empty()) return;
    rows_ += static_cast<int64_t>(wanted.size());
    pieces_.push_back(table::take(rows, wanted, pool));
  }

  [[nodiscard]] Table table(const Schema& schema, base::ThreadPool* pool) const {
    return pieces_.empty() ? Table::empty(schema) : table::concatenate(pieces_, pool);
  }

 private:
  std::optional<int64_t> rows_max_;
  int64_t rows_ = 0;
  std::vector<Table> pieces_;
};

class Differ {
 public:
  Differ(Engine& engine, const Catalog::State& from, const Catalog::State& to, const DiffOptions& options)
      : engine_(engine),
        options_(options),
        from_(from),
        to_(to),
        index_(to.series.definition.index),
        schema_(table::unify(from.schema, to.schema)),
        added_(options.rows_max),
        removed_(options.rows_max),
        before_(options.rows_max),
        after_(options.rows_max) {
    if (!index_.empty() && !(from.schema.find(index_) && to.schema.find(index_))) {
      throw SchemaCompatibility("series {} had another index than {} at version {} or {}", quote(to.series.key),
                                quote(index_), from.version, to.version);
    }
  }

  SeriesDiff run() {
    result_.from = from_.version;
    result_.to = to_.version;
    compare_schemas();
    define_comparison();
    Side older = side_of(from_, to_);
    Side newer = side_of(to_, from_);
    if (index_.empty()) {
      while (!older.ended()) load(older);
      while (!newer.ended()) load(newer);
    }
    while (compare_what_is_settled(older, newer)) {}
    result_.added = added_.table(schema_, engine_.pool());
    result_.removed = removed_.table(schema_, engine_.pool());
    result_.before = before_.table(schema_, engine_.pool());
    result_.after = after_.table(schema_, engine_.pool());
    return std::move(result_);
  }

 private:
  void compare_schemas() {
    for (const Field& field : to_.schema.fields()) {
      const std::optional<size_t> old = from_.schema.find(field.name);
      if (!old) result_.columns_added.push_back(field.name);
      if (old && from_.schema[*old].type != field.type) result_.columns_retyped.push_back(field.name);
    }
    for (const Field& field : from_.schema.fields()) {
      if (!to_.schema.find(field.name)) result_.columns_dropped.push_back(field.name);
    }
  }

  // What a column held that is not there any more is no change of its rows: the column is told instead.
  void define_comparison() {
    const catalog::SeriesDefinition& definition = to_.series.definition;
    comparison_.pairs = definition.has_identity;
    comparison_.order.index = index_;
    for (const Field& field : to_.schema.fields()) {
      if (field.name == index_) continue;
      comparison_.compared.push_back(schema_.position_of(field.name));
      if (!definition.has_identity) comparison_.order.identity.push_back(field.name);
    }
    for (const std::string& name : definition.identity) {  // which may have grown since
      if (to_.schema.find(name)) comparison_.order.identity.push_back(name);
    }
  }

  // The files of one version that the other does not have.
  Side side_of(const Catalog::State& state, const Catalog::State& other) {
    std::set<std::string_view> shared;
    for (const ObjectRow& object : other.objects) shared.insert(object.id);
    std::vector<ObjectRow> objects;
    for (const ObjectRow& object : state.objects) {
      if (shared.contains(object.id)) continue;
      bytes_total_ += static_cast<uint64_t>(object.bytes);
      objects.push_back(object);
    }
    sort_objects(objects, state.series.definition);
    return {Pieces(engine_, state.series.key, schema_, std::move(objects)), index_, schema_};
  }

  void load(Side& side) {
    side.load(options_.rows_at_once, [this](int64_t bytes) {
      bytes_ += static_cast<uint64_t>(bytes);
      if (options_.on_progress) options_.on_progress(bytes_, bytes_total_);
    });
  }

  // False at the end.
  bool compare_what_is_settled(Side& older, Side& newer) {
    for (Side* side : {&older, &newer}) {
      while (!side->ended() && side->empty()) load(*side);
    }
    if (older.ended() && older.rows_left() == 0 && added_.full()) {  // what is left needs to be counted only
      result_.rows_added += newer.rows_left();
      return false;
    }
    if (newer.ended() && newer.rows_left() == 0 && removed_.full()) {
      result_.rows_removed += older.rows_left();
      return false;
    }
    std::optional<int64_t> settled = older.settled();
    if (newer.settled()) settled = std::min(settled.value_or(*newer.settled()), *newer.settled());
    compare(older.take(settled), newer.take(settled));
    if (!settled) return false;
    load(older.settled() == settled ? older : newer);
    return true;
  }

  void compare(const Table& older, const Table& newer) {
    base::ThreadPool* const pool = engine_.pool();
    const Table before = table::sort(older, comparison_.order, pool);
    const Table after = table::sort(newer, comparison_.order, pool);
    const RowDifferences found = compare_rows(before, after, comparison_);
    result_.rows_added += static_cast<int64_t>(found.added.size());
    result_.rows_removed += static_cast<int64_t>(found.removed.size());
    result_.rows_changed += static_cast<int64_t>(found.before.size());
    added_.add(after, found.added, pool);
    removed_.add(before, found.removed, pool);
    before_.add(before, found.before, pool);
    after_.add(after, found.after, pool);
  }

  Engine& engine_;
  const DiffOptions& options_;
  const Catalog::State& from_;
  const Catalog::State& to_;
  std::string index_;
  Schema schema_;
  RowComparison comparison_;
  Given added_;
  Given removed_;
  Given before_;
  Given after_;
  uint64_t bytes_ = 0;
  uint64_t bytes_total_ = 0;
  SeriesDiff result_;
};

}  // namespace

SeriesDiff diff_series(Engine& engine, std::string_view key, const DiffOptions& options) {
  const Catalog::State from = find_version(engine, key, options.from);
  const Catalog::State to = find_version(engine, key, options.to);
  std::vector<Lease> leases;  // nobody may take the files away meanwhile
  for (const Catalog::State* state : {&from, &to}) {
    if (engine.read_only()) continue;
    const catalog::SeriesVersion leased{.series_id = state->series.id, .version = state->version};
    leases.emplace_back(engine, std::span(&leased, 1));
  }
  return Differ(engine, from, to, options).run();
}

}  // namespace varve::store
