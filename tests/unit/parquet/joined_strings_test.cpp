#include "varve/parquet/read/joined_strings.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <random>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "varve/base/thread_pool.h"

namespace varve::parquet {
namespace {

using Strings = std::vector<std::string>;

StringPiece piece_of(const Strings& strings) {
  StringPiece piece{.count = std::ssize(strings),
                    .offsets = base::MutableBuffer::allocate((strings.size() + 1) * sizeof(int64_t)),
                    .characters = base::MutableBuffer::allocate(0)};
  auto* end = piece.offsets.as<int64_t>();
  *end = 0;
  for (const std::string& string : strings) {
    piece.characters.append(std::as_bytes(std::span(string)));
    *++end = static_cast<int64_t>(piece.characters.size());
  }
  return piece;
}

Strings strings_of(JoinedStrings& joined, size_t count) {
  const base::BufferPtr offsets = joined.take_offsets();
  const base::BufferPtr characters = joined.take_characters();
  const auto* at = reinterpret_cast<const int64_t*>(offsets->data());
  const std::string all(reinterpret_cast<const char*>(characters->data()), characters->size());
  Strings strings;
  for (size_t index = 0; index < count; ++index) {
    strings.push_back(all.substr(static_cast<size_t>(at[index]), static_cast<size_t>(at[index + 1] - at[index])));
  }
  return strings;
}

TEST(JoinedStrings, AreInTheOrderOfThePieces) {
  JoinedStrings joined(3, 5);
  joined.add(2, piece_of({"e"}));
  joined.add(0, piece_of({"a", "bb"}));
  joined.add(1, piece_of({"", "d"}));
  EXPECT_EQ(strings_of(joined, 5), (Strings{"a", "bb", "", "d", "e"}));
}

// Decodes a piece as a task does: behind those before it where it is its turn.
void put(JoinedStrings& joined, size_t index, const Strings& strings) {
  const auto end = joined.begin(index);
  if (!end) return joined.add(index, piece_of(strings));
  int64_t* offset = end->offsets;
  for (const std::string& string : strings) {
    end->characters->append(std::as_bytes(std::span(string)));
    *++offset = static_cast<int64_t>(end->characters->size());
  }
  joined.end(std::ssize(strings));
}

TEST(JoinedStrings, OnesWhoseTurnItIsAreAddedInPlace) {
  JoinedStrings joined(4, 5);
  EXPECT_FALSE(joined.begin(1));
  put(joined, 0, {"a", "bb"});
  joined.add(2, piece_of({"d"}));
  put(joined, 1, {"ccc"});
  EXPECT_FALSE(joined.begin(2));  // it has been joined by the one before
  put(joined, 3, {"e"});
  EXPECT_EQ(strings_of(joined, 5), (Strings{"a", "bb", "ccc", "d", "e"}));
}

TEST(JoinedStrings, OneAtATimeIsAddedInPlace) {
  JoinedStrings joined(2, 2);
  const auto end = joined.begin(0);
  ASSERT_TRUE(end);
  EXPECT_FALSE(joined.begin(0));
  EXPECT_FALSE(joined.begin(1));
  joined.add(1, piece_of({"b"}));
  end->characters->append(std::as_bytes(std::span("a", 1)));
  end->offsets[1] = 1;
  joined.end(1);
  EXPECT_EQ(strings_of(joined, 2), (Strings{"a", "b"}));
}

TEST(JoinedStrings, PiecesMayBeEmpty) {
  JoinedStrings joined(3, 1);
  joined.add(0, piece_of({}));
  joined.add(2, piece_of({}));
  joined.add(1, piece_of({"x"}));
  EXPECT_EQ(strings_of(joined, 1), Strings{"x"});
  JoinedStrings none(0, 0);
  EXPECT_EQ(strings_of(none, 0), Strings{});
}

TEST(JoinedStrings, MayComeFromManyThreads) {
  constexpr size_t kPieces = 200;
  std::vector<size_t> order(kPieces);
  std::iota(order.begin(), order.end(), size_t{0});
  std::shuffle(order.begin(), order.end(), std::mt19937(7));
  Strings expected;
  for (size_t piece = 0; piece < kPieces; ++piece) expected.push_back(std::string(piece % 50, 'x') + "!");
  JoinedStrings joined(kPieces, kPieces);
  base::ThreadPool(4).parallel_for(kPieces, [&](size_t turn) { put(joined, order[turn], {expected[order[turn]]}); });
  EXPECT_EQ(strings_of(joined, kPieces), expected);
}

// The first piece takes long: no more than about 16 MiB are to wait for it.
TEST(JoinedStrings, WhereMuchWaitsLaterPiecesAreNotBegun) {
  JoinedStrings joined(3, 3);
  const auto end = joined.begin(0);
  joined.add(1, piece_of({std::string(size_t{17} << 20, 'b')}));
  std::atomic<bool> first_is_there = false;
  std::thread third([&] {
    const auto asked = std::chrono::steady_clock::now();
    const auto begun = joined.begin(2);
    EXPECT_TRUE(first_is_there || std::chrono::steady_clock::now() - asked >= std::chrono::milliseconds(500));
    begun ? joined.end(0) : joined.add(2, piece_of({}));
  });
  std::this_thread::yield();
  first_is_there = true;
  end->offsets[1] = 0;
  joined.end(1);
  third.join();
}

TEST(JoinedStrings, NobodyWaitsForEverForAPieceThatFailed) {
  JoinedStrings joined(3, 3);
  static_cast<void>(joined.begin(0));
  joined.add(1, piece_of({std::string(size_t{17} << 20, 'b')}));
  EXPECT_FALSE(joined.begin(2));
}

}  // namespace
}  // namespace varve::parquet
