#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "base/unique_fd.h"
#include "unit/spool/helpers.h"

// The real file system and real processes.
namespace hubferry::spool::test {
namespace {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hubferry-spool-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

Options options_in(const TemporaryDirectory& directory) {
  Options options;
  options.directory = directory.path() / "orders" / "spool";
  options.segment_bytes = 256 * 1024;
  return options;
}

std::unique_ptr<Spool> open(const Options& options) {
  auto opened = Spool::open(real_file_system(), options);
  EXPECT_TRUE(opened) << opened.error().message;
  return opened ? std::move(*opened) : nullptr;
}

std::string text_of(std::uint64_t number) {
  return std::to_string(number) + std::string(number * 37 % 3000, 'x');
}

// Appends until it is killed; acknowledges every third record; reports each receipt when it has it.
[[noreturn]] void append_for_ever(const Options& options, int report, std::uint64_t number) {
  auto opened = Spool::open(real_file_system(), options);
  if (!opened) ::_exit(1);
  auto& spool = **opened;
  for (;; ++number) {
    const auto receipt = append(spool, {text_of(number)});
    if (!receipt) ::_exit(2);
    const std::uint64_t line[] = {receipt->first, number};
    if (::write(report, line, sizeof line) != sizeof line) ::_exit(3);
    for (auto block = spool.next(); block && *block; block = spool.next()) {
      for (auto s = (*block)->first_sequence(); s <= (*block)->last_sequence(); ++s) {
        if (s % 3 == 0) spool.acknowledge(s);
      }
    }
    (void)spool.persist_position(SteadyClock::now(), false);
  }
}

// Runs the child until it reported `receipts` of them, kills it, and returns all that it reported.
std::map<std::uint64_t, std::uint64_t> run_and_kill(const Options& options, std::uint64_t first, std::size_t receipts) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) append_for_ever(options, write_end.get(), first);
  write_end.reset();
  std::map<std::uint64_t, std::uint64_t> reported;
  std::uint64_t line[2];
  while (::read(read_end.get(), line, sizeof line) == sizeof line) {
    reported[line[0]] = line[1];
    if (reported.size() == receipts) ::kill(child, SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  return reported;
}

TEST(SpoolProcess, WhatAKilledProcessWasToldToBeStoredIsThere) {
  TemporaryDirectory directory;
  const Options options = options_in(directory);
  std::map<std::uint64_t, std::uint64_t> told;
  for (const std::size_t receipts : {1U, 150U, 40U, 300U}) {
    for (const auto& [sequence, number] : run_and_kill(options, told.size() * 10, receipts)) {
      ASSERT_TRUE(told.emplace(sequence, number).second) << "a sequence was used twice";
    }
  }
  auto spool = open(options);
  ASSERT_NE(spool, nullptr);
  EXPECT_EQ(spool->statistics().quarantined_blocks, 0U);
  std::map<std::uint64_t, std::string> found;
  for (auto& record : read_all(*spool)) found[record.sequence] = std::move(record.bytes);
  for (const auto& [sequence, number] : told) {
    if (sequence % 3 == 0 && !found.contains(sequence)) continue;  // acknowledged
    ASSERT_EQ(found[sequence], text_of(number)) << sequence;
  }
}

TEST(SpoolProcess, LocksItsDirectoryAgainstOthersAndLetsGoOfItAtItsEnd) {
  TemporaryDirectory directory;
  const Options options = options_in(directory);
  auto first = open(options);
  const auto second = Spool::open(real_file_system(), options);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  first.reset();
  EXPECT_NE(open(options), nullptr);
}

TEST(RealFileSystem, DoesWhatTheSpoolReliesOn) {
  TemporaryDirectory directory;
  auto& files = real_file_system();
  const auto folder = directory.path() / "a" / "b";
  ASSERT_TRUE(files.create_directories(folder));
  ASSERT_TRUE(files.create_directories(folder));
  EXPECT_EQ(files.open(folder / "x", false).error().code, ErrorCode::kNotFound);
  auto file = files.open(folder / "x", true);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->allocate(10'000));
  EXPECT_EQ((*file)->size(), 10'000U);
  ASSERT_TRUE((*file)->write_at(9'998, std::string("abcd")));
  EXPECT_EQ((*file)->size(), 10'002U);
  ASSERT_TRUE((*file)->sync_data());
  std::string bytes(10, '?');
  EXPECT_EQ((*file)->read_at(9'997, bytes), 5U);
  EXPECT_EQ(bytes.substr(1, 4), "abcd");
  ASSERT_TRUE((*file)->truncate(9'999));
  EXPECT_EQ((*file)->size(), 9'999U);
  ASSERT_TRUE(files.rename(folder / "x", folder / "y"));
  ASSERT_TRUE(files.sync_directory(folder));
  EXPECT_EQ(files.list(folder), (std::vector<std::string>{"y"}));
  ASSERT_TRUE(files.remove(folder / "y"));
  EXPECT_EQ(files.remove(folder / "y").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(files.list(folder / "missing").error().code, ErrorCode::kNotFound);
}

TEST(RealFileSystem, SaysThatADiskIsFull) {
  auto full = real_file_system().open("/dev/full", false);
  ASSERT_TRUE(full) << full.error().message;
  const auto status = (*full)->write_at(0, std::string("x"));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kFull);
  EXPECT_EQ(status.error().disposition, Disposition::kRetry);
}

}  // namespace
}  // namespace hubferry::spool::test
