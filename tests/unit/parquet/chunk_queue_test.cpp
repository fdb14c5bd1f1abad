#include "varve/parquet/write/chunk_queue.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "varve/base/error.h"
#include "varve/base/thread_pool.h"

#include "support/errors.h"

namespace varve::parquet {
namespace {

using testing::expect_error;

EncodedChunk chunk_of(size_t bytes) {
  EncodedChunk chunk;
  chunk.pages.data = base::MutableBuffer::allocate(bytes);
  return chunk;
}

class ChunkQueueTest : public ::testing::Test {
 protected:
  void put(size_t index, size_t bytes = 1) {
    queue_.put(index, [&] { return chunk_of(bytes); });
  }
  std::vector<size_t> given_;
  ChunkQueue queue_{100, [this](size_t index, EncodedChunk) { given_.push_back(index); }};
};

TEST_F(ChunkQueueTest, ChunksAreHandedOutInOrder) {
  for (const size_t index : {size_t{1}, size_t{3}, size_t{0}, size_t{2}}) put(index);
  EXPECT_EQ(given_, (std::vector<size_t>{0, 1, 2, 3}));
}

TEST_F(ChunkQueueTest, ChunksOfManyThreadsAreHandedOutInOrder) {
  base::ThreadPool(4).parallel_for(100, [&](size_t index) { put(index, index * 1000); });
  ASSERT_EQ(given_.size(), 100);
  for (size_t index = 0; index < 100; ++index) EXPECT_EQ(given_[index], index);
}

TEST_F(ChunkQueueTest, NothingIsMadeWhileTooMuchWaits) {
  put(1, ChunkQueue::kBytesWaitingMax + 1);
  std::atomic<bool> first_is_made = false;
  std::thread third([&] {
    queue_.put(2, [&] {
      EXPECT_TRUE(first_is_made);
      return chunk_of(1);
    });
  });
  queue_.put(0, [&] {  // is waited for, so it need not wait
    std::this_thread::yield();
    first_is_made = true;
    return chunk_of(1);
  });
  third.join();
  EXPECT_EQ(given_, (std::vector<size_t>{0, 1, 2}));
}

TEST_F(ChunkQueueTest, ExceptionsEndTheWaitingOfOthers) {
  put(1, ChunkQueue::kBytesWaitingMax + 1);
  std::thread third([&] { put(2); });
  expect_error(ErrorKind::kIo, "disk full", [&] { queue_.put(0, []() -> EncodedChunk { throw Io("disk full"); }); });
  third.join();
  put(3);
  EXPECT_TRUE(given_.empty());
}

TEST(ChunkQueue, WhatHandingOutThrowsComesThrough) {
  ChunkQueue queue(2, [](size_t, EncodedChunk) { throw Io("disk full"); });
  expect_error(ErrorKind::kIo, "disk full", [&] { queue.put(0, [] { return chunk_of(1); }); });
}

}  // namespace
}  // namespace varve::parquet
