#include "varve/catalog/catalog.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "varve/base/error.h"

#include "support/errors.h"
#include "unit/catalog/catalog_fixture.h"

namespace varve::catalog {
namespace {

using ::testing::ElementsAre;
using testing::expect_error;
using ::testing::IsEmpty;

Timestamp second(int64_t count) { return Timestamp{} + Duration::seconds(count); }

TEST_F(CatalogTest, IsEmptyAtFirst) {
  EXPECT_THAT(catalog_->list_series(""), IsEmpty());
  EXPECT_THAT(catalog_->all_objects(), IsEmpty());
  EXPECT_THAT(catalog_->pending_publications(), IsEmpty());
  EXPECT_THAT(catalog_->check(), IsEmpty());
  EXPECT_FALSE(catalog_->find_series("fx").has_value());
  EXPECT_FALSE(catalog_->state("fx").has_value());
}

TEST_F(CatalogTest, KeepsWhatASeriesIs) {
  SeriesChange change = making("fx/EUR_USD");
  change.define = SeriesDefinition{.kind = "trades",
                                   .index = "ts_event",
                                   .identity = {"trade_id", "sym\"bol", "\u20AC"},
                                   .has_identity = true,
                                   .layout = "month",
                                   .compression = "zstd",
                                   .target_rows_per_file = 123};
  commit(change);
  reopen();
  EXPECT_EQ(catalog_->find_series("fx/EUR_USD")->definition, *change.define);
}

TEST_F(CatalogTest, TellsNoIdentityFromAnEmptyOne) {
  SeriesChange without = making("without");
  without.define->has_identity = false;
  commit(without);
  commit(making("empty"));
  EXPECT_FALSE(catalog_->find_series("without")->definition.has_identity);
  EXPECT_TRUE(catalog_->find_series("empty")->definition.has_identity);
  EXPECT_THAT(catalog_->find_series("empty")->definition.identity, IsEmpty());
}

TEST_F(CatalogTest, DefinitionMayWiden) {
  commit(making("a"));
  SeriesChange wider = changing("a", 1);
  wider.define = catalog_->find_series("a")->definition;
  wider.define->identity = {"provider"};
  commit(wider);
  EXPECT_THAT(catalog_->find_series("a")->definition.identity, ElementsAre("provider"));
}

TEST_F(CatalogTest, CountsVersions) {
  EXPECT_EQ(commit(making("a")).version, 1);
  EXPECT_EQ(commit(changing("a", 1)).version, 2);
  EXPECT_EQ(commit(making("b")).version, 1);
  EXPECT_EQ(commit(changing("a", 2)).version, 3);
}

TEST_F(CatalogTest, SumsUpTheNewestVersion) {
  commit(making("a", {object("x", 10, 20), object("y", 21, 30)}));
  commit(changing("a", 1, {object("z", 31, 40)}));
  const SeriesRow series = *catalog_->find_series("a");
  EXPECT_EQ(series.rows, 30);
  EXPECT_EQ(series.files, 3);
  EXPECT_EQ(series.bytes, 300);
  EXPECT_EQ(series.first, second(10));
  EXPECT_EQ(series.last, second(40));
}

TEST_F(CatalogTest, EndsFollowRemovedObjects) {
  commit(making("a", {object("x", 10, 20), object("y", 12, 15), object("z", 31, 40)}));
  commit(changing("a", 1, {object("v", 11, 14)}, {"x"}));
  EXPECT_EQ(catalog_->find_series("a")->first, second(11));
  EXPECT_EQ(catalog_->find_series("a")->last, second(40));
  commit(changing("a", 2, {}, {"z"}));
  EXPECT_EQ(catalog_->find_series("a")->last, second(15));
  commit(changing("a", 3, {}, {"v", "y"}));
  EXPECT_EQ(catalog_->find_series("a")->first, std::nullopt);
  EXPECT_EQ(catalog_->find_series("a")->last, std::nullopt);
  EXPECT_EQ(catalog_->find_series("a")->rows, 0);
}

TEST_F(CatalogTest, UntimedSeriesHaveNoEnds) {
  SeriesChange change = making("a", {object("x", 0, 0)});
  change.define->index = "";
  commit(change);
  commit(changing("a", 1, {object("y", 0, 0)}, {"x"}));
  EXPECT_EQ(catalog_->find_series("a")->first, std::nullopt);
  EXPECT_THAT(objects("a"), ElementsAre("y"));
}

TEST_F(CatalogTest, EachVersionHasItsObjects) {
  commit(making("a", {object("x", 1, 2)}));
  commit(changing("a", 1, {object("y", 3, 4)}));
  commit(changing("a", 2, {object("z", 1, 4)}, {"x", "y"}));
  commit(changing("a", 3, {}, {"z"}));
  EXPECT_THAT(objects("a", 1), ElementsAre("x"));
  EXPECT_THAT(objects("a", 2), ElementsAre("x", "y"));
  EXPECT_THAT(objects("a", 3), ElementsAre("z"));
  EXPECT_THAT(objects("a", 4), IsEmpty());
  EXPECT_THAT(objects("a"), IsEmpty());
}

TEST_F(CatalogTest, UnknownVersionsAreNotThere) {
  commit(making("a"));
  EXPECT_THAT(objects("a", 2), ElementsAre("none"));
  EXPECT_THAT(objects("a", -1), ElementsAre("none"));
  EXPECT_THAT(objects("b"), ElementsAre("none"));
}

TEST_F(CatalogTest, ObjectsComeInTheOrderOfTimeThenId) {
  commit(making("a", {object("c", 5, 6), object("b", 5, 6), object("z", 1, 9), object("a", 7, 7)}));
  EXPECT_THAT(objects("a"), ElementsAre("z", "b", "c", "a"));
  commit(changing("a", 1));
  EXPECT_THAT(objects("a", 1), ElementsAre("z", "b", "c", "a"));
}

TEST_F(CatalogTest, StateIsOfARangeWithBothEnds) {
  commit(making("a", {object("x", 10, 20), object("y", 20, 30), object("z", 31, 40)}));
  const auto overlapping = [&](int64_t first, int64_t last) {
    return ids_of(catalog_->state("a", 0, second(first), second(last))->objects);
  };
  EXPECT_THAT(overlapping(20, 20), ElementsAre("x", "y"));
  EXPECT_THAT(overlapping(30, 31), ElementsAre("y", "z"));
  EXPECT_THAT(overlapping(0, 9), IsEmpty());
  EXPECT_THAT(overlapping(41, 50), IsEmpty());
  EXPECT_THAT(overlapping(0, 100), ElementsAre("x", "y", "z"));
}

TEST_F(CatalogTest, StatesOfManySeriesComeInTheOrderOfTheKeys) {
  commit(making("b", {object("b1", 0, 1)}));
  commit(making("a", {object("a1", 0, 1)}));
  catalog_->make_snapshot("then", std::vector<std::string>{"a"});
  commit(changing("a", 1, {object("a2", 5, 6)}));
  const std::vector<std::string> keys = {"a", "nothing", "b"};
  const auto states = catalog_->states(keys, {});
  EXPECT_EQ(ids_of(states[0]->objects), std::vector<std::string>({"a1", "a2"}));
  EXPECT_FALSE(states[1]);
  EXPECT_EQ(states[2]->schema, bar_schema());
  const auto then = catalog_->states(keys, {.version = std::string("then")});
  EXPECT_EQ(ids_of(then[0]->objects), std::vector<std::string>({"a1"}));
  EXPECT_FALSE(then[2]);
  EXPECT_TRUE(catalog_->states(keys, {.version = clock_.now()})[2]);
}

TEST_F(CatalogTest, TheTailOfASeriesIsGivenWhereItWillDo) {
  constexpr int64_t kObjects = Catalog::kTailObjects + 10;
  for (const std::string key : {"a", "b"}) {
    std::vector<NewObject> objects;
    for (int64_t at = 0; at < kObjects; ++at) objects.push_back(object(key + std::to_string(at), 2 * at, 2 * at + 1));
    commit(making(key, std::move(objects)));
  }
  const std::vector<std::string> keys = {"a", "b"};
  const auto states = catalog_->states(keys, {.tail_will_do = [](const SeriesRow& series) {
                                         EXPECT_EQ(series.last, second(2 * kObjects - 1));
                                         return series.key == "a";
                                       }});
  EXPECT_TRUE(states[0]->is_tail);
  ASSERT_EQ(states[0]->objects.size(), static_cast<size_t>(Catalog::kTailObjects));
  EXPECT_EQ(states[0]->objects.front().id, "a10");
  EXPECT_EQ(states[0]->objects.back().id, "a" + std::to_string(kObjects - 1));
  EXPECT_FALSE(states[1]->is_tail);
  EXPECT_EQ(states[1]->objects.size(), static_cast<size_t>(kObjects));
  const auto then =
      catalog_->states(keys, {.version = int64_t{1}, .tail_will_do = [](const SeriesRow&) { return true; }});
  EXPECT_TRUE(then[0]->is_tail);
}

TEST_F(CatalogTest, ManySeriesAreFoundInTheOrderOfTheKeysDeletedOnesToo) {
  commit(making("b"));
  commit(making("a"));
  commit({.key = "a", .base_version = 1, .deletes = true});
  const std::vector<std::string> keys = {"a", "nothing", "b"};
  const auto found = catalog_->find_many(keys);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0]->version, 2);
  EXPECT_TRUE(found[0]->deleted);
  EXPECT_FALSE(found[1]);
  EXPECT_EQ(found[2]->key, "b");
}

TEST_F(CatalogTest, NamesAreTakenInTheirSeriesByObjectsLiveAndDead) {
  const int64_t a = commit(making("a", {object("x", 1, 2), object("y", 3, 4)})).series_id;
  commit(changing("a", 1, {}, {"x"}));
  const int64_t b = commit(making("b", {object("z", 1, 2)})).series_id;
  const Catalog::ObjectNames asked = {{a, "x.parquet"}, {a, "y.parquet"}, {a, "z.parquet"}, {b, "y.parquet"}};
  const Catalog::ObjectNames taken = {{a, "x.parquet"}, {a, "y.parquet"}};
  EXPECT_EQ(catalog_->taken_names(asked), taken);
}

// What is asked for again and again comes from memory, as long as nobody changed the catalog: neither this one nor
// another process.
TEST_F(CatalogTest, AStateThatIsAskedForOftenFollowsEveryChange) {
  Catalog other = open();
  const std::vector<std::string> key = {"a"};
  const auto ids = [&](int64_t first, int64_t last) {
    return ids_of(catalog_->states(key, {.first = second(first), .last = second(last)})[0]->objects);
  };
  EXPECT_FALSE(catalog_->states(key, {})[0]);
  NewObject in_the_catalog = object("x", 0, 9);
  in_the_catalog.inline_bytes = base::MutableBuffer::allocate(1).finish();
  commit(making("a", {in_the_catalog, object("y", 10, 19)}));
  for (int time = 0; time < 4; ++time) {
    EXPECT_THAT(ids(0, 9), ElementsAre("x"));
    EXPECT_THAT(ids(9, 10), ElementsAre("x", "y"));
    EXPECT_THAT(ids(20, 30), IsEmpty());
  }
  other.commit({.id = "by another", .operation = "append", .changes = {changing("a", 1, {object("z", 20, 29)})}});
  for (int time = 0; time < 4; ++time) EXPECT_THAT(ids(15, 25), ElementsAre("y", "z"));
  EXPECT_FALSE(catalog_->states(key, {})[0]->objects[0].stored);
  other.set_stored(std::vector<std::string>{"x"});
  EXPECT_TRUE(catalog_->states(key, {})[0]->objects[0].stored);
  commit({.key = "a", .base_version = 2, .deletes = true});
  EXPECT_FALSE(catalog_->states(key, {})[0]);
}

TEST_F(CatalogTest, TellsWhichVersionsAreNotThere) {
  const int64_t id = commit(making("a")).series_id;
  const std::vector<SeriesVersion> asked = {{id, 1}, {id, 2}};
  const auto missing = catalog_->missing_versions(asked);
  ASSERT_EQ(missing.size(), 1U);
  EXPECT_EQ(missing[0].version, 2);
}

TEST_F(CatalogTest, ObjectsKeepWhatTheyAre) {
  NewObject added = object("x", 1, 2);
  added.sha256 = std::string(64, 'f');
  commit(making("a", {added}));
  commit(changing("a", 1, {}, {"x"}));
  const ObjectRow found = catalog_->all_objects().at(0);
  EXPECT_EQ(found.series_id, catalog_->find_series("a")->id);
  EXPECT_EQ(found.added_version, 1);
  EXPECT_EQ(found.removed_version, 2);
  EXPECT_EQ(found.name, "x.parquet");
  EXPECT_EQ(found.rows, 10);
  EXPECT_EQ(found.bytes, 100);
  EXPECT_EQ(found.first, second(1));
  EXPECT_EQ(found.last, second(2));
  EXPECT_EQ(found.sha256, added.sha256);
  EXPECT_EQ(found.schema_version, 1);
}

TEST_F(CatalogTest, NamesAreNeverUsedTwiceInASeries) {
  commit(making("a", {object("x", 1, 2)}));
  commit(changing("a", 1, {}, {"x"}));
  NewObject again = object("y", 1, 2);
  again.name = "x.parquet";
  expect_error(ErrorKind::kAlreadyExists, "objects.name", [&] { commit(changing("a", 2, {again})); });
  EXPECT_NO_THROW(commit(making("b", {again})));
}

TEST_F(CatalogTest, ObjectsAreFoundByTheirNamesLiveAndDead) {
  commit(making("a", {object("x", 1, 2), object("y", 3, 4), object("z", 5, 6)}));
  commit(changing("a", 1, {}, {"x"}));
  commit(making("b", {object("w", 1, 2)}));
  const int64_t series = catalog_->find_series("a")->id;
  EXPECT_THAT(catalog_->object_names(series), ElementsAre("x.parquet", "y.parquet", "z.parquet"));
  EXPECT_THAT(catalog_->object_names(99), IsEmpty());
  const std::vector<ObjectRow> found = catalog_->objects_between(series, "x", "y.parquet");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].id, "x");
  EXPECT_EQ(found[0].removed_version, 2);
}

TEST_F(CatalogTest, SchemasChangeByVersion) {
  const Schema wider({{"timestamp", DataType::timestamp(TimeUnit::kNano, "UTC"), false},
                      {"close", DataType::decimal(18, 5)},
                      {"sym\"bol", DataType::dictionary(DataType::string())}});
  commit(making("a", {object("x", 1, 2)}));
  SeriesChange change = changing("a", 1, {object("y", 3, 4)});
  change.schema = wider;
  commit(change);
  commit(changing("a", 2));
  EXPECT_EQ(catalog_->state("a", 1)->schema, bar_schema());
  EXPECT_EQ(catalog_->state("a", 3)->schema, wider);
  EXPECT_EQ(catalog_->state("a")->objects.at(0).schema_version, 1);
  EXPECT_EQ(catalog_->state("a")->objects.at(1).schema_version, 2);
  EXPECT_EQ(catalog_->schema(catalog_->find_series("a")->id, 1), bar_schema());
}

TEST_F(CatalogTest, AnEqualSchemaIsNoNewOne) {
  commit(making("a"));
  SeriesChange change = changing("a", 1);
  change.schema = bar_schema();
  commit(change);
  EXPECT_EQ(catalog_->find_series("a")->schema_version, 1);
}

TEST_F(CatalogTest, UnknownSchemasAreNotFound) {
  expect_error(ErrorKind::kNotFound, "schema version 7", [&] { (void)catalog_->schema(1, 7); });
}

TEST_F(CatalogTest, DeletedSeriesAreFoundButNotListed) {
  commit(making("a", {object("x", 1, 2)}));
  commit(deleting("a", 1));
  EXPECT_THAT(catalog_->list_series(""), IsEmpty());
  EXPECT_TRUE(catalog_->find_series("a")->deleted);
  EXPECT_EQ(catalog_->key_of(catalog_->find_series("a")->id), "a");
  EXPECT_EQ(catalog_->key_of(99), "");
  EXPECT_EQ(catalog_->find_series("a")->rows, 0);
  EXPECT_EQ(catalog_->find_series("a")->first, std::nullopt);
  EXPECT_THAT(objects("a"), ElementsAre("none"));
  EXPECT_THAT(objects("a", 2), ElementsAre("none"));
  EXPECT_THAT(objects("a", 1), ElementsAre("x"));
}

TEST_F(CatalogTest, VersionsCountOnOverDeletion) {
  commit(making("a", {object("x", 1, 2)}));
  commit(deleting("a", 1));
  clock_.advance(Duration::seconds(5));
  EXPECT_EQ(commit(making("a", {object("y", 3, 4)}, 2)).version, 3);
  EXPECT_EQ(catalog_->find_series("a")->created, clock_.now());
  EXPECT_THAT(objects("a"), ElementsAre("y"));
  EXPECT_THAT(objects("a", 2), ElementsAre("none"));
  EXPECT_THAT(objects("a", 1), ElementsAre("x"));
}

TEST_F(CatalogTest, OnlyTheNewestVersionMayBeChanged) {
  commit(making("a"));
  commit(changing("a", 1));
  expect_error(ErrorKind::kConcurrentWrite, "\"a\" is at version 2, not 1", [&] { commit(changing("a", 1)); });
  expect_error(ErrorKind::kConcurrentWrite, "\"a\" is at version 2, not 0", [&] { commit(making("a")); });
  expect_error(ErrorKind::kConcurrentWrite, "\"b\" is at version 0, not 1", [&] { commit(changing("b", 1)); });
  EXPECT_EQ(catalog_->find_series("a")->version, 2);
}

TEST_F(CatalogTest, ACommitIsAllOrNothing) {
  commit(making("a"));
  const CommitRequest request = {.id = "half", .operation = "write", .changes = {making("b"), changing("a", 7)}};
  expect_error(ErrorKind::kConcurrentWrite, "\"a\"", [&] { catalog_->commit(request); });
  EXPECT_FALSE(catalog_->find_series("b").has_value());
  EXPECT_FALSE(catalog_->find_commit("half").has_value());
}

TEST_F(CatalogTest, ACommitMayChangeManySeries) {
  commit(making("a"));
  const auto committed = catalog_->commit(
      {.id = "many", .operation = "upsert", .changes = {making("c", {object("x", 1, 2)}), changing("a", 1)}});
  ASSERT_EQ(committed.size(), 2U);
  EXPECT_EQ(committed[0].key, "c");
  EXPECT_EQ(committed[0].series_id, catalog_->find_series("c")->id);
  EXPECT_EQ(committed[0].version, 1);
  EXPECT_EQ(committed[1].key, "a");
  EXPECT_EQ(committed[1].version, 2);
}

TEST_F(CatalogTest, CommitsAreFoundById) {
  commit("first", making("a"));
  clock_.advance(Duration::seconds(1));
  commit("second", changing("a", 1));
  const CommitRow found = *catalog_->find_commit("second");
  EXPECT_EQ(found.id, "second");
  EXPECT_EQ(found.sequence, 2);
  EXPECT_EQ(found.time, clock_.now());
  EXPECT_EQ(found.operation, "write");
  EXPECT_FALSE(catalog_->find_commit("third").has_value());
}

TEST_F(CatalogTest, CommitTimesGoUpWhateverTheClockSays) {
  commit("first", making("a"));
  const Timestamp first = catalog_->find_commit("first")->time;
  clock_.set(first - Duration::seconds(3600));
  commit("second", changing("a", 1));
  EXPECT_EQ(catalog_->find_commit("second")->time, first + Duration{1});
  EXPECT_EQ(catalog_->find_series("a")->updated, first + Duration{1});
  EXPECT_EQ(catalog_->find_series("a")->created, first);
}

TEST_F(CatalogTest, ACommitIdIsUsedOnce) {
  commit("same", making("a"));
  expect_error(ErrorKind::kAlreadyExists, "same", [&] { commit("same", changing("a", 1)); });
  EXPECT_EQ(catalog_->find_series("a")->version, 1);
}

TEST_F(CatalogTest, BadRequestsAreRefused) {
  const auto refuse = [&](ErrorKind kind, std::string_view part, const CommitRequest& request) {
    expect_error(kind, part, [&] { catalog_->commit(request); });
  };
  commit(making("a", {object("x", 1, 2)}));
  SeriesChange undefined = making("b");
  undefined.define.reset();
  SeriesChange busy_end = deleting("a", 1);
  busy_end.added = {object("y", 1, 2)};
  refuse(ErrorKind::kInvalidArgument, "an id", {.changes = {making("b")}});
  refuse(ErrorKind::kInvalidArgument, "a change", {.id = "i"});
  refuse(ErrorKind::kInvalidArgument, "two changes", {.id = "i", .changes = {making("b"), making("b")}});
  refuse(ErrorKind::kInvalidArgument, "needs a definition", {.id = "i", .changes = {undefined}});
  refuse(ErrorKind::kInvalidArgument, "deletes and adds", {.id = "i", .changes = {busy_end}});
  refuse(ErrorKind::kInvalidArgument, "\"z\" is not one", {.id = "i", .changes = {changing("a", 1, {}, {"z"})}});
  refuse(ErrorKind::kPathTraversal, "../b", {.id = "i", .changes = {making("../b")}});
  refuse(ErrorKind::kNotFound, "to delete", {.id = "i", .changes = {deleting("c", 0)}});
  EXPECT_EQ(catalog_->find_series("a")->version, 1);
  EXPECT_EQ(catalog_->list_series("").size(), 1U);
}

TEST_F(CatalogTest, AnObjectIsRemovedOnce) {
  commit(making("a", {object("x", 1, 2)}));
  commit(changing("a", 1, {}, {"x"}));
  expect_error(ErrorKind::kInvalidArgument, "\"x\"", [&] { commit(changing("a", 2, {}, {"x"})); });
}

TEST_F(CatalogTest, AnObjectOfAnotherSeriesIsNotRemoved) {
  commit(making("a", {object("x", 1, 2)}));
  commit(making("b"));
  expect_error(ErrorKind::kInvalidArgument, "\"x\"", [&] { commit(changing("b", 1, {}, {"x"})); });
}

TEST_F(CatalogTest, ListsByPrefixInTheOrderOfBytes) {
  for (const char* key : {"fx/b", "fxx", "fx", "fx-a", "fx/a/c", "\u00E9", "z", "fx/B", "fx/\u00E9"})
    commit(making(key));
  const auto keys = [&](std::string_view prefix) {
    std::vector<std::string> found;
    for (const SeriesRow& series : catalog_->list_series(prefix)) found.push_back(series.key);
    return found;
  };
  EXPECT_THAT(keys(""), ElementsAre("fx", "fx-a", "fx/B", "fx/a/c", "fx/b", "fx/\u00E9", "fxx", "z", "\u00E9"));
  EXPECT_THAT(keys("fx"), ElementsAre("fx", "fx/B", "fx/a/c", "fx/b", "fx/\u00E9"));
  EXPECT_THAT(keys("fx/"), ElementsAre("fx/B", "fx/a/c", "fx/b", "fx/\u00E9"));
  EXPECT_THAT(keys("fx/a"), ElementsAre("fx/a/c"));
  EXPECT_THAT(keys("f"), IsEmpty());
}

TEST_F(CatalogTest, ChangedSeriesAreToBePublished) {
  commit("one", making("a"));
  commit("two", making("b"));
  commit("three", changing("a", 1));
  const std::vector<PendingPublication> pending = catalog_->pending_publications();
  ASSERT_EQ(pending.size(), 2U);
  EXPECT_EQ(pending[0].key, "a");
  EXPECT_EQ(pending[0].commit_id, "three");
  EXPECT_EQ(pending[1].key, "b");
  EXPECT_EQ(pending[1].commit_id, "two");
}

TEST_F(CatalogTest, AFlagIsClearedByItsCommitOnly) {
  const int64_t series = commit("one", making("a")).series_id;
  commit("two", changing("a", 1));
  catalog_->clear_pending(series, "one");
  EXPECT_EQ(catalog_->pending_publications().size(), 1U);
  catalog_->clear_pending(series, "two");
  EXPECT_THAT(catalog_->pending_publications(), IsEmpty());
  catalog_->set_pending(series, "two");
  EXPECT_EQ(catalog_->pending_publications().at(0).commit_id, "two");
}

TEST_F(CatalogTest, ADeletionIsToBePublishedToo) {
  const int64_t series = commit("one", making("a")).series_id;
  catalog_->clear_pending(series, "one");
  commit("two", deleting("a", 1));
  EXPECT_EQ(catalog_->pending_publications().at(0).commit_id, "two");
}

TEST_F(CatalogTest, SourcesAreRememberedUntilTheSeriesEnds) {
  SeriesChange change = making("a");
  change.sources.sha256 = "abc";
  change.sources.name = "bars.csv";
  const int64_t series = commit(change).series_id;
  EXPECT_EQ(catalog_->source_seen(series, "abc"), SourceSeen::kWhole);
  EXPECT_EQ(catalog_->source_seen(series, "abd"), SourceSeen::kNot);
  EXPECT_EQ(catalog_->source_seen(series + 1, "abc"), SourceSeen::kNot);
  commit(deleting("a", 1));
  EXPECT_EQ(catalog_->source_seen(series, "abc"), SourceSeen::kNot);
}

TEST_F(CatalogTest, AVersionMayForgetTheSourcesBeforeIt) {
  SeriesChange change = making("a");
  change.sources.sha256 = "abc";
  const int64_t series = commit(change).series_id;
  change = changing("a", 1);
  change.sources.forgets = true;
  change.sources.sha256 = "def";
  commit(change);
  EXPECT_EQ(catalog_->source_seen(series, "abc"), SourceSeen::kNot);
  EXPECT_EQ(catalog_->source_seen(series, "def"), SourceSeen::kWhole);
}

TEST_F(CatalogTest, ARestoredVersionHasTheSourcesThatItHad) {
  SeriesChange change = making("a");
  change.sources.sha256 = "abc";
  const int64_t series = commit(change).series_id;
  commit(deleting("a", 1));
  change = making("a", {}, 2);
  change.sources = {.restored = SeriesVersion{series, 1}, .forgets = true};
  commit(change);
  EXPECT_EQ(catalog_->source_seen(series, "abc"), SourceSeen::kWhole);
}

TEST_F(CatalogTest, ASourceWhoseRowsMayHaveGoneIsThereInPart) {
  SeriesChange change = making("a");
  const int64_t series = commit(change).series_id;
  int64_t version = 1;
  const auto seen_after = [&](std::optional<ClosedRange> range, const ClosedRange& emptied) {
    change = changing("a", version++);
    change.sources = {.sha256 = "abc", .range = range};
    commit(change);
    change = changing("a", version++);
    change.sources = {.emptied = {emptied}};
    commit(change);
    return catalog_->source_seen(series, "abc");
  };
  const ClosedRange tens{Timestamp{10}, Timestamp{20}};
  EXPECT_EQ(seen_after(tens, {Timestamp{21}, Timestamp::max()}), SourceSeen::kWhole);
  EXPECT_EQ(seen_after(tens, {Timestamp::min(), Timestamp{10}}), SourceSeen::kInPart);
  EXPECT_EQ(seen_after(tens, {Timestamp{15}, Timestamp{15}}), SourceSeen::kInPart);
  EXPECT_EQ(seen_after(tens, {Timestamp{10}, Timestamp{20}}), SourceSeen::kNot);
  EXPECT_EQ(seen_after({}, {Timestamp::min(), Timestamp::max()}), SourceSeen::kInPart);
}

TEST_F(CatalogTest, WhatIsCutPieceByPieceIsForgottenWithTheLast) {
  SeriesChange change = making("a");
  change.sources = {.sha256 = "abc", .range = ClosedRange{Timestamp{10}, Timestamp{20}}};
  const int64_t series = commit(change).series_id;
  change = changing("a", 1);
  change.sources.emptied = {{Timestamp{0}, Timestamp{14}}};
  commit(change);
  EXPECT_EQ(catalog_->source_seen(series, "abc"), SourceSeen::kInPart);
  change = changing("a", 2);
  change.sources.emptied = {{Timestamp{15}, Timestamp{20}}};
  commit(change);
  EXPECT_EQ(catalog_->source_seen(series, "abc"), SourceSeen::kNot);
}

TEST_F(CatalogTest, KeysAreFoundById) {
  const int64_t series = commit(making("a")).series_id;
  EXPECT_EQ(catalog_->key_of(series), "a");
  commit(deleting("a", 1));
  EXPECT_EQ(catalog_->key_of(series), "a");
  EXPECT_EQ(catalog_->key_of(series + 1), "");
}

TEST_F(CatalogTest, ASourceMayComeTwice) {
  SeriesChange change = making("a");
  change.sources.sha256 = "abc";
  commit(change);
  change = changing("a", 1);
  change.sources.sha256 = "abc";
  EXPECT_NO_THROW(commit(change));
}

TEST_F(CatalogTest, PropertiesAreKept) {
  catalog_->set_property("lake_id", "abc");
  catalog_->set_property("lake_id", "def");
  reopen();
  EXPECT_EQ(catalog_->property("lake_id"), "def");
  EXPECT_EQ(catalog_->property("clean_mark"), "");
  catalog_->set_property("lake_id", "");
  EXPECT_EQ(catalog_->property("lake_id"), "");
}

TEST_F(CatalogTest, EverythingIsThereAfterOpeningAnew) {
  commit("one", making("a", {object("x", 1, 2)}));
  reopen();
  EXPECT_THAT(objects("a"), ElementsAre("x"));
  EXPECT_TRUE(catalog_->find_commit("one").has_value());
  EXPECT_THAT(catalog_->check(), IsEmpty());
}

TEST_F(CatalogTest, ClosedIsClosed) {
  commit(making("a"));
  catalog_->close();
  catalog_->close();
  expect_error(ErrorKind::kInvalidArgument, "is closed", [&] { (void)catalog_->find_series("a"); });
  expect_error(ErrorKind::kInvalidArgument, "is closed", [&] { commit(changing("a", 1)); });
}

}  // namespace
}  // namespace varve::catalog
