#include "varve/store/tree/tree_changes.h"

#include <gtest/gtest.h>

namespace varve::store {
namespace {

using Places = TreeChanges::Places;

TEST(TreeChangesTest, NothingIsKnownBeforeAPublication) {
  TreeChanges changes;
  changes.add(1, 1, {"2024/01"});
  EXPECT_FALSE(changes.find(1, 1));
}

TEST(TreeChangesTest, CommitsAddUpUntilTheyArePublished) {
  TreeChanges changes;
  changes.clear(1, 4);
  changes.add(1, 5, {"2024/01"});
  changes.add(1, 6, {"2024/02"});
  EXPECT_EQ(changes.find(1, 6), Places({"2024/01", "2024/02"}));
  changes.clear(1, 6);
  EXPECT_EQ(changes.find(1, 6), Places());
}

TEST(TreeChangesTest, VersionsOfOthersMakeItUnknown) {
  TreeChanges changes;
  changes.clear(1, 4);
  EXPECT_FALSE(changes.find(1, 5));
  changes.add(1, 6, {"2024/01"});
  EXPECT_FALSE(changes.find(1, 6));
}

TEST(TreeChangesTest, APublicationOfAnOlderVersionClearsNothing) {
  TreeChanges changes;
  changes.clear(1, 4);
  changes.add(1, 5, {"2024/01"});
  changes.clear(1, 4);
  EXPECT_EQ(changes.find(1, 5), Places({"2024/01"}));
}

TEST(TreeChangesTest, WhatIsForgottenIsUnknown) {
  TreeChanges changes;
  changes.clear(1, 4);
  changes.forget(1);
  changes.add(1, 5, {""});
  EXPECT_FALSE(changes.find(1, 5));
}

}  // namespace
}  // namespace varve::store
