#include "crash/volume.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace varve::testing {
namespace {

constexpr uint64_t kBytes = uint64_t{320} << 20;  // XFS makes none below 300 MiB; the image is sparse

bool run(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()) == 0; }

// Leaves the mounts of other processes. One of them that copies its own meanwhile, as a container does, would hold ours
// too: the file system would outlive `umount`, and the next mount of its image would find it with its power cut.
bool leave_mounts_of_others() {
  return ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

}  // namespace

Volume::Volume(VolumeKind kind, const std::string& folder) : image_(folder + "/image"), path_(folder + "/mounted") {
  std::filesystem::create_directory(path_);
  std::ofstream(image_).close();
  std::filesystem::resize_file(image_, kBytes);
  const std::string make = kind == VolumeKind::kExt4 ? "mkfs.ext4 -q -F " : "mkfs.xfs -q -f ";
  mounted_ = leave_mounts_of_others() && run("PATH=$PATH:/usr/sbin:/sbin " + make + image_) &&
             run("mount -o loop " + image_ + " " + path_);
}

Volume::~Volume() {
  if (mounted_) run("umount " + path_);
}

void Volume::cut_power() {
  constexpr unsigned long kShutdown = _IOR('X', 125, uint32_t);
  uint32_t dropping_the_journal = 2;
  const int directory = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  EXPECT_EQ(::ioctl(directory, kShutdown, &dropping_the_journal), 0) << path_;
  ::close(directory);
}

void Volume::remount() {
  EXPECT_TRUE(run("umount " + path_)) << path_;
  mounted_ = run("mount -o loop " + image_ + " " + path_);
  EXPECT_TRUE(mounted_) << path_;
}

}  // namespace varve::testing
