#include "varve/store/schema/widening.h"

#include <string>
#include <vector>

#include "varve/base/error.h"
#include "varve/store/series_reader.h"
#include "varve/table/cast.h"

namespace varve::store {
namespace {

bool is_wide_integer(const DataType& type) { return type.id == TypeId::kInt64 || type.id == TypeId::kUInt64; }

// All other types that a column can take on hold whatever it held before.
std::vector<std::string> doubtful_columns(const Schema& before, const Schema& wider) {
  std::vector<std::string> names;
  for (const Field& field : before.fields()) {
    if (!is_wide_integer(field.type)) continue;
    const auto position = wider.find(field.name);
    if (position && is_floating(wider[*position].type)) names.push_back(field.name);
  }
  return names;
}

}  // namespace

void check_widening(Engine& engine, std::string_view key, const SeriesFiles& series, const Schema& wider) {
  for (const std::string& name : doubtful_columns(series.schema, wider)) {
    const DataType& type = wider[wider.position_of(name)].type;
    for (const catalog::ObjectRow& object : series.objects) {
      const auto reader = open_object(engine, key, object);
      const auto position = reader->schema().find(name);
      if (!position || !is_wide_integer(reader->schema()[*position].type)) continue;
      const Table rows = reader->read({.columns = std::vector<std::string>{name}, .range = {}, .pool = engine.pool()});
      try {
        static_cast<void>(table::cast(rows.column(0), type));
      } catch (const SchemaCompatibility& error) {
        throw SchemaCompatibility("column {}, in {}: {}", name, visible_name(key, object), error.what());
      }
    }
  }
}

}  // namespace varve::store
