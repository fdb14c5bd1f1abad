#include "varve/store/adopt/adoption.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "varve/base/error.h"
#include "varve/parquet/reader.h"
#include "varve/store/adopt/naming.h"
#include "varve/store/plan.h"
#include "varve/store/schema/price_storage.h"
#include "varve/store/tree/layout.h"
#include "varve/store/upkeep/object_bytes.h"
#include "varve/table/cast.h"
#include "varve/table/index.h"
#include "varve/table/select.h"
#include "varve/table/sort.h"

namespace varve::store {
namespace {

parquet::Reader open_file(Engine& engine, const std::string& path) {
  const std::string whole = base::join_path(engine.disk().root(), path);
  return parquet::Reader::open(engine.files().open(whole, base::OpenMode::kRead), path);
}

class Examination {
 public:
  Examination(Engine& engine, catalog::SeriesDefinition definition, const Schema& schema, Meter& meter)
      : engine_(engine),
        meter_(meter),
        layout_(Layout::parse(definition.layout)),
        order_(order_of(definition)),
        needed_(columns_of_order(schema)) {
    adoption_.definition = std::move(definition);
    adoption_.schema = schema;
  }

  Adoption run(const FoundSeries& found) {
    adoption_.key = found.key;
    layout_.check(found.key, timed());
    engine_.disk().check_key_path(found.key);
    check_neighbours(engine_.catalog(), {.coming = {{found.key, layout_}}, .going = {}});
    for (const FoundFile& file : found.files) naming(file.path, [&] { look_at(file); });
    sort_files();
    for (size_t at = 1; at < adoption_.files.size(); ++at) {
      naming(adoption_.files[at].path, [&] { check_border(adoption_.files[at - 1], adoption_.files[at]); });
    }
    return std::move(adoption_);
  }

 private:
  [[nodiscard]] bool timed() const { return !order_.index.empty(); }

  // What rows are ordered and told apart by, under the types of the series.
  [[nodiscard]] Schema columns_of_order(const Schema& schema) const {
    std::vector<Field> fields;
    if (timed()) fields.push_back(schema[schema.position_of(order_.index)]);
    for (const std::string& name : order_.identity) fields.push_back(schema[schema.position_of(name)]);
    return Schema(std::move(fields));
  }

  void look_at(const FoundFile& found) {
    const std::string whole = base::join_path(engine_.disk().root(), found.path);
    AdoptedFile file{.path = found.path, .name = found.name, .status = engine_.files().status(whole)};
    const parquet::Reader reader = open_file(engine_, found.path);
    file.rows = reader.num_rows();
    file.bytes = static_cast<int64_t>(file.status.size);
    if (file.rows == 0) return adoption_.skipped.push_back(found.path);
    check_types(reader);
    check_order(reader, file);
    check_place(file);
    file.sha256 = sha256_of(*engine_.files().open(whole, base::OpenMode::kRead), meter_);
    adoption_.files.push_back(std::move(file));
  }

  // Values of other types are cast whenever they are read, so each of them must be exact. Decimal prices must be as
  // later files will have them.
  void check_types(const parquet::Reader& reader) const {
    const Schema stored = with_decimal_prices(adoption_.schema, adoption_.definition);
    for (const Field& field : reader.schema().fields()) {
      const Field& wanted = adoption_.schema[adoption_.schema.position_of(field.name)];
      const DataType& type = stored[stored.position_of(field.name)].type;
      if (type != wanted.type && field.type != type) {
        throw SchemaCompatibility("column {} is {} and has to be {}: have the files rewritten", quote(field.name),
                                  to_string(field.type), to_string(type));
      }
      if (field.type == wanted.type) continue;
      const Table rows = reader.read({.columns = std::vector<std::string>{field.name}, .pool = engine_.pool()});
      static_cast<void>(table::conform(rows, Schema({wanted})));
    }
  }

  void check_order(const parquet::Reader& reader, AdoptedFile& file) {
    if (needed_.size() == 0) return;
    std::vector<std::string> names;
    for (const Field& field : needed_.fields()) {
      if (reader.schema().find(field.name)) names.push_back(field.name);
    }
    if (timed() && !reader.schema().find(order_.index)) throw InvalidArgument("it has no column {}", order_.index);
    if (names.empty()) throw InvalidArgument("it has no column that its rows are told apart by");
    const Table rows = table::conform(reader.read({.columns = names, .pool = engine_.pool()}), needed_);
    if (!table::is_sorted(rows, order_)) {
      throw InvalidArgument("its rows are not in order: to become part of a series the files have to be rewritten");
    }
    if (adoption_.definition.has_identity) {
      const int64_t row = table::find_duplicate(rows, order_);
      if (row >= 0) throw AlreadyExists("two rows have {}", table::describe_row(rows, row, order_));
    }
    if (timed()) {
      const table::IndexValues index(rows, order_.index);
      file.first = {index[0]};
      file.last = {index[rows.num_rows() - 1]};
    } else {
      ends_.emplace_back(file.path, std::pair(rows.slice(0, 1), rows.slice(rows.num_rows() - 1, 1)));
    }
  }

  void check_place(const AdoptedFile& file) const {
    if (layout_.period_of(file.first) != layout_.period_of(file.last)) {
      throw InvalidArgument("it holds rows of more than one period of the layout {}, from {} to {}", layout_.text(),
                            to_string(file.first), to_string(file.last));
    }
    const std::string place = layout_.place(adoption_.key, file.first);
    if (place != place_of(file.name)) {
      throw InvalidArgument("its rows begin at {}, so the layout {} would have them in {}", to_string(file.first),
                            layout_.text(), visible_path(adoption_.key, place));
    }
  }

  void sort_files() {
    const auto earlier = [](const AdoptedFile& left, const AdoptedFile& right) { return left.first < right.first; };
    if (timed()) std::stable_sort(adoption_.files.begin(), adoption_.files.end(), earlier);
  }

  void check_border(const AdoptedFile& before, const AdoptedFile& after) const {
    if (timed()) {
      if (before.last < after.first) return;
      throw InvalidArgument("its rows begin at {}, and those of {} end at {}: files of a series are apart in time",
                            to_string(after.first), before.path, to_string(before.last));
    }
    if (!adoption_.definition.has_identity) return;
    const std::vector<Table> both = {ends_of(before).second, ends_of(after).first};
    const Table border = table::concatenate(both);
    if (!table::is_sorted(border, order_) || table::find_duplicate(border, order_) >= 0) {
      throw InvalidArgument("its rows do not come after those of {}", before.path);
    }
  }

  using Ends = std::pair<Table, Table>;  // the first row and the last
  [[nodiscard]] const Ends& ends_of(const AdoptedFile& file) const {
    return std::find_if(ends_.begin(), ends_.end(), [&](const auto& one) { return one.first == file.path; })->second;
  }

  Engine& engine_;
  Meter& meter_;
  Layout layout_;
  table::RowOrder order_;
  Schema needed_;
  Adoption adoption_;
  std::vector<std::pair<std::string, Ends>> ends_;  // of untimed files, by path
};

}  // namespace

Schema adopted_schema(Engine& engine, const FoundSeries& found) {
  std::optional<Schema> schema;
  for (const FoundFile& file : found.files) {
    const parquet::Reader reader = open_file(engine, file.path);
    if (!reader.nested_columns().empty()) {
      throw NotSupported("{}: column {} is nested", file.path, quote(reader.nested_columns().front()));
    }
    naming(file.path, [&] {
      const Schema columns = series_schema(reader.schema());
      schema = schema ? table::unify(*schema, columns) : columns;
    });
  }
  if (!schema) throw InvalidArgument("no Parquet file lies where series {} would have its files", quote(found.key));
  return *std::move(schema);
}

int64_t bytes_of(Engine& engine, const FoundSeries& found) {
  int64_t bytes = 0;
  for (const FoundFile& file : found.files) {
    bytes += static_cast<int64_t>(engine.files().status(base::join_path(engine.disk().root(), file.path)).size);
  }
  return bytes;
}

FoundRows read_found(Engine& engine, const FoundSeries& found, Meter& meter) {
  const Schema schema = adopted_schema(engine, found);
  FoundRows all;
  std::vector<Table> pieces;
  for (const FoundFile& file : found.files) {
    naming(file.path, [&] {
      all.files.push_back({file.path, engine.files().status(base::join_path(engine.disk().root(), file.path))});
      pieces.push_back(table::conform(open_file(engine, file.path).read({.pool = engine.pool()}), schema));
      meter.add(static_cast<int64_t>(all.files.back().status.size));
    });
  }
  all.rows = table::concatenate(pieces, engine.pool());
  return all;
}

Adoption examine(Engine& engine, const FoundSeries& found, const SeriesToBe& series, Meter& meter) {
  catalog::SeriesDefinition definition = series.definition;
  take_price_scales(series.columns, definition);
  const Schema schema = with_float_prices(series.columns, definition);
  if (!definition.index.empty()) {
    const DataType& type = schema[schema.position_of(definition.index)].type;
    if (type.id == TypeId::kTimestamp && type.zone.empty()) {
      throw InvalidArgument(
          "index {} holds times without a zone, so the files cannot be adopted as they are: have them rewritten, and "
          "say which zone is meant",
          quote(definition.index));
    }
  }
  return Examination(engine, std::move(definition), schema, meter).run(found);
}

}  // namespace varve::store
