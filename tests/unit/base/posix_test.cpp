#include "varve/base/posix.h"

#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include <gtest/gtest.h>

#include "varve/base/error.h"

#include "support/errors.h"
#include "support/temp_directory.h"

namespace varve::base {
namespace {

using testing::expect_error;

TEST(SystemErrorTest, NumbersBecomeKinds) {
  for (const auto& [number, kind] :
       std::initializer_list<std::pair<int, ErrorKind>>{{ENOENT, ErrorKind::kNotFound},
                                                        {EEXIST, ErrorKind::kAlreadyExists},
                                                        {EROFS, ErrorKind::kReadOnly},
                                                        {EACCES, ErrorKind::kReadOnly},
                                                        {EPERM, ErrorKind::kReadOnly},
                                                        {ENOSPC, ErrorKind::kIo},
                                                        {EDQUOT, ErrorKind::kIo},
                                                        {EIO, ErrorKind::kIo},
                                                        {ENOTDIR, ErrorKind::kIo},
                                                        {EMFILE, ErrorKind::kIo}}) {
    const std::string message = std::string("cannot open a/b: ") + ::strerror(number);
    expect_error(kind, message, [code = number] { internal::throw_system_error(code, "open", "a/b"); });
  }
}

TEST(UninterruptedTest, RepeatsOnlyWhatSignalsInterrupted) {
  int calls = 0;
  const auto fails_with = [&](int number) {
    errno = ++calls < 3 ? EINTR : number;
    return -1;
  };
  EXPECT_EQ(internal::uninterrupted([&] { return fails_with(EIO); }), -1);
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(errno, EIO);
}

// While it lives, files of this process end at `bytes`: a write over that end is short, as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

// While it lives, the modes of files bind this thread even if it is root's.
class BoundByModes {
 public:
  BoundByModes() {
    EXPECT_EQ(::syscall(SYS_capget, &header_, before_.data()), 0);
    std::array<__user_cap_data_struct, 2> less = before_;
    less[0].effective &= ~((1U << CAP_DAC_OVERRIDE) | (1U << CAP_DAC_READ_SEARCH));
    EXPECT_EQ(::syscall(SYS_capset, &header_, less.data()), 0);
  }
  ~BoundByModes() { EXPECT_EQ(::syscall(SYS_capset, &header_, before_.data()), 0); }

 private:
  __user_cap_header_struct header_{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> before_{};
};

class PosixFileTest : public ::testing::Test {
 protected:
  // A file that nobody may write, in a directory that everybody may look into but not write.
  void make_read_only_file() {
    static_cast<void>(files_->open(path_, OpenMode::kWriteNew));
    ASSERT_EQ(::chmod(path_.c_str(), 0444), 0);
    ASSERT_EQ(::chmod(directory_.path().c_str(), 0555), 0);
  }
  ~PosixFileTest() override { ::chmod(directory_.path().c_str(), 0755); }

  testing::TempDirectory directory_;
  std::string path_ = directory_ / "a";
  std::unique_ptr<FileSystem> files_ = make_system_file_system();
};

TEST_F(PosixFileTest, ShortWriteGoesOnAndTellsWhyItEnds) {
  for (const size_t bytes_max : {size_t{1'000}, size_t{100'000}}) {
    const FileSizeLimit limit(bytes_max);
    const auto file = files_->open(path_ + std::to_string(bytes_max), OpenMode::kWriteNew);
    const std::vector<std::byte> bytes(bytes_max + 500);
    expect_error(ErrorKind::kIo, "cannot write " + path_ + std::to_string(bytes_max) + ": File too large",
                 [&] { file->append(bytes); });
    EXPECT_EQ(file->size(), bytes_max);
  }
}

TEST_F(PosixFileTest, WholeFileThatDoesNotFitChangesNothing) {
  const std::vector<std::byte> old_bytes(500);
  write_whole_file(*files_, path_, [&](File& file) { file.append(old_bytes); });
  const FileSizeLimit limit(1'000);
  const auto fill = [](File& file) { file.append(std::vector<std::byte>(1'500)); };
  expect_error(ErrorKind::kIo, "File too large", [&] { write_whole_file(*files_, path_, fill); });
  EXPECT_EQ(read_file(*files_, path_), old_bytes);
  EXPECT_EQ(files_->list(directory_.path()), std::vector<std::string>{"a"});
}

TEST_F(PosixFileTest, MissingPermissionIsReadOnly) {
  make_read_only_file();
  const BoundByModes bound;
  expect_error(ErrorKind::kReadOnly, path_, [&] { static_cast<void>(files_->open(path_, OpenMode::kReadWrite)); });
  expect_error(ErrorKind::kReadOnly, "b", [&] { files_->make_directory(directory_ / "b"); });
  expect_error(ErrorKind::kReadOnly, path_, [&] { files_->unlink(path_); });
  EXPECT_EQ(files_->open(path_, OpenMode::kRead)->size(), 0U);
}

TEST_F(PosixFileTest, WhoMayOnlyReadCanHoldASharedLock) {
  make_read_only_file();
  const BoundByModes bound;
  const auto shared = files_->lock(path_, {.exclusive = false});
  expect_error(ErrorKind::kReadOnly, path_, [&] { static_cast<void>(files_->lock(path_, {.exclusive = true})); });
}

TEST_F(PosixFileTest, MovedDescriptorIsClosedOnce) {
  internal::Descriptor first(::dup(0));
  const int number = first.number();
  {
    const internal::Descriptor second(std::move(first));
    EXPECT_EQ(second.number(), number);
    EXPECT_FALSE(first.valid());  // NOLINT(bugprone-use-after-move)
  }
  struct ::stat status {};
  EXPECT_EQ(::fstat(number, &status), -1);
}

}  // namespace
}  // namespace varve::base
