#include "varve/store/upkeep/rebuild/adopted_files.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "varve/base/error.h"
#include "varve/catalog/key.h"
#include "varve/parquet/reader.h"
#include "varve/store/plan.h"
#include "varve/store/schema/price_storage.h"
#include "varve/store/tree/layout.h"
#include "varve/store/upkeep/object_bytes.h"
#include "varve/table/index.h"
#include "varve/table/sort.h"

namespace varve::store {
namespace {

class Adopter {
 public:
  Adopter(const Disk& disk, ShownTree& tree, Meter& meter) : disk_(disk), tree_(tree), meter_(meter) {
    for (const auto& [key, shown] : tree_.series) {
      const std::string& layout = definition_of(shown).layout;
      if (Layout::parse(layout).one_file_a_period()) templates_.insert(layout);
    }
  }

  void take_in(const UnnamedFile& file) {
    const std::optional<std::string> key = key_of(file.path);
    if (!key) {
      if (file.object != nullptr)
        tell("", file.path, "was adopted, and says not which series it is of: adopt it again");
      return;
    }
    std::vector<ShownFile>& shown = tree_.series.at(*key);
    try {
      if (file.object == nullptr) throw InvalidArgument("nothing tells that it was adopted");
      auto found = std::make_unique<FoundObject>(*file.object);
      examine(*found, shown);
      std::optional<ShownAs> as = shown_as(*found, file.path);
      if (!as || as->key != *key) throw InvalidArgument("the layout has such rows elsewhere");
      check_apart(*found, shown);
      found->sha256 = sha256_of(*disk_.files().open(found->path, base::OpenMode::kRead), meter_);
      shown.insert(shown.begin(), {found.get(), std::move(as->name)});
      tree_.added.push_back(std::move(found));
    } catch (const Cancelled&) {
      throw;
    } catch (const Error& error) {
      tell(*key, file.path,
           std::string("is not part of the series: ") + error.what() +
               ". If its rows belong there, move it out of the lake and import it");
    }
  }

 private:
  static const catalog::SeriesDefinition& definition_of(const std::vector<ShownFile>& shown) {
    return shown.back().object->facts->definition;
  }

  void tell(std::string key, std::string file, std::string what) {
    tree_.findings.push_back({.key = std::move(key), .file = std::move(file), .what = std::move(what)});
  }

  // The series in whose places it lies.
  [[nodiscard]] std::optional<std::string> key_of(const std::string& path) const {
    for (const std::string& text : templates_) {
      const auto place = Layout::parse(text).match(path);
      if (place && tree_.series.contains(place->key)) return place->key;
    }
    for (std::string folder = path; folder.find('/') != std::string::npos;) {
      folder.resize(folder.rfind('/'));
      try {
        std::string key = catalog::path_to_key(folder);
        if (tree_.series.contains(key)) return key;
      } catch (const PathTraversal&) {  // no key has this directory
      }
    }
    return {};
  }

  // Fills `found` in, as a file of the series.
  void examine(FoundObject& found, const std::vector<ShownFile>& shown) const {
    found.facts = *shown.front().object->facts;
    found.facts->definition = definition_of(shown);
    found.modified = found.status.modified_nanoseconds;
    const catalog::SeriesDefinition& definition = found.facts->definition;
    const parquet::Reader reader =
        parquet::Reader::open(disk_.files().open(found.path, base::OpenMode::kRead), found.path);
    if (!reader.nested_columns().empty()) throw NotSupported("it has nested columns");
    found.schema = series_schema(reader.schema());
    found.rows = reader.num_rows();
    if (found.rows == 0) throw InvalidArgument("it has no rows");
    for (const ShownFile& other : shown) check_types(found.schema, other.object->schema);
    const table::RowOrder order = order_of(definition);
    std::vector<std::string> names = order.identity;
    if (!order.index.empty()) names.push_back(order.index);
    for (const std::string& name : names) {
      if (!found.schema.find(name)) throw InvalidArgument("it has no column {}", name);
    }
    if (names.empty()) return;
    const Table rows = reader.read({.columns = names});
    if (!table::is_sorted(rows, order)) throw InvalidArgument("its rows are not in order");
    if (definition.has_identity && table::find_duplicate(rows, order) >= 0) {
      throw InvalidArgument("two of its rows have one identity");
    }
    if (order.index.empty()) return;
    const table::IndexValues index(rows, order.index);
    found.first = {index[0]};
    found.last = {index[found.rows - 1]};
  }

  static void check_types(const Schema& schema, const Schema& other) {
    for (const Field& field : schema.fields()) {
      const auto at = other.find(field.name);
      if (at && other[*at].type != field.type) {
        throw SchemaCompatibility("column {} is {}, and {} in other files", field.name, to_string(field.type),
                                  to_string(other[*at].type));
      }
    }
  }

  static void check_apart(const FoundObject& found, const std::vector<ShownFile>& shown) {
    if (definition_of(shown).index.empty()) {
      if (definition_of(shown).has_identity) throw InvalidArgument("whether it comes before the others is not known");
      return;
    }
    for (const ShownFile& other : shown) {
      if (found.first <= other.object->last && other.object->first <= found.last) {
        throw InvalidArgument("its rows from {} to {} lie across those of {}", to_string(found.first),
                              to_string(found.last), other.name);
      }
    }
  }

  const Disk& disk_;
  ShownTree& tree_;
  Meter& meter_;
  std::set<std::string> templates_;
};

}  // namespace

void take_adopted_in(const Disk& disk, ShownTree& tree, Meter& meter) {
  Adopter adopter(disk, tree, meter);
  for (const UnnamedFile& file : std::exchange(tree.unnamed, {})) adopter.take_in(file);
}

}  // namespace varve::store
