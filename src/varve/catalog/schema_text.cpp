#include "varve/catalog/schema_text.h"

#include <nlohmann/json.hpp>

#include "varve/base/error.h"
#include "varve/table/type.h"

namespace varve::catalog {

namespace {

using Json = nlohmann::json;

// Calls `read` with the parsed value; whatever it does not like is damage.
template <typename Read>
auto parse(std::string_view text, std::string_view what, Read read) {
  try {
    return read(Json::parse(text));
  } catch (const Json::exception&) {
    throw Corruption("the catalog holds {} as {}", quote(text), what);
  } catch (const InvalidArgument& error) {
    throw Corruption("the catalog holds {} as {}: {}", quote(text), what, error.what());
  }
}

void check_list(const Json& json) {
  if (!json.is_array()) throw InvalidArgument("it is no list");
}

}  // namespace

std::string to_text(const Schema& schema) {
  Json fields = Json::array();
  for (const Field& field : schema.fields()) {
    fields.push_back({{"name", field.name}, {"type", to_string(field.type)}});
    if (!field.nullable) fields.back()["nullable"] = false;
  }
  return fields.dump();
}

std::string to_text(const std::vector<std::string>& columns) {
  try {
    return Json(columns).dump();
  } catch (const Json::exception&) {
    throw InvalidArgument("the name of a column is not UTF-8");
  }
}

std::string to_text(const DecimalPrices& prices) {
  return Json{{"all", prices.all_floats}, {"scales", prices.scales}}.dump();
}

Schema parse_schema(std::string_view text) {
  return parse(text, "a schema", [](const Json& fields) {
    check_list(fields);
    std::vector<Field> parsed;
    for (const Json& field : fields) {
      parsed.push_back({field.at("name").get<std::string>(), parse_type(field.at("type").get<std::string>()),
                        field.value("nullable", true)});
    }
    return Schema(std::move(parsed));
  });
}

std::vector<std::string> parse_columns(std::string_view text) {
  if (text == "[]") return {};
  return parse(text, "a list of columns", [](const Json& columns) {
    check_list(columns);
    return columns.get<std::vector<std::string>>();
  });
}

DecimalPrices parse_prices(std::string_view text) {
  return parse(text, "prices", [](const Json& json) {
    DecimalPrices prices{.all_floats = json.at("all").get<bool>(), .scales = {}};
    for (const auto& [name, scale] : json.at("scales").items()) {
      const int64_t places = scale.get<int64_t>();
      if (places < 0 || places > 18) throw InvalidArgument("{} places", places);
      prices.scales[name] = static_cast<int32_t>(places);
    }
    return prices;
  });
}

void check_json(std::string_view text, JsonShape shape, std::string_view what) {
  if (text.size() > kJsonBytesMax) {
    throw InvalidArgument("{}: {} bytes of JSON, at most {} are kept", what, text.size(), kJsonBytesMax);
  }
  const auto check_depth = [&](int depth, Json::parse_event_t, const Json&) {
    if (depth >= kJsonDepthMax) {  // counted from 0
      throw InvalidArgument("{}: the JSON is more than {} levels deep", what, kJsonDepthMax);
    }
    return true;
  };
  try {
    const Json value = Json::parse(text, check_depth);
    const bool is_array = shape == JsonShape::kArray;
    if (is_array ? value.is_array() : value.is_object()) return;
    throw InvalidArgument("{}: {} is no JSON {}", what, quote(text), is_array ? "array" : "object");
  } catch (const Json::exception&) {
    throw InvalidArgument("{}: {} is no JSON", what, quote(text));
  }
}

}  // namespace varve::catalog
