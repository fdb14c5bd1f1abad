#include "varve/base/memory_pool.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <optional>

#include "varve/base/buffer.h"

// Of the address sanitizer; null where the program is built without it.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" __attribute__((weak)) void __asan_poison_memory_region(const volatile void* start, size_t size);
extern "C" __attribute__((weak)) void __asan_unpoison_memory_region(const volatile void* start, size_t size);
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

namespace varve::base {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kLargeMin = size_t{1} << 20;
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kKeptMaxDefault = size_t{4} << 30;
constexpr size_t kLimitUnset = SIZE_MAX;
constexpr size_t kSizeMax = size_t{1} << 46;  // far above any machine's memory, far below overflow

// Large blocks come in few sizes, counted in huge pages: 1, 2, 3, 4, then four steps to every doubling (5, 6, 7, 8,
// 10, 12, 14, 16, 20, …). So a kept block fits every later wish of its class, at most a quarter larger than the wish
// (from four pages up; pages that nobody touches cost nothing), and finding one is taking the head of a list.
constexpr size_t kClasses = 104;

size_t class_of(size_t pages) {
  if (pages <= 4) return pages - 1;
  const auto doubling = static_cast<size_t>(std::bit_width(pages - 1)) - 1;  // 2^doubling < pages <= 2^(doubling + 1)
  const size_t step = size_t{1} << (doubling - 2);
  return 4 * (doubling - 1) + (pages - (size_t{1} << doubling) + step - 1) / step - 1;
}

size_t pages_of(size_t size_class) {
  if (size_class < 4) return size_class + 1;
  const size_t doubling = size_class / 4 + 1;
  return (size_t{1} << doubling) + (size_class % 4 + 1) * (size_t{1} << (doubling - 2));
}

// Stands at the start of a block that is kept.
struct Kept {
  Kept* newer;
  Kept* older;
  uint64_t moment;  // when it was freed, in frees
};

struct KeptList {
  Kept* newest = nullptr;
  Kept* oldest = nullptr;
};

// A number in one of the files by which the system tells a container's limits; nothing if it has none.
std::optional<size_t> limit_in(const char* path) noexcept {
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  std::array<char, 32> text{};
  const ssize_t length = ::read(file, text.data(), text.size());
  ::close(file);
  size_t number = 0;
  const bool good = length > 0 && std::from_chars(text.data(), text.data() + length, number).ec == std::errc();
  return good ? std::optional(number) : std::nullopt;
}

// The memory that this process may hope for: the machine's or the container's.
size_t usable_memory() noexcept {
  const size_t machine = static_cast<size_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const size_t container = limit_in("/sys/fs/cgroup/memory.max").value_or(SIZE_MAX);
  const size_t old_container = limit_in("/sys/fs/cgroup/memory/memory.limit_in_bytes").value_or(SIZE_MAX);
  return std::min({machine, container, old_container});
}

// Constant-initialised and never destroyed: buffers may be freed before main begins and after it ends.
struct Pool {
  std::mutex mutex;
  std::array<KeptList, kClasses> lists;
  MemoryPoolState state{0, 0, kLimitUnset};
  uint64_t frees = 0;

  size_t limit() {
    if (state.bytes_kept_max == kLimitUnset) state.bytes_kept_max = std::min(usable_memory() / 4, kKeptMaxDefault);
    return state.bytes_kept_max;
  }

  void* take(size_t size_class) {
    KeptList& list = lists[size_class];
    Kept* kept = list.newest;
    if (kept == nullptr) return nullptr;
    list.newest = kept->older;
    (list.newest != nullptr ? list.newest->newer : list.oldest) = nullptr;
    state.bytes_kept -= pages_of(size_class) * kHugePage;
    return kept;
  }

  void keep(void* bytes, size_t size_class) {
    KeptList& list = lists[size_class];
    Kept* kept = ::new (bytes) Kept{nullptr, list.newest, ++frees};
    (list.newest != nullptr ? list.newest->newer : list.oldest) = kept;
    list.newest = kept;
    state.bytes_kept += pages_of(size_class) * kHugePage;
  }

  // Takes out the block that was freed the longest ago.
  internal::Block evict() {
    size_t oldest = kClasses;
    for (size_t i = 0; i < kClasses; ++i) {
      if (lists[i].oldest == nullptr) continue;
      if (oldest == kClasses || lists[i].oldest->moment < lists[oldest].oldest->moment) oldest = i;
    }
    KeptList& list = lists[oldest];
    Kept* kept = list.oldest;
    list.oldest = kept->newer;
    (list.oldest != nullptr ? list.oldest->older : list.newest) = nullptr;
    const size_t size = pages_of(oldest) * kHugePage;
    state.bytes_kept -= size;
    return {reinterpret_cast<std::byte*>(kept), size, false};
  }
};
static_assert(std::is_trivially_destructible_v<Pool>);
constinit Pool pool;

// Makes the sanitizer report whoever touches freed bytes, and not report their next user.
void forbid(const void* start, size_t size) {
  if (__asan_poison_memory_region != nullptr) __asan_poison_memory_region(start, size);
}
void allow(const void* start, size_t size) {
  if (__asan_unpoison_memory_region != nullptr) __asan_unpoison_memory_region(start, size);
}

void unmap(std::byte* bytes, size_t size) noexcept {
  allow(bytes, size);  // the addresses may come back as somebody else's
  ::munmap(bytes, size);
}

// Frees kept blocks until no more than `bytes_max` are left, one at a time so that nobody waits long.
void trim(size_t bytes_max) noexcept {
  for (;;) {
    internal::Block block;
    {
      const std::lock_guard lock(pool.mutex);
      if (pool.state.bytes_kept <= bytes_max) return;
      block = pool.evict();
    }
    unmap(block.bytes, block.size);
  }
}

// `size` bytes, a multiple of huge pages, at a huge page's start: more is mapped than wanted, and the ends cut off.
std::byte* map(size_t size) {
  const auto ask = [&] {
    return ::mmap(nullptr, size + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  };
  void* start = ask();
  if (start == MAP_FAILED) {
    trim(0);
    start = ask();
  }
  if (start == MAP_FAILED) throw std::bad_alloc();
  const size_t head = -reinterpret_cast<uintptr_t>(start) & (kHugePage - 1);
  auto* bytes = static_cast<std::byte*>(start) + head;
  if (head != 0) ::munmap(start, head);
  if (head != kHugePage) ::munmap(bytes + size, kHugePage - head);
  ::madvise(bytes, size, MADV_HUGEPAGE);  // a wish: without huge pages all works, slower
  return bytes;
}

// Moves the pages of a block to the front of a larger one. Null if the system will not.
std::byte* move_pages(const internal::Block& block, size_t size) {
  std::byte* target = map(size);  // only its addresses: the block's own mapping, grown, takes their place
  void* moved = ::mremap(block.bytes, block.size, size, MREMAP_MAYMOVE | MREMAP_FIXED, target);
  if (moved != MAP_FAILED) return target;
  ::munmap(target, size);
  return nullptr;
}

size_t class_for(size_t size) { return class_of((size + kHugePage - 1) / kHugePage); }

// A kept block, if there is one.
internal::Block take_kept(size_t size_class) {
  const size_t bytes = pages_of(size_class) * kHugePage;
  void* kept = nullptr;
  {
    const std::lock_guard lock(pool.mutex);
    kept = pool.take(size_class);
    if (kept == nullptr) return {};
    pool.state.bytes_in_use += bytes;
  }
  allow(kept, bytes);
  return {static_cast<std::byte*>(kept), bytes, false};
}

internal::Block take_large(size_t size) {
  const size_t size_class = class_for(size);
  const size_t bytes = pages_of(size_class) * kHugePage;
  if (const internal::Block kept = take_kept(size_class); kept.bytes != nullptr) return kept;
  {
    const std::lock_guard lock(pool.mutex);
    pool.state.bytes_in_use += bytes;
  }
  try {
    return {map(bytes), bytes, true};
  } catch (...) {
    const std::lock_guard lock(pool.mutex);
    pool.state.bytes_in_use -= bytes;
    throw;
  }
}

// The C library's aligned blocks leave small holes behind, which its later calls search: so alignment is made here, and
// what was allocated stands right before the block. The address sanitizer sees more of its own blocks.
internal::Block take_small(size_t size) {
  const size_t rounded = std::max(kAlignment, (size + kAlignment - 1) / kAlignment * kAlignment);
  const bool own = __asan_poison_memory_region != nullptr;
  void* allocated = own ? std::aligned_alloc(kAlignment, rounded) : std::malloc(rounded + kAlignment);
  if (allocated == nullptr) throw std::bad_alloc();
  auto* bytes = static_cast<std::byte*>(allocated);
  if (own) return {bytes, rounded, false};
  bytes += kAlignment - reinterpret_cast<uintptr_t>(allocated) % kAlignment;  // 16 at least, as malloc aligns to 16
  std::memcpy(bytes - sizeof allocated, &allocated, sizeof allocated);
  return {bytes, rounded, false};
}

void give_small(std::byte* bytes) noexcept {
  void* allocated = bytes;
  if (__asan_poison_memory_region == nullptr) std::memcpy(&allocated, bytes - sizeof allocated, sizeof allocated);
  std::free(allocated);
}

}  // namespace

namespace internal {

Block take_block(size_t size) {
  if (size > kSizeMax) throw std::bad_alloc();
  if (size >= kLargeMin) return take_large(size);
  return take_small(size);
}

Block grow_block(Block block, size_t used, size_t size) {
  if (size > kSizeMax) throw std::bad_alloc();
  Block grown;
  if (block.size >= kHugePage) {
    const size_t size_class = class_for(size);
    grown = take_kept(size_class);
    const size_t bytes = pages_of(size_class) * kHugePage;
    std::byte* moved = grown.bytes == nullptr ? move_pages(block, bytes) : nullptr;
    if (moved != nullptr) {
      const std::lock_guard lock(pool.mutex);
      pool.state.bytes_in_use += bytes - block.size;
      return {moved, bytes, false};
    }
  }
  if (grown.bytes == nullptr) grown = take_block(size);
  if (used != 0) std::memcpy(grown.bytes, block.bytes, used);
  give_block(block.bytes, block.size);
  grown.zeroed = false;
  return grown;
}

void drop_pages(std::byte* start, size_t size) noexcept {
  const size_t head = -reinterpret_cast<uintptr_t>(start) & (kHugePage - 1);
  if (size < head + kHugePage) return;
  ::madvise(start + head, (size - head) / kHugePage * kHugePage, MADV_DONTNEED);
}

void give_block(std::byte* bytes, size_t size) noexcept {
  if (size < kHugePage) return give_small(bytes);
  forbid(bytes + sizeof(Kept), size - sizeof(Kept));
  size_t limit = 0;
  {
    const std::lock_guard lock(pool.mutex);
    pool.keep(bytes, class_of(size / kHugePage));
    pool.state.bytes_in_use -= size;
    limit = pool.limit();
  }
  trim(limit);
}

}  // namespace internal

MemoryPoolState memory_pool_state() noexcept {
  const std::lock_guard lock(pool.mutex);
  pool.limit();
  return pool.state;
}

void set_memory_pool_limit(size_t bytes_kept_max) noexcept {
  {
    const std::lock_guard lock(pool.mutex);
    pool.state.bytes_kept_max = std::min(bytes_kept_max, kLimitUnset - 1);
  }
  trim(bytes_kept_max);
}

}  // namespace varve::base
