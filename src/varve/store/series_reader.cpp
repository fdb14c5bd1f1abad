#include "varve/store/series_reader.h"

#include <algorithm>
#include <tuple>

#include "varve/base/error.h"
#include "varve/base/memory_file.h"
#include "varve/store/outside_changes.h"
#include "varve/store/tree/layout.h"
#include "varve/table/cast.h"
#include "varve/table/select.h"

namespace varve::store {
namespace {

using catalog::Catalog;
using catalog::ObjectRow;

// One reading of one state of a series.
class SeriesReader {
 public:
  SeriesReader(Engine& engine, const Catalog::State& state, const Selection& selection)
      : engine_(engine), state_(state), selection_(selection), schema_(selected_schema()) {}

  [[nodiscard]] Table read() const {
    if (nothing_selected()) return Table::empty(schema_);
    return selection_.rows_max ? read_some(*selection_.rows_max) : read_all();
  }

 private:
  [[nodiscard]] Schema selected_schema() const {
    if (!selection_.columns) return state_.schema;
    std::vector<Field> fields;
    for (const std::string& name : *selection_.columns) {
      fields.push_back(state_.schema[state_.schema.position_of(name)]);
    }
    return Schema(std::move(fields));
  }

  [[nodiscard]] bool nothing_selected() const {
    return state_.objects.empty() || selection_.rows_max == 0 ||
           (selection_.within_range && selection_.first > selection_.last);
  }

  [[nodiscard]] Table read_all() const {
    std::vector<Table> pieces(state_.objects.size());
    const auto read_piece = [&](size_t at) { pieces[at] = read_object(state_.objects[at], {}); };
    if (engine_.pool() != nullptr && pieces.size() > 1) {
      engine_.pool()->parallel_for(pieces.size(), read_piece);
    } else {
      for (size_t at = 0; at < pieces.size(); ++at) read_piece(at);
    }
    return table::concatenate(pieces, engine_.pool());
  }

  [[nodiscard]] Table read_some(int64_t rows_left) const {
    std::vector<ObjectRow> objects = state_.objects;
    if (selection_.from_end) std::reverse(objects.begin(), objects.end());
    std::vector<Table> pieces;
    for (const ObjectRow& object : objects) {
      pieces.push_back(read_object(object, rows_left));
      rows_left -= pieces.back().num_rows();
      if (rows_left <= 0) break;
    }
    if (selection_.from_end) std::reverse(pieces.begin(), pieces.end());
    return table::concatenate(pieces, engine_.pool());
  }

  // The selected rows of one file, or the first or last `rows_max` of them.
  [[nodiscard]] Table read_object(const ObjectRow& object, std::optional<int64_t> rows_max) const {
    const auto opened = open_object(engine_, state_.series.key, object);
    const parquet::Reader& reader = *opened;
    parquet::ReadOptions options{
        .columns = columns_in(reader.schema()), .range = range_of(object), .pool = engine_.pool(), .cancel = {}};
    Table rows;
    if (options.range || !rows_max) {
      rows = reader.read(options);
    } else {
      const int64_t count = std::min(*rows_max, reader.num_rows());
      rows = reader.read_rows(selection_.from_end ? reader.num_rows() - count : 0, count, options);
    }
    if (rows_max && rows.num_rows() > *rows_max) {
      rows = rows.slice(selection_.from_end ? rows.num_rows() - *rows_max : 0, *rows_max);
    }
    return conform(rows, object);
  }

  [[nodiscard]] Table conform(const Table& rows, const ObjectRow& object) const {
    try {
      return table::conform(rows, schema_);
    } catch (const SchemaCompatibility& error) {
      throw Corruption("{} does not go with its series: {}", visible_name(state_.series.key, object), error.what());
    }
  }

  // A file may be older than a column. One column at least has to be read, for the number of rows.
  [[nodiscard]] std::vector<std::string> columns_in(const Schema& file) const {
    std::vector<std::string> names;
    for (const Field& field : schema_.fields()) {
      if (file.find(field.name)) names.push_back(field.name);
    }
    if (names.empty() && file.size() > 0) names.push_back(file[0].name);
    return names;
  }

  [[nodiscard]] std::optional<parquet::IndexRange> range_of(const ObjectRow& object) const {
    if (!selection_.within_range || (selection_.first <= object.first && object.last <= selection_.last)) return {};
    return parquet::IndexRange{
        .column = state_.series.definition.index, .start = selection_.first, .end = selection_.last, .sorted = true};
  }

  Engine& engine_;
  const Catalog::State& state_;
  const Selection& selection_;
  Schema schema_;
};

Catalog::State find_state(Engine& engine, std::string_view key, const Selection& selection) {
  if (selection.version < 0) throw NotFound("series {} has no version {}", quote(key), selection.version);
  std::optional<Catalog::State> state =
      selection.within_range
          ? engine.catalog().state(key, selection.version, selection.first, std::max(selection.first, selection.last))
          : engine.catalog().state(key, selection.version);
  if (!state && selection.version > 0) {
    throw NotFound("series {} has no version {}", quote(key), selection.version);
  }
  if (!state) throw NotFound("no series {}", quote(key));
  if (selection.within_range && state->series.definition.index.empty()) {
    throw InvalidArgument("series {} is untimed: it has no ranges", quote(key));
  }
  sort_objects(state->objects, state->series.definition);
  return std::move(*state);
}

}  // namespace

Table read_series(Engine& engine, std::string_view key, const Selection& selection) {
  for (bool again = false;; again = true) {
    const Catalog::State state = find_state(engine, key, selection);
    const SeriesReader reader(engine, state, selection);
    try {
      return reader.read();
    } catch (const NotFound& error) {  // a file went between the two: a newer state has others
      if (again) throw Corruption("a file of series {} is missing: {}", quote(key), error.what());
    }
  }
}

Catalog::State find_version(Engine& engine, std::string_view key, int64_t version) {
  std::optional<Catalog::State> state = engine.catalog().state(key, version);
  if (!state && version > 0) throw NotFound("series {} has no version {}", quote(key), version);
  if (!state) throw NotFound("no series {}", quote(key));
  return *std::move(state);
}

std::unique_ptr<base::File> open_object_bytes(Engine& engine, const ObjectRow& object) {
  if (!object.stored) {
    if (base::BufferPtr bytes = engine.catalog().inline_bytes(object.id)) {
      return std::make_unique<base::MemoryFile>(std::move(bytes));
    }
  }
  return engine.files().open(engine.disk().object_path(object.id), base::OpenMode::kRead);
}

std::shared_ptr<const parquet::Reader> open_object(Engine& engine, std::string_view key, const ObjectRow& object) {
  base::FileStatus status;  // bytes in the catalog cannot change
  if (object.stored) status = engine.files().status(engine.disk().object_path(object.id));
  if (auto open = engine.objects().find(object.id, status)) return open;
  std::unique_ptr<base::File> file = open_object_bytes(engine, object);
  check_unchanged(*file, status, object, visible_name(key, object));
  auto reader =
      std::make_shared<const parquet::Reader>(parquet::Reader::open(std::move(file), visible_name(key, object)));
  engine.objects().put(object.id, status, reader);
  return reader;
}

namespace {

// One that must be there.
std::shared_ptr<const parquet::Reader> open_present_object(Engine& engine, std::string_view key,
                                                           const ObjectRow& object) {
  try {
    return open_object(engine, key, object);
  } catch (const NotFound& error) {
    throw Corruption("{} is missing: {}", visible_name(key, object), error.what());
  }
}

}  // namespace

Table read_object(Engine& engine, std::string_view key, const ObjectRow& object) {
  return open_present_object(engine, key, object)
      ->read({.columns = {}, .range = {}, .pool = engine.pool(), .cancel = {}});
}

void read_groups(Engine& engine, std::string_view key, const ObjectRow& object,
                 const std::function<void(const Table& rows)>& take) {
  const auto reader = open_present_object(engine, key, object);
  for (size_t group = 0; group < reader->num_row_groups(); ++group) {
    take(reader->read_row_group(group, {.columns = {}, .range = {}, .pool = engine.pool(), .cancel = {}}));
  }
}

std::string visible_name(std::string_view key, const catalog::ObjectRow& object) {
  return visible_path(key, object.name);
}

void sort_objects(std::vector<catalog::ObjectRow>& objects, const catalog::SeriesDefinition& definition) {
  const bool timed = !definition.index.empty();
  std::sort(objects.begin(), objects.end(), [timed](const ObjectRow& left, const ObjectRow& right) {
    if (timed) return std::tie(left.first, left.id) < std::tie(right.first, right.id);
    return std::tie(left.added_version, left.id) < std::tie(right.added_version, right.id);
  });
}

}  // namespace varve::store
