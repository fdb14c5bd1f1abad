#include "varve/store/write/key_state.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "varve/base/error.h"
#include "varve/store/schema/price_storage.h"
#include "varve/store/series_reader.h"
#include "varve/store/tree/layout.h"
#include "varve/table/index.h"

namespace varve::store {
namespace {

// Of rows that were stored before the scales of prices grew.
PlannedFile with_checked_prices(const KeyState& key, PlannedFile file) {
  file.rewrite = [rewrite = std::move(file.rewrite), definition = key.definition,
                  name = key.change.key](const std::function<void(const Table&)>& take) {
    rewrite([&](const Table& rows) {
      check_stored_prices(rows, definition, name);
      take(rows);
    });
  };
  return file;
}

// Files that the plan leaves as they are get the new types too: a program that reads all of them takes those of the
// first, and then rounds without a word. They come before new ones, as the rows of an untimed series do.
void rewrite_rest(Engine& engine, const KeyState& key, const SeriesFiles& files, Plan& plan) {
  const std::set<std::string> removed(plan.removed.begin(), plan.removed.end());
  std::vector<PlannedFile> added;
  for (const catalog::ObjectRow& object : files.objects) {
    if (removed.contains(object.id)) continue;
    added.push_back(with_checked_prices(key, rewritten(engine, key, object, {{}, plan.schema})));
    plan.removed.push_back(object.id);
  }
  std::move(plan.added.begin(), plan.added.end(), std::back_inserter(added));
  plan.added = std::move(added);
}

void find_all_files(Engine& engine, const KeyState& key, SeriesFiles& files) {
  files.objects = find_version(engine, key.row->key, key.row->version).objects;
  sort_objects(files.objects, files.definition);
}

void plan(Engine& engine, KeyState& key, RowChange change) {
  SeriesFiles files = files_of(key);
  if (change.mode == WriteMode::kReplaceRange && change.first <= change.last) {
    key.change.sources.emptied = {{change.first, change.last}};
  }
  change.rows = with_float_prices(change.rows, key.definition);
  Plan plan = plan_write(files, change, plan_tools(engine, key));
  const Schema stored = with_decimal_prices(files.schema, key.definition);
  if (plan.changes && grow_price_scales(change.rows, plan.schema, key.definition)) {
    key.change.define = key.definition;
    if (!plan.removed.empty()) {
      for (const PlannedFile& file : plan.added) check_stored_prices(file.rows, key.definition, key.change.key);
    }
  }
  if (plan.changes && changes_types(stored, with_decimal_prices(plan.schema, key.definition))) {
    if (key.newest && key.newest->is_tail) find_all_files(engine, key, files);
    rewrite_rest(engine, key, files, plan);
  }
  accept(key, files, std::move(plan));
}

// Of the rows' index.
std::optional<catalog::ClosedRange> range_of(const KeyState& key, const SeriesWrite& write) {
  const Table& rows = write.change.rows;
  if (key.definition.index.empty() || rows.num_rows() == 0) return {};
  const table::IndexValues index(rows, key.definition.index);
  const auto [first, last] = std::minmax_element(index.nanoseconds().begin(), index.nanoseconds().end());
  return catalog::ClosedRange{Timestamp{*first}, Timestamp{*last}};
}

catalog::SourceSeen source_seen(Engine& engine, const KeyState& key, const SeriesWrite& write) {
  // Rows that have an identity are told apart by that.
  if (!key.exists() || key.definition.has_identity || write.source_sha256.empty()) return catalog::SourceSeen::kNot;
  return engine.catalog().source_seen(key.row->id, write.source_sha256);
}

// Whether the write is one of a file whose rows are there.
bool skips_source(Engine& engine, const KeyState& key, const SeriesWrite& write) {
  const WriteMode mode = write.change.mode;
  if (write.source_again || mode == WriteMode::kReplaceSeries || mode == WriteMode::kReplaceRange) return false;
  const catalog::SourceSeen seen = source_seen(engine, key, write);
  if (seen != catalog::SourceSeen::kInPart) return seen == catalog::SourceSeen::kWhole;
  const std::optional<catalog::ClosedRange> range = range_of(key, write);
  const std::string where =
      range ? " from " + to_string(range->first) + " to " + to_string(range->last) : std::string();
  throw AlreadyExists(
      "a part of {} is in series {}, other rows of it were removed since it was brought in: make it the content{} by "
      "replace, or restore a version that has all of it",
      quote(write.source_name), quote(write.key), where);
}

// Rows that were there already become those of the file, which is a change where nothing else tells so.
void note_source(Engine& engine, KeyState& key, const SeriesWrite& write) {
  if (write.source_sha256.empty() || write.change.rows.num_rows() == 0) return;
  key.change.sources.sha256 = write.source_sha256;
  key.change.sources.name = write.source_name;
  key.change.sources.range = range_of(key, write);
  if (key.definition.has_identity || source_seen(engine, key, write) == catalog::SourceSeen::kWhole) return;
  key.result.changed = true;
}

}  // namespace

SeriesFiles files_of(KeyState& key) {
  SeriesFiles files{.definition = key.definition, .exists = key.exists(), .schema = {}, .objects = {}};
  if (!files.exists) return files;
  if (!key.newest) throw Corruption("the catalog has the series {} but not its state", quote(key.row->key));
  files.schema = key.newest->schema;
  files.objects = std::move(key.newest->objects);
  sort_objects(files.objects, files.definition);
  return files;
}

PlanTools plan_tools(Engine& engine, const KeyState& key) {
  return {.read_object = [&engine, name = key.change.key](
                             const catalog::ObjectRow& object) { return read_object(engine, name, object); },
          .pool = engine.pool()};
}

void work_out(Engine& engine, KeyState& key, const SeriesWrite& write) {
  key.originals = write.originals;
  catalog::check_annotations(write.annotations);
  key.change.annotations = write.annotations;
  if (skips_source(engine, key, write)) {
    key.result.source_seen = true;
    return;
  }
  const bool is_defined = !key.exists() || write.redefines;
  if (is_defined) {
    key.definition = write.definition;
    Layout::parse(key.definition.layout).check(write.key, !key.definition.index.empty());
  }
  const std::vector<std::string>& growth = write.identity_growth;
  key.definition.identity.insert(key.definition.identity.end(), growth.begin(), growth.end());
  if (is_defined || !growth.empty()) key.change.define = key.definition;
  key.change.sources.forgets = write.change.mode == WriteMode::kReplaceSeries;
  key.change.sources.restored = write.restored;
  plan(engine, key, write.change);
  note_source(engine, key, write);
}

void empty_range(Engine& engine, KeyState& key, Timestamp first, Timestamp last) {
  const Table none = Table::empty(key.newest ? key.newest->schema : Schema());
  plan(engine, key, {.rows = none, .mode = WriteMode::kReplaceRange, .first = first, .last = last});
  if (first <= last) {
    key.change.annotations.coverage.forgotten = {{first, last < Timestamp::max() ? last + Duration{1} : last}};
  }
}

void accept(KeyState& key, const SeriesFiles& files, Plan plan) {
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

PlannedFile rewritten(Engine& engine, const KeyState& key, const catalog::ObjectRow& object,
                      const NewColumns& columns) {
  const auto change = [object, columns, name = key.change.key](const Table& rows) {
    try {
      return change_columns(rows, columns.change, columns.schema);
    } catch (const SchemaCompatibility& error) {
      throw SchemaCompatibility("{}: {}", visible_name(name, object), error.what());
    }
  };
  const auto rewrite = [&engine, object, change, name = key.change.key](const std::function<void(const Table&)>& take) {
    read_groups(engine, name, object, [&](const Table& rows) { take(change(rows)); });
  };
  return {.rewrite = rewrite, .first = object.first, .last = object.last};
}

}  // namespace varve::store
