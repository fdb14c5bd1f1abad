// SQLite's file layer under a catalog: its "unix" one, with every change announced to our file system first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "varve/base/file_system.h"

namespace varve::catalog {

struct VfsState;

// The header of the write-ahead log's index, as all connections of all processes share it: it changes with every
// transaction, and where it is the same, so is what the database holds (sqlite.org/walformat.html, 2.1). A recovery
// lets its counter begin anew, but it also has the salts of the log, new ones each time that begins anew, and a
// checksum of all frames up to now. To merge the log into the database changes neither this nor what readers see.
using LogStamp = std::array<uint32_t, 12>;

// A file layer for one connection, registered with SQLite under a name that nobody else has while it lives.
// Each open for writing, write, truncate, sync and removal (of the database, its write-ahead log, journals and shared
// memory) is handed to FileSystem::before. What that throws, whatever it is, is kept here, and SQLite is told that the
// call failed: no exception crosses its frames. The connection must be closed before this goes. One thread at a time.
class Vfs {
 public:
  // `read_only`: whatever SQLite asks for, no file is made, and files are opened for reading.
  Vfs(base::FileSystem& files, bool read_only);
  ~Vfs();
  Vfs(const Vfs&) = delete;
  Vfs& operator=(const Vfs&) = delete;

  [[nodiscard]] const char* name() const noexcept;
  // The first thing that an announcement threw since the last time this was asked.
  [[nodiscard]] std::exception_ptr take_failure() noexcept;
  // Whether a sync failed, by announcement or in earnest, since the last time this was asked.
  [[nodiscard]] bool take_sync_failure() noexcept;
  // Of this moment; nothing before the connection's first transaction, and while somebody is about to change it.
  [[nodiscard]] std::optional<LogStamp> log_stamp() const noexcept;

 private:
  std::unique_ptr<VfsState> state_;
};

// The bytes of a database file, read through SQLite's own descriptors: opening and closing the file by our own would
// drop the locks that connections of this process hold on it. Throws Io.
std::vector<std::byte> read_database_file(const std::string& path);

}  // namespace varve::catalog
