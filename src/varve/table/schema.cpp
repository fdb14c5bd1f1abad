#include "varve/table/schema.h"

#include <unordered_set>

#include "varve/base/error.h"
#include "varve/table/utf8.h"

namespace varve {

namespace {

// Names for a message; wide tables have thousands, of which the first say enough.
std::string names_of(const std::vector<Field>& fields) {
  constexpr size_t kShown = 20;
  std::string names;
  for (size_t position = 0; position < fields.size() && position < kShown; ++position) {
    if (position > 0) names += ", ";
    names += fields[position].name;
  }
  if (fields.size() > kShown) names += " and " + std::to_string(fields.size() - kShown) + " more";
  return names.empty() ? "none" : names;
}

}  // namespace

Schema::Schema(std::vector<Field> fields, std::vector<std::pair<std::string, std::string>> metadata)
    : fields_(std::move(fields)), metadata_(std::move(metadata)) {
  std::unordered_set<std::string_view> names;
  for (size_t position = 0; position < fields_.size(); ++position) {
    const std::string& name = fields_[position].name;
    if (name.empty()) throw InvalidArgument("column {} has an empty name", position);
    if (!table::is_utf8(name)) throw InvalidArgument("the name of column {} is not UTF-8", position);
    if (name.find('\0') != std::string::npos) throw InvalidArgument("the column name {} holds a NUL", quote(name));
    if (!names.insert(name).second) throw InvalidArgument("two columns are named {}", name);
  }
}

std::optional<size_t> Schema::find(std::string_view name) const noexcept {
  for (size_t position = 0; position < fields_.size(); ++position) {
    if (fields_[position].name == name) return position;
  }
  return std::nullopt;
}

size_t Schema::position_of(std::string_view name) const {
  if (const auto position = find(name)) return *position;
  throw NotFound("no column {}; the columns are {}", name, names_of(fields_));
}

std::optional<std::string_view> Schema::metadata(std::string_view name) const noexcept {
  for (const auto& [key, value] : metadata_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

Schema Schema::with_metadata(std::vector<std::pair<std::string, std::string>> metadata) const {
  Schema schema = *this;
  schema.metadata_ = std::move(metadata);
  return schema;
}

std::string to_string(const Schema& schema) {
  std::string text;
  for (const Field& field : schema.fields()) {
    text += field.name + ": " + to_string(field.type) + (field.nullable ? "\n" : " not null\n");
  }
  return text;
}

}  // namespace varve
