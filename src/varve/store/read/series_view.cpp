#include "varve/store/read/series_view.h"

#include <algorithm>
#include <map>
#include <utility>

#include "varve/base/error.h"
#include "varve/store/schema/price_storage.h"
#include "varve/table/cast.h"
#include "varve/table/select.h"

namespace varve::store {
namespace {

using catalog::Catalog;
using catalog::ObjectRow;

// Where nobody knows how many rows of a file are wanted, so many are looked at first, and then more and more.
constexpr int64_t kFirstStep = int64_t{1} << 16;
constexpr int64_t kStepGrowth = 4;
// From so many files on it pays to open them side by side.
constexpr size_t kFewFiles = 4;

[[noreturn]] void throw_missing(std::string_view key, const catalog::VersionWanted& version) {
  if (const auto* time = std::get_if<Timestamp>(&version)) {
    throw NotFound("series {} has no version of {}", quote(key), to_string(*time));
  }
  if (const auto* snapshot = std::get_if<std::string>(&version)) {
    throw NotFound("series {} is not in snapshot {}", quote(key), quote(*snapshot));
  }
  const auto* of_series = std::get_if<catalog::SeriesVersion>(&version);
  const int64_t number = of_series != nullptr ? of_series->version : std::get<int64_t>(version);
  if (number != 0) throw NotFound("series {} has no version {}", quote(key), number);
  throw NotFound("no series {}", quote(key));
}

}  // namespace

Schema with_columns(const Schema& schema, const std::vector<std::string>& names) {
  std::vector<Field> fields;
  for (const std::string& name : names) fields.push_back(schema[schema.position_of(name)]);
  return Schema(std::move(fields));
}

std::vector<Catalog::State> find_states(Engine& engine, std::span<const std::string> keys, const Selection& selection) {
  Catalog::StatesWanted wanted{.version = selection.version};
  if (selection.within_range) {
    wanted.first = selection.first;
    wanted.last = std::max(selection.first, selection.last);
  }
  std::vector<std::optional<Catalog::State>> found = engine.catalog().states(keys, wanted);
  std::vector<Catalog::State> states;
  states.reserve(found.size());
  for (size_t at = 0; at < found.size(); ++at) {
    if (!found[at]) throw_missing(keys[at], selection.version);
    if (selection.within_range && found[at]->series.definition.index.empty()) {
      throw InvalidArgument("series {} is untimed: it has no ranges", quote(keys[at]));
    }
    sort_objects(found[at]->objects, found[at]->series.definition);
    states.push_back(*std::move(found[at]));
  }
  return states;
}

SeriesView::SeriesView(Engine& engine, Catalog::State state, Selection selection)
    : engine_(&engine), state_(std::move(state)), selection_(std::move(selection)) {
  select_columns();
  nothing_ = state_.objects.empty() || selection_.rows_max == 0 ||
             (selection_.within_range && selection_.first > selection_.last);
}

void SeriesView::select_columns() {
  schema_ = selection_.decimal_prices ? schema_with_decimals() : state_.schema;
  if (selection_.columns) schema_ = with_columns(schema_, *selection_.columns);
  for (const Field& field : schema_.fields()) names_.push_back(field.name);
  if (!selection_.where) return;
  table::check(*selection_.where, state_.schema);
  std::vector<std::string> names = names_;
  for (const std::string& name : selection_.where->columns()) {
    if (!schema_.find(name)) names.push_back(name);
  }
  where_schema_ = with_columns(state_.schema, names);
}

// Scales, and names of prices, may be others now than they were in an old version: its files tell.
Schema SeriesView::schema_with_decimals() const {
  const Schema schema = with_decimal_prices(state_.schema, state_.series.definition);
  if (state_.version == state_.series.version) return schema;
  std::map<std::string, DataType> stored;
  for (const ObjectRow& object : state_.objects) {
    try {
      for (const Field& field : open_object(*engine_, key(), object)->schema().fields()) {
        stored.insert_or_assign(field.name, field.type);
      }
    } catch (const NotFound&) {}  // it is missed when its rows are read
  }
  std::vector<Field> fields = schema.fields();
  for (Field& field : fields) {
    const auto type = stored.find(field.name);
    if (type == stored.end() || state_.schema[state_.schema.position_of(field.name)].type != DataType::float64())
      continue;
    field.type = type->second.id == TypeId::kDecimal ? type->second : DataType::float64();
  }
  return Schema(std::move(fields), schema.metadata());
}

Table SeriesView::read() const {
  if (nothing_) return Table::empty(schema_);
  return selection_.rows_max ? read_some(*selection_.rows_max) : read_all();
}

Table SeriesView::read_all() const {
  std::vector<Table> pieces;
  for (size_t first = 0; first < state_.objects.size(); first += kFilesAtOnce) {
    pieces.push_back(read_files(first, std::min(state_.objects.size(), first + kFilesAtOnce)));
  }
  return table::concatenate(pieces, engine_->pool());
}

Table SeriesView::read_files(size_t first, size_t end) const {
  std::vector<Source> opened(end - first);
  std::vector<size_t> closed;
  for (size_t at = 0; at < opened.size(); ++at) {
    opened[at].reader = engine_->objects().find_in_memory(state_.objects[first + at].id);
    if (!opened[at].reader) closed.push_back(at);
  }
  base::parallel_for(closed.size() > kFewFiles ? engine_->pool() : nullptr, closed.size(), [&](size_t number) {
    opened[closed[number]].reader = open_object(*engine_, key(), state_.objects[first + closed[number]]);
  });
  for (Source& source : opened) source.fits = fits(source.reader->schema());
  if (std::all_of(opened.begin(), opened.end(), [](const Source& each) { return each.fits; })) {
    std::vector<parquet::FilePart> parts;
    for (size_t at = 0; at < opened.size(); ++at) {
      parts.push_back({std::move(opened[at].reader), !cuts(state_.objects[first + at])});
    }
    return conform(parquet::read_jointly(parts, part_options()).table, schema_, state_.objects[first]);
  }
  std::vector<Table> pieces(opened.size());
  base::parallel_for(engine_->pool(), pieces.size(), [&](size_t at) {
    const ObjectRow& object = state_.objects[first + at];
    pieces[at] = read_opened(opened[at], object, 0, opened[at].reader->num_rows());
  });
  return table::concatenate(pieces, engine_->pool());
}

Table SeriesView::read_some(int64_t rows_left) const {
  std::vector<Table> pieces;
  for (size_t done = 0; done < state_.objects.size() && rows_left > 0; ++done) {
    read_some_of(selection_.from_end ? state_.objects.size() - 1 - done : done, rows_left, pieces);
  }
  if (pieces.empty()) return Table::empty(schema_);
  if (selection_.from_end) std::reverse(pieces.begin(), pieces.end());
  return table::concatenate(pieces, engine_->pool());
}

void SeriesView::read_some_of(size_t file, int64_t& rows_left, std::vector<Table>& pieces) const {
  const int64_t rows = rows_of_file(file);
  int64_t step = selection_.where || cuts(state_.objects[file]) ? kFirstStep : rows_left;
  for (int64_t done = 0; done < rows && rows_left > 0;) {
    const int64_t count = std::min(step, rows - done);
    Table piece = read_rows(file, selection_.from_end ? rows - done - count : done, count);
    done += count;
    step = count * kStepGrowth;
    const int64_t beyond = std::max<int64_t>(piece.num_rows() - rows_left, 0);
    if (beyond > 0) piece = piece.slice(selection_.from_end ? beyond : 0, rows_left);
    rows_left -= piece.num_rows();
    if (piece.num_rows() > 0) pieces.push_back(std::move(piece));
  }
}

Table SeriesView::read_rows(size_t file, int64_t first, int64_t count) const {
  const ObjectRow& object = state_.objects[file];
  return read_opened(open(object), object, first, count);
}

std::optional<parquet::FilePart> SeriesView::part(size_t file) const {
  Source opened = open(state_.objects[file]);
  if (!opened.fits) return {};
  return parquet::FilePart{std::move(opened.reader), !cuts(state_.objects[file])};
}

parquet::ReadOptions SeriesView::part_options() const {
  return {.columns = names_, .range = range(), .where = selection_.where, .pool = engine_->pool(), .cancel = {}};
}

SeriesView::Source SeriesView::open(const ObjectRow& object) const {
  Source opened{open_object(*engine_, key(), object)};
  opened.fits = fits(opened.reader->schema());
  return opened;
}

bool SeriesView::fits(const Schema& file) const {
  const auto& wanted = read_schema().fields();
  return !schema_.fields().empty() && std::all_of(wanted.begin(), wanted.end(), [&](const Field& field) {
    const auto position = file.find(field.name);
    return position && file[*position].type == field.type;
  });
}

Table SeriesView::read_opened(const Source& opened, const ObjectRow& object, int64_t first, int64_t count) const {
  parquet::ReadOptions options = part_options();
  if (!cuts(object)) options.range.reset();
  if (opened.fits) return conform(opened.reader->read_rows(first, count, options), schema_, object);
  options.columns = columns_in(opened.reader->schema());
  options.where.reset();
  return choose(opened.reader->read_rows(first, count, options), object);
}

// A condition means the values of the series, which a file may hold in another type (prices as decimals, and whatever
// somebody else wrote), or not at all.
Table SeriesView::choose(const Table& rows, const ObjectRow& object) const {
  const Table whole = conform(rows, read_schema(), object);
  if (!selection_.where) return whole;
  const Column kept = table::evaluate(*selection_.where, whole, engine_->pool());
  return conform(table::filter(whole, kept, engine_->pool()).select(names_), schema_, object);
}

Table SeriesView::conform(const Table& rows, const Schema& schema, const ObjectRow& object) const {
  try {
    return table::conform(rows, schema);
  } catch (const SchemaCompatibility& error) {
    throw Corruption("{} does not go with its series: {}", visible_name(key(), object), error.what());
  }
}

// A file may be older than a column. One column at least has to be read, for the number of rows.
std::vector<std::string> SeriesView::columns_in(const Schema& file) const {
  std::vector<std::string> names;
  for (const Field& field : read_schema().fields()) {
    if (file.find(field.name)) names.push_back(field.name);
  }
  if (names.empty() && file.size() > 0) names.push_back(file[0].name);
  return names;
}

std::optional<parquet::IndexRange> SeriesView::range() const {
  if (!selection_.within_range) return {};
  return parquet::IndexRange{.column = index(), .start = selection_.first, .end = selection_.last, .sorted = true};
}

// Whether some of the object's rows may lie outside the range.
bool SeriesView::cuts(const ObjectRow& object) const {
  return selection_.within_range && (object.first < selection_.first || selection_.last < object.last);
}

}  // namespace varve::store
