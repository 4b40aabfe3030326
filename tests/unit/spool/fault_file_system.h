#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "spool/file_system.h"

namespace hubferry::spool::test {

// A disk in memory that forgets what was not synced: after crash() a file has what its last sync saw and a random part
// of what was written since (whole writes, or only some of their sectors), and the directory a random beginning of its
// changes since its last sync. Thread-safe.
class FaultFileSystem : public FileSystem {
 public:
  enum class Op { kOpen, kRead, kWrite, kSync, kAllocate, kTruncate, kRename, kRemove, kSyncDirectory };
  using Hook = std::function<std::optional<Error>(Op, const std::string& name)>;

  explicit FaultFileSystem(std::uint64_t seed = 1) : random_(seed) {}

  // Asked before each operation, without a lock held: may fail it, may block. A failed sync loses what it should have
  // made durable, though reads still see it and the next sync succeeds: as kernels do.
  void set_hook(Hook hook);
  // After so many more changes of the disk the power fails: everything fails until crash().
  void power_off_after(std::uint64_t changes);
  bool powered_off() const;
  // Forgets, and switches the power on. All objects of the time before must be gone.
  void crash();
  // The process died, the machine did not: nothing is forgotten, nor becomes durable.
  void kill();

  std::vector<std::string> names(const std::filesystem::path& directory);
  bool exists(const std::filesystem::path& path);
  std::string content(const std::filesystem::path& path);
  void set_content(const std::filesystem::path& path, std::string bytes);        // durable at once
  void flip(const std::filesystem::path& path, std::uint64_t offset);            // one bit of it
  void set_unreadable(const std::filesystem::path& path, std::uint64_t offset);  // reads over this byte fail

  Status create_directories(const std::filesystem::path& path) override;
  Result<std::vector<std::string>> list(const std::filesystem::path& directory) override;
  Result<std::unique_ptr<File>> open(const std::filesystem::path& path, bool create) override;
  Status rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  Status remove(const std::filesystem::path& path) override;
  Status sync_directory(const std::filesystem::path& path) override;
  Result<std::unique_ptr<File>> lock(const std::filesystem::path& path) override;

 private:
  friend class FaultFile;
  struct Change {
    enum class Kind { kWrite, kResize } kind = Kind::kWrite;
    std::uint64_t offset = 0;  // or the new size
    std::string bytes;
  };
  struct Inode {
    std::string seen;
    std::string durable;
    std::vector<Change> unsynced;
    std::optional<std::uint64_t> unreadable;
  };
  using Directory = std::map<std::string, std::shared_ptr<Inode>>;
  using DirectoryChange = std::function<void(Directory&)>;

  std::optional<Error> ask(Op op, const std::filesystem::path& path);
  bool lose_power();  // counts one change; true: the power fails now, or did
  Status change_directory(Op op, const std::filesystem::path& path, DirectoryChange change);
  static void apply(std::string& content, const Change& change);
  void apply_torn(std::string& content, const Change& change);
  bool coin() { return (random_() & 1U) != 0; }

  mutable std::mutex mutex_;
  Hook hook_;
  std::mt19937_64 random_;
  std::optional<std::uint64_t> power_left_;
  bool off_ = false;
  Directory seen_;
  Directory durable_;
  std::vector<DirectoryChange> unsynced_;
  std::set<std::string> locked_;
};

}  // namespace hubferry::spool::test
