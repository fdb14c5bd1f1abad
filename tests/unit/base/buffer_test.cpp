#include "varve/base/buffer.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "support/random.h"

namespace varve::base {
namespace {

using testing::Random;

constexpr size_t kMiB = size_t{1} << 20;
constexpr size_t kPage = 2 * kMiB;

bool is_aligned(const void* bytes, size_t alignment) { return reinterpret_cast<uintptr_t>(bytes) % alignment == 0; }

// Begins and ends with a pool that keeps nothing, and the machine's limit in between.
class BufferTest : public ::testing::Test {
 protected:
  BufferTest() : limit_(memory_pool_state().bytes_kept_max) { empty_pool(); }
  ~BufferTest() override { empty_pool(); }

  void empty_pool() const {
    set_memory_pool_limit(0);
    set_memory_pool_limit(limit_);
  }

  static size_t in_use() { return memory_pool_state().bytes_in_use; }
  static size_t kept() { return memory_pool_state().bytes_kept; }
  // Bytes of the process that are in memory.
  static size_t resident() {
    size_t size = 0;
    size_t pages = 0;
    std::ifstream("/proc/self/statm") >> size >> pages;
    return pages * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  }
  static void allocate_and_free(size_t size) { MutableBuffer::allocate(size); }

 private:
  size_t limit_;
};

TEST_F(BufferTest, BlocksAreAlignedAndPaddedWhateverTheirSize) {
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{64}, size_t{1'000}, kMiB - 64, kMiB - 63, kMiB, kPage, kPage + 1}) {
    MutableBuffer block = MutableBuffer::allocate(size);
    EXPECT_EQ(block.size(), size);
    EXPECT_GE(block.capacity(), size);
    EXPECT_TRUE(is_aligned(block.data(), size + 64 >= kMiB ? kPage : 64)) << size;
    std::memset(block.data(), 1, block.capacity() + 64);
  }
}

TEST_F(BufferTest, ZeroedBlocksAreZeroAlsoWhenReused) {
  for (const size_t size : {size_t{100}, 3 * kMiB}) {
    for (int i = 0; i < 2; ++i) {
      MutableBuffer block = MutableBuffer::allocate_zeroed(size);
      EXPECT_TRUE(
          std::all_of(block.data(), block.data() + size + 64, [](std::byte byte) { return byte == std::byte{0}; }));
      std::memset(block.data(), 1, size);
    }
  }
}

TEST_F(BufferTest, SizesNoMachineHasAreRefused) {
  for (const size_t size : {SIZE_MAX, SIZE_MAX - 64, SIZE_MAX / 2, size_t{1} << 46}) {
    EXPECT_THROW(MutableBuffer::allocate(size), std::bad_alloc) << size;
  }
  EXPECT_EQ(in_use(), 0U);
}

TEST_F(BufferTest, FailedGrowthLeavesTheBlock) {
  MutableBuffer block = MutableBuffer::allocate(100);
  std::memset(block.data(), 7, 100);
  EXPECT_THROW(block.resize(SIZE_MAX - 10), std::bad_alloc);
  EXPECT_EQ(block.size(), 100U);
  EXPECT_EQ(block.data()[99], std::byte{7});
}

TEST_F(BufferTest, ResizeKeepsWhatIsThere) {
  Random random;
  MutableBuffer block;
  std::vector<std::byte> expected;
  for (int i = 0; i < 200; ++i) {
    const std::vector<std::byte> piece = random.bytes(random.next() % 20'000);
    if (random.one_in(20)) {
      expected.resize(random.next() % (expected.size() + 1));
      block.resize(expected.size());
    }
    block.append(piece);
    expected.insert(expected.end(), piece.begin(), piece.end());
    ASSERT_TRUE(std::equal(expected.begin(), expected.end(), block.data(), block.data() + block.size()));
  }
  EXPECT_GT(block.capacity(), kMiB);  // it has moved from malloc to pages
}

TEST_F(BufferTest, GrowthAtLeastDoubles) {
  MutableBuffer block = MutableBuffer::allocate(1'000);
  const size_t before = block.capacity();
  block.resize(before + 1);
  EXPECT_GE(block.capacity(), 2 * before);
  const std::byte* where = block.data();
  block.resize(10);
  block.resize(before);
  EXPECT_EQ(block.data(), where);
}

TEST_F(BufferTest, MovedFromBlockIsEmpty) {
  MutableBuffer block = MutableBuffer::allocate(10);
  MutableBuffer other = std::move(block);
  EXPECT_EQ(other.size(), 10U);
  EXPECT_EQ(block.size(), 0U);  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(block.data(), nullptr);
  block.append(std::as_bytes(std::span("again", 5)));
  EXPECT_EQ(block.size(), 5U);
}

TEST_F(BufferTest, FinishingDoesNotCopy) {
  MutableBuffer block = MutableBuffer::allocate(10);
  std::memcpy(block.data(), "0123456789", 10);
  const std::byte* where = block.data();
  const BufferPtr buffer = std::move(block).finish();
  EXPECT_EQ(buffer->data(), where);
  EXPECT_EQ(buffer->size(), 10U);
  EXPECT_EQ(std::memcmp(buffer->data(), "0123456789", 10), 0);
}

TEST_F(BufferTest, EmptyBlockFinishesAsEmptyBuffer) {
  const BufferPtr buffer = MutableBuffer().finish();
  EXPECT_EQ(buffer->size(), 0U);
  EXPECT_TRUE(buffer->bytes().empty());
}

TEST_F(BufferTest, WrappedBytesKeepTheirOwner) {
  auto owner = std::make_shared<std::vector<std::byte>>(100);
  BufferPtr buffer = Buffer::wrap(*owner, owner);
  EXPECT_EQ(buffer->data(), owner->data());
  EXPECT_EQ(owner.use_count(), 2);
  buffer.reset();
  EXPECT_EQ(owner.use_count(), 1);
}

TEST_F(BufferTest, LargeBlocksAreUsedAgain) {
  const std::byte* where = nullptr;
  {
    MutableBuffer block = MutableBuffer::allocate(10 * kPage - 64);
    where = block.data();
    EXPECT_EQ(in_use(), 10 * kPage);
  }
  EXPECT_EQ(in_use(), 0U);
  EXPECT_EQ(kept(), 10 * kPage);
  MutableBuffer again = MutableBuffer::allocate(9 * kPage);
  EXPECT_EQ(again.data(), where);
  EXPECT_EQ(kept(), 0U);
}

TEST_F(BufferTest, BlocksOfAnotherSizeAreNotUsed) {
  allocate_and_free(20 * kPage);
  const size_t before = kept();
  MutableBuffer block = MutableBuffer::allocate(12 * kPage);
  EXPECT_EQ(kept(), before);
}

TEST_F(BufferTest, BlocksAreAtMostAQuarterLargerThanAskedFor) {
  for (size_t pages = 1; pages < 300; ++pages) {
    const size_t size = pages * kPage - 64;
    MutableBuffer block = MutableBuffer::allocate(size);
    ASSERT_LE(block.capacity() + 64, (pages * kPage) + (pages * kPage) / 4) << pages;
    ASSERT_GE(block.capacity(), size) << pages;
    ASSERT_EQ((block.capacity() + 64) % kPage, 0U) << pages;
  }
}

TEST_F(BufferTest, KeepsNoMoreThanTheLimit) {
  set_memory_pool_limit(3 * kPage);
  EXPECT_EQ(memory_pool_state().bytes_kept_max, 3 * kPage);
  {
    std::vector<MutableBuffer> blocks;
    blocks.reserve(5);
    for (int i = 0; i < 5; ++i) blocks.push_back(MutableBuffer::allocate(kMiB));
  }
  EXPECT_EQ(kept(), 3 * kPage);
  allocate_and_free(4 * kPage);
  EXPECT_LE(kept(), 3 * kPage);
  set_memory_pool_limit(kPage);
  EXPECT_LE(kept(), kPage);
}

TEST_F(BufferTest, TheLongestUnusedBlocksGoFirst) {
  set_memory_pool_limit(4 * kPage);
  allocate_and_free(2 * kPage - 64);
  allocate_and_free(kPage - 64);
  const std::byte* newest = nullptr;
  {
    MutableBuffer block = MutableBuffer::allocate(3 * kPage - 64);
    newest = block.data();
  }
  EXPECT_EQ(kept(), 4 * kPage);  // one and three
  EXPECT_EQ(MutableBuffer::allocate(3 * kPage - 64).data(), newest);
}

TEST_F(BufferTest, GrowthOfLargeBlocksMovesPages) {
  MutableBuffer block = MutableBuffer::allocate(8 * kPage);
  const std::vector<std::byte> content = Random().bytes(8 * kPage);
  std::memcpy(block.data(), content.data(), content.size());
  for (const size_t pages : {size_t{20}, size_t{21}, size_t{70}}) {
    block.resize(pages * kPage);
    EXPECT_TRUE(is_aligned(block.data(), kPage));
    ASSERT_TRUE(std::equal(content.begin(), content.end(), block.data()));
    block.data()[block.size() - 1] = std::byte{1};
  }
  EXPECT_EQ(kept(), 0U);  // no second block was needed
  EXPECT_EQ(in_use(), block.capacity() + 64);
}

TEST_F(BufferTest, GrowthTakesAKeptBlockThatFits) {
  allocate_and_free(40 * kPage - 64);
  MutableBuffer block = MutableBuffer::allocate(20 * kPage - 64);
  std::memset(block.data(), 7, block.size());
  block.resize(21 * kPage);
  EXPECT_EQ(block.capacity(), 40 * kPage - 64);
  EXPECT_EQ(kept(), 20 * kPage);
  EXPECT_EQ(block.data()[20 * kPage - 65], std::byte{7});
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // whose shadows need addresses without limit
TEST_F(BufferTest, KeptBlocksMakeRoomWhenMemoryIsShort) {
  allocate_and_free(64 * kMiB);
  size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  rlimit before{};
  ::getrlimit(RLIMIT_AS, &before);
  const rlimit limit{pages * static_cast<size_t>(::sysconf(_SC_PAGESIZE)) + 40 * kMiB, before.rlim_max};
  ::setrlimit(RLIMIT_AS, &limit);
  EXPECT_NO_THROW(allocate_and_free(80 * kMiB));
  EXPECT_THROW(allocate_and_free(200 * kMiB), std::bad_alloc);
  ::setrlimit(RLIMIT_AS, &before);
}
#endif

TEST_F(BufferTest, DroppedBytesLeaveMemory) {
  MutableBuffer block = MutableBuffer::allocate(16 * kPage - 64);
  std::memset(block.data(), 7, block.size());
  const size_t before = resident();
  block.drop(100, 10 * kPage);
  EXPECT_LE(resident() + 8 * kPage, before);
  EXPECT_EQ(block.data()[99], std::byte{7});
  EXPECT_EQ(block.data()[100 + 10 * kPage], std::byte{7});
  block.data()[kPage] = std::byte{8};
  MutableBuffer::allocate(100).drop(0, 100);  // nothing to drop
}

TEST_F(BufferTest, ThreadsShareThePool) {
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (uint8_t id = 0; id < 4; ++id) {
    threads.emplace_back([id] {
      for (size_t i = 0; i < 200; ++i) {
        MutableBuffer block = MutableBuffer::allocate((i % 5 + 1) * kMiB);
        std::memset(block.data(), id, 100);
        block.data()[block.size() - 1] = std::byte{id};
        EXPECT_EQ(block.data()[99], std::byte{id});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(in_use(), 0U);
}

}  // namespace
}  // namespace varve::base
