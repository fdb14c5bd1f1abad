#include "varve/store/schema/column_change.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "varve/base/error.h"
#include "varve/table/cast.h"

namespace varve::store {
namespace {

// A change by the names of columns, checked against nothing.
class Names {
 public:
  explicit Names(const ColumnChange& change) : change_(change) {}

  [[nodiscard]] bool drops(const std::string& name) const {
    return std::find(change_.dropped.begin(), change_.dropped.end(), name) != change_.dropped.end();
  }
  [[nodiscard]] const std::string& after(const std::string& name) const {
    for (const auto& [from, to] : change_.renamed) {
      if (from == name) return to;
    }
    return name;
  }
  // Whether another column is to have this name.
  [[nodiscard]] bool gives_away(const std::string& name) const {
    return std::any_of(change_.renamed.begin(), change_.renamed.end(),
                       [&](const auto& one) { return one.second == name && one.first != name; });
  }

 private:
  const ColumnChange& change_;
};

void check_column(const std::string& name, const Schema& schema, const catalog::SeriesDefinition& definition) {
  static_cast<void>(schema.position_of(name));
  if (name == definition.index) {
    throw InvalidArgument("column {} is the index of the series: it can be neither dropped nor renamed", quote(name));
  }
  const std::vector<std::string>& identity = definition.identity;
  if (std::find(identity.begin(), identity.end(), name) != identity.end()) {
    throw InvalidArgument("column {} is part of the identity of the series: it can be neither dropped nor renamed",
                          quote(name));
  }
}

void check_names(const ColumnChange& change, const Schema& schema, const catalog::SeriesDefinition& definition) {
  std::set<std::string_view> named;
  const auto check = [&](const std::string& name) {
    check_column(name, schema, definition);
    if (!named.insert(name).second) throw InvalidArgument("column {} is named twice", quote(name));
  };
  for (const std::string& name : change.dropped) check(name);
  for (const auto& [from, to] : change.renamed) check(from);
}

}  // namespace

Schema change_columns(const Schema& schema, const ColumnChange& change, const catalog::SeriesDefinition& definition) {
  check_names(change, schema, definition);
  const Names names(change);
  std::vector<Field> fields;
  std::set<std::string> taken;
  for (Field field : schema.fields()) {
    if (names.drops(field.name)) continue;
    field.name = names.after(field.name);
    if (!taken.insert(field.name).second) throw AlreadyExists("two columns would be named {}", quote(field.name));
    fields.push_back(std::move(field));
  }
  if (fields.empty()) throw InvalidArgument("a series needs a column: not all of them can be dropped");
  return Schema(std::move(fields), schema.metadata());
}

bool changes_types(const Schema& before, const Schema& after) {
  return std::any_of(before.fields().begin(), before.fields().end(), [&](const Field& field) {
    const auto position = after.find(field.name);
    return position && after[*position].type != field.type;
  });
}

bool rename_prices(const ColumnChange& change, catalog::SeriesDefinition& definition) {
  if (!definition.prices) return false;
  const Names names(change);
  std::map<std::string, int32_t> scales;
  for (const auto& [name, scale] : definition.prices->scales) {
    const std::string& after = names.after(name);
    // Of a column that is not there, or not any more: the one that gets its name is what it was.
    if (after == name && names.gives_away(name)) continue;
    scales.emplace(after, names.drops(name) ? 0 : scale);
  }
  if (scales == definition.prices->scales) return false;
  definition.prices->scales = std::move(scales);
  return true;
}

Table change_columns(const Table& rows, const ColumnChange& change, const Schema& schema) {
  const Names names(change);
  std::vector<Field> fields;
  std::vector<Column> columns;
  for (size_t position = 0; position < rows.num_columns(); ++position) {
    Field field = rows.schema()[position];
    if (names.drops(field.name)) continue;
    field.name = names.after(field.name);
    fields.push_back(std::move(field));
    columns.push_back(rows.column(position));
  }
  if (columns.empty()) {  // a file older than all columns that are left: its rows are nulls
    for (const Field& field : schema.fields()) columns.push_back(make_null_column(field.type, rows.num_rows()));
    return Table(schema, std::move(columns));
  }
  return table::conform(Table(Schema(std::move(fields)), std::move(columns)), schema);
}

}  // namespace varve::store
