// A file system in a file, whose power can be cut.
#pragma once

#include <string>

namespace varve::testing {

enum class VolumeKind { kExt4, kXfs };

// Holds a file system of the kind, mounted under `folder`; made, mounted and, at the end, gone with this object. Needs
// root, loop devices and the programs mount, umount and mkfs of the kind. Only this process, which gets a mount
// namespace of its own, and those it starts from now on see it.
class Volume {
 public:
  // `mounted` tells whether all that could be had.
  Volume(VolumeKind kind, const std::string& folder);
  ~Volume();
  Volume(const Volume&) = delete;
  Volume& operator=(const Volume&) = delete;

  [[nodiscard]] bool mounted() const { return mounted_; }
  // Where its files are.
  [[nodiscard]] const std::string& path() const { return path_; }
  // From now on nothing reaches the disk, and what was not there is lost: also what the file system's own journal has
  // not written (FS_IOC_SHUTDOWN, flag 2, as xfstests use it). Calls of those who use it fail.
  void cut_power();
  // Mounts it again, as after a boot. Nobody may have a file of it open any more.
  void remount();

 private:
  std::string image_;
  std::string path_;
  bool mounted_ = false;
};

}  // namespace varve::testing
