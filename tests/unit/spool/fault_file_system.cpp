#include "unit/spool/fault_file_system.h"

#include <algorithm>
#include <utility>

namespace hubferry::spool::test {
namespace {

constexpr std::size_t kSector = 512;

Error dead(const std::string& path) {
  return Error{ErrorCode::kIo, "the power is off: " + path, Disposition::kReject};
}

}  // namespace

class FaultFile : public File {
 public:
  using Inode = FaultFileSystem::Inode;
  using Change = FaultFileSystem::Change;
  using Op = FaultFileSystem::Op;

  FaultFile(FaultFileSystem& files, std::shared_ptr<Inode> inode, std::string path, bool locked)
      : files_(files), inode_(std::move(inode)), path_(std::move(path)), locked_(locked) {}
  ~FaultFile() override {
    const std::lock_guard lock(files_.mutex_);
    if (locked_) files_.locked_.erase(path_);
  }

  Status write_at(std::uint64_t offset, std::span<const char> bytes) override {
    return change(Op::kWrite, {Change::Kind::kWrite, offset, std::string(bytes.begin(), bytes.end())});
  }
  Status allocate(std::uint64_t size) override {
    return change(Op::kAllocate, {Change::Kind::kResize, std::max(size, this->size().value()), {}});
  }
  Status truncate(std::uint64_t size) override { return change(Op::kTruncate, {Change::Kind::kResize, size, {}}); }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> bytes) override {
    if (auto error = files_.ask(Op::kRead, path_)) return tl::make_unexpected(*error);
    const std::lock_guard lock(files_.mutex_);
    if (files_.off_) return tl::make_unexpected(dead(path_));
    if (inode_->unreadable && *inode_->unreadable >= offset && *inode_->unreadable < offset + bytes.size()) {
      return fail(ErrorCode::kIo, "unreadable sector: " + path_);
    }
    if (offset >= inode_->seen.size()) return std::size_t{0};
    return inode_->seen.copy(bytes.data(), bytes.size(), offset);
  }

  Status sync_data() override {
    const auto error = files_.ask(Op::kSync, path_);
    const std::lock_guard lock(files_.mutex_);
    const bool was_off = files_.off_;
    const bool off = files_.lose_power();
    const auto unsynced = std::exchange(inode_->unsynced, {});
    for (const auto& change : unsynced) {
      if (was_off) break;
      if (!error && !off) {
        FaultFileSystem::apply(inode_->durable, change);
      } else if (files_.coin()) {
        files_.apply_torn(inode_->durable, change);
      }
    }
    if (error) return tl::make_unexpected(*error);
    if (off) return tl::make_unexpected(dead(path_));
    return {};
  }

  Result<std::uint64_t> size() override {
    const std::lock_guard lock(files_.mutex_);
    return inode_->seen.size();
  }

 private:
  Status change(Op op, Change change) {
    if (auto error = files_.ask(op, path_)) return tl::make_unexpected(*error);
    const std::lock_guard lock(files_.mutex_);
    const bool was_off = files_.off_;
    const bool off = files_.lose_power();
    if (was_off) return tl::make_unexpected(dead(path_));
    FaultFileSystem::apply(inode_->seen, change);
    inode_->unsynced.push_back(std::move(change));
    if (off) return tl::make_unexpected(dead(path_));
    return {};
  }

  FaultFileSystem& files_;
  std::shared_ptr<Inode> inode_;
  std::string path_;
  bool locked_;
};

void FaultFileSystem::apply(std::string& content, const Change& change) {
  if (change.kind == Change::Kind::kResize) {
    content.resize(change.offset);
    return;
  }
  content.resize(std::max(content.size(), static_cast<std::size_t>(change.offset) + change.bytes.size()));
  content.replace(change.offset, change.bytes.size(), change.bytes);
}

void FaultFileSystem::apply_torn(std::string& content, const Change& change) {
  if (change.kind == Change::Kind::kResize || coin()) {
    apply(content, change);
    return;
  }
  for (std::size_t at = 0; at < change.bytes.size();) {
    const std::size_t sector_end = (change.offset + at) / kSector * kSector + kSector - change.offset;
    const std::size_t end = std::min(sector_end, change.bytes.size());
    if (coin()) apply(content, {Change::Kind::kWrite, change.offset + at, change.bytes.substr(at, end - at)});
    at = end;
  }
}

void FaultFileSystem::set_hook(Hook hook) {
  const std::lock_guard lock(mutex_);
  hook_ = std::move(hook);
}

std::optional<Error> FaultFileSystem::ask(Op op, const std::filesystem::path& path) {
  Hook hook;
  {
    const std::lock_guard lock(mutex_);
    hook = hook_;
  }
  return hook ? hook(op, path.filename().string()) : std::nullopt;
}

void FaultFileSystem::power_off_after(std::uint64_t changes) {
  const std::lock_guard lock(mutex_);
  power_left_ = changes;
}

bool FaultFileSystem::powered_off() const {
  const std::lock_guard lock(mutex_);
  return off_;
}

bool FaultFileSystem::lose_power() {
  if (!off_ && power_left_ && (*power_left_)-- == 0) off_ = true;
  return off_;
}

void FaultFileSystem::crash() {
  const std::lock_guard lock(mutex_);
  const std::size_t kept = random_() % (unsynced_.size() + 1);
  for (std::size_t i = 0; i < kept; ++i) unsynced_[i](durable_);
  unsynced_.clear();
  seen_ = durable_;
  for (auto& [path, inode] : seen_) {
    for (const auto& change : inode->unsynced) {
      if (coin()) apply_torn(inode->durable, change);
    }
    inode->unsynced.clear();
    inode->seen = inode->durable;
  }
  off_ = false;
  power_left_.reset();
}

void FaultFileSystem::kill() {
  const std::lock_guard lock(mutex_);
  off_ = false;
  power_left_.reset();
}

std::vector<std::string> FaultFileSystem::names(const std::filesystem::path& directory) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [path, inode] : seen_) {
    const std::filesystem::path entry(path);
    if (entry.parent_path() == directory) names.push_back(entry.filename().string());
  }
  return names;
}

bool FaultFileSystem::exists(const std::filesystem::path& path) {
  const std::lock_guard lock(mutex_);
  return seen_.contains(path.string());
}

std::string FaultFileSystem::content(const std::filesystem::path& path) {
  const std::lock_guard lock(mutex_);
  return seen_.at(path.string())->seen;
}

void FaultFileSystem::set_content(const std::filesystem::path& path, std::string bytes) {
  const std::lock_guard lock(mutex_);
  auto& inode = seen_[path.string()];
  if (!inode) {
    inode = std::make_shared<Inode>();
    durable_[path.string()] = inode;
  }
  inode->unsynced.clear();
  inode->seen = bytes;
  inode->durable = std::move(bytes);
}

void FaultFileSystem::flip(const std::filesystem::path& path, std::uint64_t offset) {
  const std::lock_guard lock(mutex_);
  auto& inode = *seen_.at(path.string());
  inode.seen.at(offset) = static_cast<char>(inode.seen.at(offset) ^ 0x10);
  if (offset < inode.durable.size()) inode.durable[offset] = inode.seen[offset];
}

void FaultFileSystem::set_unreadable(const std::filesystem::path& path, std::uint64_t offset) {
  const std::lock_guard lock(mutex_);
  seen_.at(path.string())->unreadable = offset;
}

Status FaultFileSystem::create_directories(const std::filesystem::path& path) {
  const std::lock_guard lock(mutex_);
  if (off_) return tl::make_unexpected(dead(path.string()));
  return {};
}

Result<std::vector<std::string>> FaultFileSystem::list(const std::filesystem::path& directory) {
  if (powered_off()) return tl::make_unexpected(dead(directory.string()));
  return names(directory);
}

Result<std::unique_ptr<File>> FaultFileSystem::open(const std::filesystem::path& path, bool create) {
  if (auto error = ask(Op::kOpen, path)) return tl::make_unexpected(*error);
  const std::lock_guard lock(mutex_);
  const std::string name = path.string();
  if (off_) return tl::make_unexpected(dead(name));
  if (!seen_.contains(name)) {
    if (!create) return fail(ErrorCode::kNotFound, "no such file: " + name);
    auto inode = std::make_shared<Inode>();
    seen_[name] = inode;
    unsynced_.push_back([name, inode](Directory& directory) { directory[name] = inode; });
  }
  return std::make_unique<FaultFile>(*this, seen_[name], name, false);
}

Status FaultFileSystem::change_directory(Op op, const std::filesystem::path& path, DirectoryChange change) {
  if (auto error = ask(op, path)) return tl::make_unexpected(*error);
  const std::lock_guard lock(mutex_);
  const bool was_off = off_;
  const bool off = lose_power();
  if (was_off) return tl::make_unexpected(dead(path.string()));
  if (!seen_.contains(path.string())) return fail(ErrorCode::kNotFound, "no such file: " + path.string());
  change(seen_);
  unsynced_.push_back(std::move(change));
  if (off) return tl::make_unexpected(dead(path.string()));
  return {};
}

Status FaultFileSystem::rename(const std::filesystem::path& from, const std::filesystem::path& to) {
  return change_directory(Op::kRename, from, [from = from.string(), to = to.string()](Directory& directory) {
    const auto entry = directory.find(from);
    if (entry == directory.end()) return;
    directory[to] = entry->second;
    directory.erase(from);
  });
}

Status FaultFileSystem::remove(const std::filesystem::path& path) {
  return change_directory(Op::kRemove, path, [name = path.string()](Directory& directory) { directory.erase(name); });
}

Status FaultFileSystem::sync_directory(const std::filesystem::path& path) {
  if (auto error = ask(Op::kSyncDirectory, path)) return tl::make_unexpected(*error);
  const std::lock_guard lock(mutex_);
  const bool was_off = off_;
  const bool off = lose_power();
  if (was_off) return tl::make_unexpected(dead(path.string()));
  const std::size_t done = off ? random_() % (unsynced_.size() + 1) : unsynced_.size();
  for (std::size_t i = 0; i < done; ++i) unsynced_[i](durable_);
  unsynced_.erase(unsynced_.begin(), unsynced_.begin() + static_cast<std::ptrdiff_t>(done));
  if (off) return tl::make_unexpected(dead(path.string()));
  return {};
}

Result<std::unique_ptr<File>> FaultFileSystem::lock(const std::filesystem::path& path) {
  const std::lock_guard lock(mutex_);
  const std::string name = path.string();
  if (!locked_.insert(name).second) return fail(ErrorCode::kConflict, name + " is locked", Disposition::kFatal);
  return std::make_unique<FaultFile>(*this, std::make_shared<Inode>(), name, true);
}

}  // namespace hubferry::spool::test
