#include "support/faulty_file_system.h"

#include <mutex>
#include <optional>

#include "varve/base/error.h"
#include "varve/base/posix.h"

namespace varve::testing {

using base::FileOperation;

// What was asked for and what has happened: shared by the file system and its files.
class FaultyFileSystem::Plan {
 public:
  void reset(std::optional<Fault> fault) {
    const std::lock_guard lock(mutex_);
    fault_ = fault;
    trace_.clear();
    stopped_ = false;
    struck_ = false;
  }

  std::vector<TracedCall> trace() const {
    const std::lock_guard lock(mutex_);
    return trace_;
  }

  bool struck() const {
    const std::lock_guard lock(mutex_);
    return struck_;
  }

  // For calls that change nothing.
  void look() const {
    const std::lock_guard lock(mutex_);
    if (stopped_) throw Stopped();
  }

  // Counts a changing call and throws if it is the one. `tear` stores half of a write's bytes.
  template <typename Tear>
  void change(FileOperation operation, const std::string& path, Tear tear) {
    const std::lock_guard lock(mutex_);
    if (stopped_) throw Stopped();
    trace_.push_back({operation, path});
    if (!fault_ || !due()) return;
    struck_ = true;
    const bool torn = fault_->kind == FaultKind::kShortWrite || fault_->kind == FaultKind::kStopTorn;
    stopped_ = fault_->kind == FaultKind::kStop || fault_->kind == FaultKind::kStopTorn;
    if (torn) tear();
    if (stopped_) throw Stopped();
    base::internal::throw_system_error(fault_->error_number, base::to_string(operation), path);
  }

  void change(FileOperation operation, const std::string& path) {
    change(operation, path, [] {});
  }

 private:
  bool due() const {
    return fault_->kind == FaultKind::kFailFrom ? trace_.size() >= fault_->call : trace_.size() == fault_->call;
  }

  mutable std::mutex mutex_;
  std::optional<Fault> fault_;
  std::vector<TracedCall> trace_;
  bool stopped_ = false;
  bool struck_ = false;
};

namespace {

using Plan = FaultyFileSystem::Plan;

bool is_change(FileOperation operation) {
  switch (operation) {
    case FileOperation::kRead:
    case FileOperation::kLock:
    case FileOperation::kStat:
    case FileOperation::kList: return false;
    default: return true;
  }
}

class FaultyFile final : public base::File {
 public:
  FaultyFile(std::unique_ptr<base::File> below, std::string path, std::shared_ptr<Plan> plan, bool writable)
      : below_(std::move(below)), path_(std::move(path)), plan_(std::move(plan)), writable_(writable) {}

  void read_at(uint64_t offset, std::span<std::byte> bytes) const override {
    plan_->look();
    below_->read_at(offset, bytes);
  }

  void write_at(uint64_t offset, std::span<const std::byte> bytes) override {
    plan_->change(FileOperation::kWrite, path_, [&] { below_->write_at(offset, bytes.first(bytes.size() / 2)); });
    below_->write_at(offset, bytes);
  }

  void append(std::span<const std::byte> bytes) override {
    plan_->change(FileOperation::kWrite, path_, [&] { below_->append(bytes.first(bytes.size() / 2)); });
    below_->append(bytes);
  }

  uint64_t size() const override {
    plan_->look();
    return below_->size();
  }

  void truncate(uint64_t size) override {
    plan_->change(FileOperation::kTruncate, path_);
    below_->truncate(size);
  }

  void sync() override {
    if (given_up_) throw Io("cannot sync {}: an earlier sync failed, so the file must be given up", path_);
    given_up_ = true;  // unless all goes well
    plan_->change(FileOperation::kSync, path_);
    below_->sync();
    given_up_ = false;
  }

  void close() override {
    if (closed_) return;
    closed_ = true;
    if (!writable_) {
      plan_->look();
      return below_->close();
    }
    plan_->change(FileOperation::kClose, path_);
    below_->close();
  }

  base::BufferPtr map() const override {
    plan_->look();
    return below_->map();
  }

  base::FileStatus status() const override {
    plan_->look();
    return below_->status();
  }

 private:
  std::unique_ptr<base::File> below_;
  std::string path_;
  std::shared_ptr<Plan> plan_;
  bool writable_;
  bool closed_ = false;
  bool given_up_ = false;
};

}  // namespace

FaultyFileSystem::FaultyFileSystem(base::FileSystem& below) : below_(below), plan_(std::make_shared<Plan>()) {}
FaultyFileSystem::~FaultyFileSystem() = default;

void FaultyFileSystem::set_fault(const Fault& fault) { plan_->reset(fault); }
void FaultyFileSystem::heal() { plan_->reset(std::nullopt); }
uint64_t FaultyFileSystem::calls() const { return plan_->trace().size(); }
std::vector<TracedCall> FaultyFileSystem::trace() const { return plan_->trace(); }
bool FaultyFileSystem::struck() const { return plan_->struck(); }

void FaultyFileSystem::before(const base::FileCall& call) {
  if (is_change(call.operation)) {
    plan_->change(call.operation, std::string(call.path));
  } else {
    plan_->look();
  }
  below_.before(call);
}

std::unique_ptr<base::File> FaultyFileSystem::open(const std::string& path, base::OpenMode mode) {
  const bool writable = mode != base::OpenMode::kRead;
  if (writable) {
    plan_->change(FileOperation::kOpen, path);
  } else {
    plan_->look();
  }
  return std::make_unique<FaultyFile>(below_.open(path, mode), path, plan_, writable);
}

bool FaultyFileSystem::exists(const std::string& path) {
  plan_->look();
  return below_.exists(path);
}

base::FileStatus FaultyFileSystem::status(const std::string& path) {
  plan_->look();
  return below_.status(path);
}

std::vector<std::string> FaultyFileSystem::list(const std::string& path) {
  plan_->look();
  return below_.list(path);
}

void FaultyFileSystem::rename(const std::string& from, const std::string& to) {
  plan_->change(FileOperation::kRename, from);
  below_.rename(from, to);
}

void FaultyFileSystem::exchange(const std::string& left, const std::string& right) {
  plan_->change(FileOperation::kExchange, left);
  below_.exchange(left, right);
}

void FaultyFileSystem::link(const std::string& existing, const std::string& name) {
  plan_->change(FileOperation::kLink, existing);
  below_.link(existing, name);
}

void FaultyFileSystem::unlink(const std::string& path) {
  plan_->change(FileOperation::kUnlink, path);
  below_.unlink(path);
}

void FaultyFileSystem::make_directory(const std::string& path) {
  plan_->change(FileOperation::kMakeDirectory, path);
  below_.make_directory(path);
}

void FaultyFileSystem::remove_directory(const std::string& path) {
  plan_->change(FileOperation::kRemoveDirectory, path);
  below_.remove_directory(path);
}

void FaultyFileSystem::sync_directory(const std::string& path) {
  plan_->change(FileOperation::kSyncDirectory, path);
  below_.sync_directory(path);
}

void FaultyFileSystem::sync_all(const std::string& directory) {
  plan_->change(FileOperation::kSyncAll, directory);
  below_.sync_all(directory);
}

std::unique_ptr<base::FileLock> FaultyFileSystem::lock(const std::string& path, const base::LockOptions& options) {
  plan_->look();
  return below_.lock(path, options);
}

}  // namespace varve::testing
