// Data files that are open, so that the next read of one does not begin with opening it.
#pragma once

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

// Keeps the readers that were used last, by the id of their object. Safe from several threads; a reader that was handed
// out stays open as long as somebody holds it.
class ObjectCache {
 public:
  static constexpr size_t kReadersMax = 256;

  // The reader of that object, if it is here and its file was, when opened, in the state that `status` tells.
  [[nodiscard]] std::shared_ptr<const parquet::Reader> find(std::string_view object_id, const base::FileStatus& status);
  // Puts it in (in place of another of the same object); the one that was unused the longest may go.
  void put(std::string_view object_id, const base::FileStatus& status, std::shared_ptr<const parquet::Reader> reader);
  void clear();

 private:
  struct Entry {
    std::string object_id;
    base::FileStatus status;
    std::shared_ptr<const parquet::Reader> reader;
  };

  std::mutex mutex_;
  std::list<Entry> entries_;                                                 // the last used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> places_;  // keys are the entries' own
};

}  // namespace varve::store
