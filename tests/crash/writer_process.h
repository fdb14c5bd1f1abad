// A writer in a process of its own, what it says, and its end.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace varve::testing {

// The numbers of the last change that the writer began and of the last that it had done.
struct Told {
  std::optional<int64_t> begun;
  std::optional<int64_t> done;
};

// Runs crash_writer, or another `program` that speaks like it, on the lake at `root` from change `number` on. One
// thread. The process is killed with this object at the latest.
class WriterProcess {
 public:
  WriterProcess(const std::string& program, const std::string& root, int64_t number);
  ~WriterProcess();
  WriterProcess(const WriterProcess&) = delete;
  WriterProcess& operator=(const WriterProcess&) = delete;

  // Listens until so many changes are done. False if the writer ended before.
  bool wait_for(int64_t changes);
  // What it has said up to now, without waiting for more.
  Told told();
  // Kills it and listens to the end. Whether it was alive is in `ended_by_itself`.
  Told kill();
  [[nodiscard]] bool ended_by_itself() const { return ended_by_itself_; }

 private:
  bool listen(bool waiting);

  pid_t process_ = 0;
  int words_ = -1;
  bool ended_by_itself_ = false;
  std::string said_;
};

}  // namespace varve::testing
