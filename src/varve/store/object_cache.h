// Data files that are open, so that the next read of one does not begin with opening it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "varve/base/file_system.h"
#include "varve/parquet/reader.h"

namespace varve::store {

// A file that is open. One that lies in memory as a whole holds no descriptor.
struct OpenObject {
  std::shared_ptr<const parquet::Reader> reader;
  uint64_t bytes_in_memory = 0;  // 0: it does not lie there
};

// Keeps the readers that were used last, by the id of their object. Safe from several threads; a reader that was handed
// out stays open as long as somebody holds it.
class ObjectCache {
 public:
  static constexpr size_t kDescriptorsMax = 256;
  static constexpr size_t kMemoryMax = size_t{96} << 20;  // with what readers know of files

  // The reader of that object, if it is here and its file was, when opened, in the state that `status` tells.
  [[nodiscard]] std::shared_ptr<const parquet::Reader> find(std::string_view object_id, const base::FileStatus& status);
  // The same for one that lies in memory, where its bytes stay what they were whatever becomes of the file.
  [[nodiscard]] std::shared_ptr<const parquet::Reader> find_in_memory(std::string_view object_id);
  // Puts it in (in place of another of the same object); those that were unused the longest may go.
  void put(std::string_view object_id, const base::FileStatus& status, const OpenObject& object);
  void clear();

 private:
  struct Entry {
    std::string object_id;
    base::FileStatus status;
    OpenObject object;
  };
  using Entries = std::list<Entry>;  // the last used first
  // Files in memory, and those that are not, do not drive each other out.
  struct Shelf {
    Entries entries;
    size_t cost = 0;
    size_t cost_max = 0;
  };

  [[nodiscard]] Shelf& shelf_of(const OpenObject& object) noexcept { return shelves_[object.bytes_in_memory > 0]; }
  [[nodiscard]] std::shared_ptr<const parquet::Reader> use(Entries::iterator entry);
  void take_out(Entries::iterator entry, Entries& gone);

  std::mutex mutex_;
  std::array<Shelf, 2> shelves_ = {Shelf{{}, 0, kDescriptorsMax}, Shelf{{}, 0, kMemoryMax}};
  std::unordered_map<std::string_view, Entries::iterator> places_;  // keys are the entries' own
};

}  // namespace varve::store
