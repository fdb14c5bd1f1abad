#include "varve/catalog/former_definitions.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "varve/catalog/sqlite.h"

#include "unit/catalog/catalog_fixture.h"

namespace varve::catalog {
namespace {

class FormerDefinitionsTest : public CatalogTest {
 protected:
  // What the versions of `k` are read by: their layouts.
  std::vector<std::string> layouts() {
    std::vector<std::string> layouts;
    for (int64_t version = 1; const auto state = catalog_->state("k", version); ++version) {
      layouts.push_back(state->series.definition.layout);
    }
    return layouts;
  }
  void define(const std::string& layout) {
    const auto series = catalog_->find_series("k");
    SeriesChange change = making("k", {}, series ? series->version : 0);
    change.define->layout = layout;
    commit(change);
  }
  // Of SQL on the file itself: the first value of the first row.
  int64_t ask(const std::string& statement) {
    Database database(files_, path_, {.access = Access::kReadWrite});
    Query rows = database.query(statement);
    return rows.next() ? rows.integer(0) : -1;
  }
};

TEST_F(FormerDefinitionsTest, VersionsKeepTheirs) {
  define("range");
  commit(changing("k", 1, {object("a", 0, 1)}));
  define("month");
  define("month");
  define("day");
  EXPECT_EQ(layouts(), (std::vector<std::string>{"range", "range", "month", "month", "day"}));
  EXPECT_EQ(catalog_->find_series("k")->definition.layout, "day");
}

TEST_F(FormerDefinitionsTest, GoWithTheVersionsThatHadThem) {
  define("range");
  define("month");
  define("day");
  const int64_t id = catalog_->find_series("k")->id;
  EXPECT_EQ(ask("SELECT count(*) FROM former_definitions"), 2);
  catalog_->forget_versions(id, std::vector<int64_t>{1});
  EXPECT_EQ(ask("SELECT count(*) FROM former_definitions"), 1);
  EXPECT_EQ(catalog_->state("k", 2)->series.definition.layout, "month");
  catalog_->forget_versions(id, std::vector<int64_t>{2});
  EXPECT_EQ(ask("SELECT count(*) FROM former_definitions"), 0);
}

}  // namespace
}  // namespace varve::catalog
