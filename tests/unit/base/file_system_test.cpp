#include "varve/base/file_system.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <set>

#include <gmock/gmock.h>

#include "varve/base/error.h"

#include "support/errors.h"
#include "support/random.h"
#include "support/temp_directory.h"

namespace varve::base {
namespace {

using ::testing::ElementsAre;
using testing::expect_error;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class FileSystemTest : public ::testing::Test {
 protected:
  void write(const std::string& name, std::string_view text) {
    const auto file = files_->open(at(name), OpenMode::kWriteNew);
    file->append(bytes_of(text));
    file->close();
  }
  std::string read(const std::string& name) { return text_of(read_file(*files_, at(name))); }
  std::vector<std::string> names() { return files_->list(directory_.path()); }
  [[nodiscard]] std::string at(std::string_view name) const { return directory_ / name; }

  testing::TempDirectory directory_;
  std::unique_ptr<FileSystem> files_ = make_system_file_system();
};

TEST_F(FileSystemTest, ReadsWhatWasWritten) {
  testing::Random random;
  const std::vector<std::byte> bytes = random.bytes(100'000);
  const auto file = files_->open(at("a"), OpenMode::kWriteNew);
  file->append(std::span(bytes).first(60'000));
  file->write_at(60'000, std::span(bytes).subspan(60'000));
  EXPECT_EQ(file->size(), bytes.size());
  std::vector<std::byte> piece(1'000);
  file->read_at(59'500, piece);
  EXPECT_TRUE(std::equal(piece.begin(), piece.end(), bytes.begin() + 59'500));
  EXPECT_EQ(read_file(*files_, at("a")), bytes);
}

TEST_F(FileSystemTest, AppendGoesToTheEnd) {
  write("a", "one");
  const auto file = files_->open(at("a"), OpenMode::kReadWrite);
  file->append(bytes_of(" two"));
  file->write_at(0, bytes_of("O"));
  file->append(bytes_of(" three"));
  EXPECT_EQ(read("a"), "One two three");
}

TEST_F(FileSystemTest, AppendedBlocksLieOneBehindTheOther) {
  testing::Random random;
  const std::vector<std::byte> bytes = random.bytes(100'000);
  const auto file = files_->open(at("a"), OpenMode::kWriteNew);
  for (size_t start = 0; start < bytes.size(); start += 25'000) file->append(std::span(bytes).subspan(start, 25'000));
  EXPECT_EQ(read_file(*files_, at("a")), bytes);
}

TEST_F(FileSystemTest, TruncateCutsAndExtends) {
  write("a", "abcdef");
  const auto file = files_->open(at("a"), OpenMode::kReadWrite);
  file->truncate(2);
  EXPECT_EQ(read("a"), "ab");
  file->truncate(4);
  EXPECT_EQ(read("a"), std::string("ab\0\0", 4));
}

TEST_F(FileSystemTest, ReadingPastTheEndIsCorruption) {
  write("a", "abc");
  const auto file = files_->open(at("a"), OpenMode::kRead);
  std::vector<std::byte> bytes(2);
  for (const uint64_t offset : {uint64_t{2}, uint64_t{3}, uint64_t{1} << 40, UINT64_MAX, UINT64_MAX / 2}) {
    expect_error(ErrorKind::kCorruption, "the file has 3", [&] { file->read_at(offset, bytes); });
  }
  file->read_at(3, {});
}

TEST_F(FileSystemTest, ModesDecideWhatMustBeThere) {
  expect_error(ErrorKind::kNotFound, at("a"), [&] { static_cast<void>(files_->open(at("a"), OpenMode::kRead)); });
  expect_error(ErrorKind::kNotFound, "x/a", [&] { static_cast<void>(files_->open(at("x/a"), OpenMode::kWriteNew)); });
  write("a", "text");
  expect_error(ErrorKind::kAlreadyExists, at("a"),
               [&] { static_cast<void>(files_->open(at("a"), OpenMode::kWriteNew)); });
  EXPECT_EQ(files_->open(at("a"), OpenMode::kReadWrite)->size(), 4U);
  EXPECT_EQ(files_->open(at("b"), OpenMode::kReadWrite)->size(), 0U);
}

TEST_F(FileSystemTest, WritingAFileOpenedForReadingIsAnError) {
  write("a", "text");
  const auto file = files_->open(at("a"), OpenMode::kRead);
  expect_error(ErrorKind::kIo, "write " + at("a"), [&] { file->append(bytes_of("x")); });
  expect_error(ErrorKind::kIo, "truncate " + at("a"), [&] { file->truncate(0); });
  EXPECT_EQ(read("a"), "text");
}

TEST_F(FileSystemTest, OnlyRegularFilesAreOpened) {
  files_->make_directory(at("d"));
  ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
  for (const char* name : {"d", "pipe"}) {
    expect_error(ErrorKind::kIo, "not a regular file",
                 [&] { static_cast<void>(files_->open(at(name), OpenMode::kRead)); });
  }
}

TEST_F(FileSystemTest, CloseMayBeCalledTwiceAndEndsUse) {
  const auto file = files_->open(at("a"), OpenMode::kWriteNew);
  file->close();
  file->close();
  expect_error(ErrorKind::kIo, at("a"), [&] { file->append(bytes_of("x")); });
  expect_error(ErrorKind::kIo, at("a"), [&] { file->sync(); });
}

TEST_F(FileSystemTest, FailedSyncIsFinal) {
  const auto file = files_->open(at("a"), OpenMode::kWriteNew);
  file->close();  // so that the sync fails
  expect_error(ErrorKind::kIo, "sync", [&] { file->sync(); });
  expect_error(ErrorKind::kIo, "given up", [&] { file->sync(); });
}

TEST_F(FileSystemTest, OffsetsNoFileHasAreErrors) {
  const auto file = files_->open(at("a"), OpenMode::kWriteNew);
  expect_error(ErrorKind::kIo, "File too large", [&] { file->truncate(UINT64_MAX); });
  expect_error(ErrorKind::kIo, "File too large", [&] { file->write_at(UINT64_MAX - 1, bytes_of("xx")); });
}

TEST_F(FileSystemTest, MappedBytesOutliveTheFileAndItsName) {
  write("a", "text");
  const BufferPtr bytes = files_->open(at("a"), OpenMode::kRead)->map();
  files_->unlink(at("a"));
  EXPECT_EQ(text_of(bytes->bytes()), "text");
}

TEST_F(FileSystemTest, EmptyFileMapsToNoBytes) {
  write("a", "");
  EXPECT_EQ(files_->open(at("a"), OpenMode::kRead)->map()->size(), 0U);
}

TEST_F(FileSystemTest, StatusTellsOfTheNameItself) {
  write("a", "text");
  std::filesystem::create_symlink("a", at("s"));
  files_->make_directory(at("d"));
  const FileStatus status = files_->status(at("a"));
  EXPECT_EQ(status.type, FileType::kFile);
  EXPECT_EQ(status.size, 4U);
  EXPECT_EQ(status.links, 1U);
  EXPECT_EQ(files_->status(at("s")).type, FileType::kSymlink);
  EXPECT_EQ(files_->status(at("d")).type, FileType::kDirectory);
  EXPECT_EQ(files_->open(at("s"), OpenMode::kRead)->status().inode, status.inode);
  expect_error(ErrorKind::kNotFound, at("x"), [&] { static_cast<void>(files_->status(at("x"))); });
}

TEST_F(FileSystemTest, ModificationTimeIsToTheNanosecond) {
  write("a", "text");
  const timespec times[] = {{0, UTIME_OMIT}, {-5, 123'456'789}};
  ASSERT_EQ(::utimensat(AT_FDCWD, at("a").c_str(), times, 0), 0);
  EXPECT_EQ(files_->status(at("a")).modified_nanoseconds, -5'000'000'000 + 123'456'789);
}

TEST_F(FileSystemTest, ExistsDoesNotFollowLinks) {
  std::filesystem::create_symlink("nowhere", at("s"));
  write("a", "");
  EXPECT_TRUE(files_->exists(at("s")));
  EXPECT_TRUE(files_->exists(at("a")));
  EXPECT_FALSE(files_->exists(at("b")));
  EXPECT_FALSE(files_->exists(at("a/b")));
}

TEST_F(FileSystemTest, ListIsSortedByBytes) {
  for (const char* name : {"b", "a", "B", "\xC3\xA4", ".hidden", "a-2", "a2"}) write(name, "");
  EXPECT_THAT(names(), ElementsAre(".hidden", "B", "a", "a-2", "a2", "b", "\xC3\xA4"));
  expect_error(ErrorKind::kNotFound, "list", [&] { static_cast<void>(files_->list(at("x"))); });
  expect_error(ErrorKind::kIo, "Not a directory", [&] { static_cast<void>(files_->list(at("a"))); });
}

TEST_F(FileSystemTest, RenameReplaces) {
  write("a", "new");
  write("b", "old");
  files_->rename(at("a"), at("b"));
  EXPECT_EQ(read("b"), "new");
  EXPECT_THAT(names(), ElementsAre("b"));
  expect_error(ErrorKind::kNotFound, at("a"), [&] { files_->rename(at("a"), at("b")); });
}

TEST_F(FileSystemTest, ExchangeSwapsFilesAndDirectories) {
  write("a", "file");
  files_->make_directory(at("d"));
  write("d/x", "");
  files_->exchange(at("a"), at("d"));
  EXPECT_EQ(read("d"), "file");
  EXPECT_THAT(files_->list(at("a")), ElementsAre("x"));
  expect_error(ErrorKind::kNotFound, at("none"), [&] { files_->exchange(at("a"), at("none")); });
}

TEST_F(FileSystemTest, LinkGivesASecondName) {
  write("a", "text");
  files_->link(at("a"), at("b"));
  EXPECT_EQ(files_->status(at("a")).links, 2U);
  EXPECT_EQ(files_->status(at("a")).inode, files_->status(at("b")).inode);
  expect_error(ErrorKind::kAlreadyExists, at("b"), [&] { files_->link(at("a"), at("b")); });
  expect_error(ErrorKind::kNotFound, at("x"), [&] { files_->link(at("x"), at("c")); });
}

TEST_F(FileSystemTest, LinkOfADirectoryOrToAnotherDeviceIsNotSupported) {
  files_->make_directory(at("d"));
  expect_error(ErrorKind::kNotSupported, at("e"), [&] { files_->link(at("d"), at("e")); });
  expect_error(ErrorKind::kNotSupported, "cross-device", [&] { files_->link("/proc/version", at("e")); });
}

TEST_F(FileSystemTest, UnlinkTakesOneNameAndNoDirectory) {
  write("a", "");
  files_->unlink(at("a"));
  expect_error(ErrorKind::kNotFound, at("a"), [&] { files_->unlink(at("a")); });
  files_->make_directory(at("d"));
  expect_error(ErrorKind::kIo, at("d"), [&] { files_->unlink(at("d")); });
}

TEST_F(FileSystemTest, DirectoriesAreMadeOnceAndRemovedEmpty) {
  files_->make_directory(at("d"));
  expect_error(ErrorKind::kAlreadyExists, at("d"), [&] { files_->make_directory(at("d")); });
  write("d/a", "");
  expect_error(ErrorKind::kIo, "not empty", [&] { files_->remove_directory(at("d")); });
  files_->unlink(at("d/a"));
  files_->sync_directory(at("d"));
  files_->remove_directory(at("d"));
  expect_error(ErrorKind::kNotFound, at("d"), [&] { files_->sync_directory(at("d")); });
}

TEST_F(FileSystemTest, NoDescriptorPassesToAnotherProgram) {
  const auto file = files_->open(at("a"), OpenMode::kWriteNew);
  const auto lock = files_->lock(at("l"), {});
  int checked = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (!std::filesystem::read_symlink(entry, gone).string().starts_with(directory_.path())) continue;
    EXPECT_NE(::fcntl(std::stoi(entry.path().filename()), F_GETFD) & FD_CLOEXEC, 0);
    ++checked;
  }
  EXPECT_EQ(checked, 2);
}

TEST_F(FileSystemTest, MakesAllDirectoriesThatAreMissing) {
  make_directories(*files_, at("a/b/c"));
  make_directories(*files_, at("a/b/c"));
  make_directories(*files_, at("a/b/d/"));
  EXPECT_THAT(files_->list(at("a/b")), ElementsAre("c", "d"));
}

TEST_F(FileSystemTest, MakesDirectoriesBehindLinks) {
  files_->make_directory(at("real"));
  std::filesystem::create_directory_symlink("real", at("link"));
  make_directories(*files_, at("link"));
  make_directories(*files_, at("link/x"));
  EXPECT_TRUE(files_->exists(at("real/x")));
}

TEST_F(FileSystemTest, MakesNoDirectoriesInPlaceOfAFile) {
  write("a", "");
  expect_error(ErrorKind::kIo, at("a"), [&] { make_directories(*files_, at("a")); });
  expect_error(ErrorKind::kIo, at("a"), [&] { make_directories(*files_, at("a/b/c")); });
}

TEST_F(FileSystemTest, RemovesTreesAndNotWhatLinksPointTo) {
  write("keep", "text");
  make_directories(*files_, at("t/u/v"));
  write("t/u/a", "");
  std::filesystem::create_symlink("../keep", at("t/file"));
  std::filesystem::create_directory_symlink("..", at("t/folder"));
  remove_tree(*files_, at("t"));
  remove_tree(*files_, at("t"));
  EXPECT_THAT(names(), ElementsAre("keep"));
  remove_tree(*files_, at("keep"));
  EXPECT_THAT(names(), ElementsAre());
}

TEST_F(FileSystemTest, WholeFileReplacesAndLeavesNothingElse) {
  for (const char* text : {"one", "two", ""}) {
    write_whole_file(*files_, at("a"), [&](File& file) { file.append(bytes_of(text)); });
    EXPECT_EQ(read("a"), text);
  }
  EXPECT_THAT(names(), ElementsAre("a"));
  files_->make_directory(at("d"));
  expect_error(ErrorKind::kIo, at("d"), [&] { write_whole_file(*files_, at("d"), [](File&) {}); });
  EXPECT_THAT(names(), ElementsAre("a", "d"));
}

TEST_F(FileSystemTest, WholeFileWithoutItsFolderNamesBoth) {
  const std::string message = "cannot write " + at("none/a") + ": there is no folder " + at("none");
  expect_error(ErrorKind::kNotFound, message, [&] { write_whole_file(*files_, at("none/a"), [](File&) {}); });
}

TEST_F(FileSystemTest, WholeFileDoesNotTakeThePlaceOfAPipe) {
  ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
  expect_error(ErrorKind::kIo, "pipe: it is not a regular file",
               [&] { write_whole_file(*files_, at("pipe"), [](File&) {}); });
  EXPECT_EQ(files_->status(at("pipe")).type, FileType::kOther);
  EXPECT_THAT(names(), ElementsAre("pipe"));
}

TEST_F(FileSystemTest, WholeFileThatCannotBeFilledLeavesTheOldOne) {
  write("a", "old");
  expect_error(ErrorKind::kInvalidArgument, "no content", [&] {
    write_whole_file(*files_, at("a"), [](File&) { throw InvalidArgument("no content"); }, {.durable = false});
  });
  EXPECT_EQ(read("a"), "old");
  EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(FileSystemTest, WholeFileAppearsWhenItIsCommitted) {
  write("a", "old");
  { WholeFile::create(*files_, at("a")).file().append(bytes_of("given up")); }
  EXPECT_THAT(names(), ElementsAre("a"));
  WholeFile whole = WholeFile::create(*files_, at("a"));
  whole.file().append(bytes_of("new"));
  EXPECT_EQ(read("a"), "old");
  whole.commit({.durable = false});
  EXPECT_EQ(read("a"), "new");
  EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(FileSystemTest, PathsThatHoldANulAreRefused) {
  write("a", "text");
  const std::string hostile = at(std::string_view("a\0b", 3));
  const std::string good = at("a");
  const auto refused = [](auto call) { expect_error(ErrorKind::kInvalidArgument, R"(a\x00b)", call); };
  for (const OpenMode mode : {OpenMode::kRead, OpenMode::kWriteNew, OpenMode::kReadWrite}) {
    refused([&] { static_cast<void>(files_->open(hostile, mode)); });
  }
  refused([&] { static_cast<void>(files_->exists(hostile)); });
  refused([&] { static_cast<void>(files_->status(hostile)); });
  refused([&] { static_cast<void>(files_->list(hostile)); });
  refused([&] { static_cast<void>(files_->lock(hostile, {})); });
  for (const auto& [from, to] : {std::pair(hostile, good), std::pair(good, hostile)}) {
    refused([&, from = from, to = to] { files_->rename(from, to); });
    refused([&, from = from, to = to] { files_->exchange(from, to); });
    refused([&, from = from, to = to] { files_->link(from, to); });
  }
  refused([&] { files_->unlink(hostile); });
  refused([&] { files_->make_directory(hostile); });
  refused([&] { files_->remove_directory(hostile); });
  refused([&] { files_->sync_directory(hostile); });
  refused([&] { write_whole_file(*files_, hostile, [](File&) {}); });
  EXPECT_THAT(names(), ElementsAre("a"));
  EXPECT_EQ(read("a"), "text");
}

TEST_F(FileSystemTest, OperationsHaveNamesOfTheirOwn) {
  std::set<std::string_view> words;
  for (int i = 0; i <= static_cast<int>(FileOperation::kList); ++i)
    words.insert(to_string(static_cast<FileOperation>(i)));
  EXPECT_EQ(words.size(), 17U);
  EXPECT_FALSE(words.contains("unknown"));
}

TEST(PathTest, PartsOfPaths) {
  for (const auto& [path, parent, name] :
       std::initializer_list<std::tuple<const char*, const char*, const char*>>{{"a/b", "a", "b"},
                                                                                {"/a", "/", "a"},
                                                                                {"a", ".", "a"},
                                                                                {"a/b/", "a", "b"},
                                                                                {"/", "/", ""},
                                                                                {"", ".", ""},
                                                                                {"//a//b", "//a", "b"},
                                                                                {"/a/b/c", "/a/b", "c"}}) {
    EXPECT_EQ(parent_path(path), parent) << path;
    EXPECT_EQ(file_name(path), name) << path;
  }
}

TEST(PathTest, JoinsWithOneSlash) {
  EXPECT_EQ(join_path("a", "b"), "a/b");
  EXPECT_EQ(join_path("a/", "b"), "a/b");
  EXPECT_EQ(join_path("/", "b"), "/b");
  EXPECT_EQ(join_path("", "b"), "b");
}

}  // namespace
}  // namespace varve::base
