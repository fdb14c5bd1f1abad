#include "varve/parquet/read/chunk_cache.h"

#include <string>

#include <gtest/gtest.h>

#include "varve/base/thread_pool.h"

namespace varve::parquet {
namespace {

class ChunkCacheTest : public ::testing::Test {
 protected:
  void put(size_t column, const std::string& value) {
    cache_.put({1, column}, std::make_shared<const std::string>(value), value.size());
  }
  [[nodiscard]] std::string found(size_t column) const {
    const auto value = cache_.find({1, column});
    return value ? *value : "nothing";
  }
  ChunkCache<std::string> cache_{10};
};

TEST_F(ChunkCacheTest, GivesBackWhatWasPut) {
  EXPECT_EQ(found(4), "nothing");
  put(4, "four");
  put(5, "five");
  EXPECT_EQ(found(4), "four");
  EXPECT_EQ(found(5), "five");
}

TEST_F(ChunkCacheTest, GroupsAndColumnsAreToldApart) {
  put(2, "here");
  EXPECT_EQ(cache_.find({2, 1}), nullptr);
  EXPECT_NE(cache_.find({1, 2}), nullptr);
}

TEST_F(ChunkCacheTest, WhatIsThereStays) {
  put(4, "first");
  put(4, "second");
  EXPECT_EQ(found(4), "first");
}

TEST_F(ChunkCacheTest, WhatDoesNotFitAnyMoreDrivesOutTheRest) {
  put(1, "12345");
  put(2, "67890");
  EXPECT_EQ(found(1), "12345");
  put(3, "!");
  EXPECT_EQ(found(1), "nothing");
  EXPECT_EQ(found(2), "nothing");
  EXPECT_EQ(found(3), "!");
}

TEST_F(ChunkCacheTest, WhatNeverFitsIsNotKept) {
  put(1, "12345");
  put(2, "more than ten");
  EXPECT_EQ(found(2), "nothing");
  EXPECT_EQ(found(1), "12345");
}

TEST_F(ChunkCacheTest, ManyThreadsMayUseItAtOnce) {
  base::ThreadPool(4).parallel_for(400, [&](size_t turn) {
    put(turn % 20, std::to_string(turn % 20));
    const std::string value = found(turn % 20);
    EXPECT_TRUE(value == "nothing" || value == std::to_string(turn % 20));
  });
}

}  // namespace
}  // namespace varve::parquet
