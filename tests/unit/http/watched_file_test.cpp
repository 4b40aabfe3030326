#include "http/watched_file.h"

#include <gtest/gtest.h>

#include "component/http/certificates.h"

namespace hubferry::http {
namespace {

using std::chrono::hours;
using testing_http::Folder;

void set_age(const std::filesystem::path& path, hours age) {
  std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() - age);
}

TEST(WatchedFile, IsUnchangedUntilTimeSizeOrInodeDiffer) {
  const Folder folder;
  const auto path = folder.write("f", "one");
  set_age(path, hours(2));
  WatchedFile file(path);
  EXPECT_TRUE(file.changed());
  EXPECT_EQ(*file.read(), "one");
  EXPECT_FALSE(file.changed());
  set_age(path, hours(1));
  EXPECT_TRUE(file.changed());
  EXPECT_EQ(*file.read(), "one");
  EXPECT_FALSE(file.changed());
  const auto time = std::filesystem::last_write_time(path);
  folder.replace("f", "two");
  std::filesystem::last_write_time(path, time);
  EXPECT_TRUE(file.changed());  // only the inode differs
  EXPECT_EQ(*file.read(), "two");
  std::filesystem::remove(path);
  EXPECT_TRUE(file.changed());
}

TEST(WatchedFile, StaysSuspectWhenItWasJustWritten) {
  const Folder folder;
  WatchedFile file(folder.write("f", "one"));
  EXPECT_TRUE(file.read());
  EXPECT_TRUE(file.changed());
}

TEST(WatchedFile, NamesPathAndReason) {
  const Folder folder;
  WatchedFile missing(folder / "f");
  const auto none = missing.read();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message, "cannot read " + (folder / "f").string() + ": No such file or directory");
  WatchedFile large(folder.write("large", std::string(1024 * 1024 + 1, 'x')));
  EXPECT_FALSE(large.read());
  WatchedFile directory(std::filesystem::temp_directory_path());
  EXPECT_FALSE(directory.read());
}

}  // namespace
}  // namespace hubferry::http
