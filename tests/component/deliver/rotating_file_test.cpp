#include "deliver/rotating_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <string>
#include <vector>

#include "component/deliver/answers.h"

namespace hubferry::deliver {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t kNow = 1'700'000'000'000;  // 2023-11-14T22:13:20Z

class RotatingFileTest : public testing::Test {
 protected:
  RotatingFile open(std::uint64_t bytes = 0, Milliseconds interval = Milliseconds(0), std::int64_t now = kNow) {
    RotatingFile file({path_, bytes, interval});
    const auto opened = file.open(now);
    EXPECT_TRUE(opened) << opened.error().message;
    return file;
  }
  static Lines lines_of(std::initializer_list<const char*> texts) {
    Lines lines;
    for (const char* text : texts) lines.add(std::string(text) + "\n");
    return lines;
  }
  static void append(RotatingFile& file, std::initializer_list<const char*> texts, std::int64_t now = kNow) {
    const auto appended = file.append(lines_of(texts), now);
    EXPECT_FALSE(appended.error) << appended.error->message;
    EXPECT_EQ(appended.lines, texts.size());
  }

  Folder folder_;
  std::string path_ = folder_.file("e");
};

TEST_F(RotatingFileTest, BeginsANewFileWhenOneIsFull) {
  RotatingFile file = open(10);
  append(file, {"1234"});
  append(file, {"1234"});
  EXPECT_THAT(folder_.names(), ElementsAre("e", "e.20231114T221320Z"));
  EXPECT_EQ(folder_.content("e"), "");
  EXPECT_EQ(folder_.content("e.20231114T221320Z"), "1234\n1234\n");
}

TEST_F(RotatingFileTest, CutsABatchAtTheLineThatFillsAFile) {
  RotatingFile file = open(10);
  append(file, {"1", "2", "3", "456789", "a line that is larger than a file", "7"});
  EXPECT_THAT(folder_.names(), ElementsAre("e", "e.20231114T221320Z", "e.20231114T221320Z-001"));
  EXPECT_EQ(folder_.content("e.20231114T221320Z"), "1\n2\n3\n456789\n");
  EXPECT_EQ(folder_.content("e.20231114T221320Z-001"), "a line that is larger than a file\n");
  EXPECT_EQ(folder_.content("e"), "7\n");
}

TEST_F(RotatingFileTest, GivesEachFileANameOfItsOwnThatSortsAsItWasWritten) {
  RotatingFile file = open(1);
  for (int i = 0; i < 12; ++i) append(file, {std::to_string(i).c_str()});  // within a second
  std::vector<std::string> names = folder_.names();
  names.erase(names.begin());
  ASSERT_EQ(names.size(), 12U);
  for (std::size_t i = 0; i < names.size(); ++i) EXPECT_EQ(folder_.content(names[i]), std::to_string(i) + "\n");
}

TEST_F(RotatingFileTest, BeginsANewFileWhenOneIsOldAndNotEmpty) {
  RotatingFile file = open(0, Milliseconds(60'000));
  EXPECT_FALSE(file.rotation_due_ms()) << "an empty file has no age";
  file.rotate_if_due(kNow + 1'000'000);
  append(file, {"1"}, kNow);
  EXPECT_EQ(file.rotation_due_ms(), kNow + 60'000);
  file.rotate_if_due(kNow + 59'999);
  EXPECT_THAT(folder_.names(), ElementsAre("e"));
  file.rotate_if_due(kNow + 60'000);
  EXPECT_THAT(folder_.names(), ElementsAre("e", "e.20231114T221420Z"));
  EXPECT_FALSE(file.rotation_due_ms());
}

TEST_F(RotatingFileTest, KnowsTheAgeOfAFileAfterARestartByItsFirstLine) {
  {
    RotatingFile file = open(0, Milliseconds(60'000));
    append(file,
           {R"({"topic":"t","partition":0,"offset":7,"timestamp":1699999970000,"value":1})", R"({"timestamp":1})"});
  }
  const RotatingFile again = open(0, Milliseconds(60'000));
  EXPECT_EQ(again.rotation_due_ms(), kNow + 30'000);
}

TEST_F(RotatingFileTest, TakesNoFutureForTheAgeOfAFile) {
  std::ofstream(path_) << R"({"timestamp":9000000000000})" << "\n";
  EXPECT_EQ(open(0, Milliseconds(60'000)).rotation_due_ms(), kNow + 60'000);
  std::ofstream(path_) << "no line of ours\n";
  const auto due = open(0, Milliseconds(60'000), kNow).rotation_due_ms();
  ASSERT_TRUE(due);
  EXPECT_LE(*due, kNow + 60'000);
}

TEST_F(RotatingFileTest, CutsALineThatACrashLeftUnfinished) {
  std::ofstream(path_) << "{\"whole\":1}\n{\"torn\":" << std::string(10'000, 'x');
  RotatingFile file = open();
  EXPECT_EQ(folder_.content("e"), "{\"whole\":1}\n");
  append(file, {"2"});
  EXPECT_EQ(folder_.content("e"), "{\"whole\":1}\n2\n");
}

TEST_F(RotatingFileTest, RefusesAFileThatSomebodyElseWrites) {
  const RotatingFile first = open();
  RotatingFile second({path_, 0, Milliseconds(0)});
  const auto opened = second.open(kNow);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kConflict);
}

TEST_F(RotatingFileTest, SaysWhyAFileCannotBeOpened) {
  RotatingFile missing({folder_.file("none/x"), 0, Milliseconds(0)});
  EXPECT_THAT(missing.open(kNow).error().message, testing::AllOf(HasSubstr("none/x"), HasSubstr("create its folder")));
  RotatingFile folder({folder_.path().string(), 0, Milliseconds(0)});
  EXPECT_THAT(folder.open(kNow).error().message, HasSubstr("name a file"));
  RotatingFile device({"/dev/full", 0, Milliseconds(0)});
  EXPECT_THAT(device.open(kNow).error().message, HasSubstr("not a regular file"));
}

TEST_F(RotatingFileTest, FollowsItsNameWhenTheFileIsMovedAway) {
  RotatingFile file = open();
  append(file, {"1"});
  std::filesystem::rename(path_, folder_.file("old"));
  append(file, {"2"});
  EXPECT_EQ(folder_.content("old"), "1\n");
  EXPECT_EQ(folder_.content("e"), "2\n");
}

TEST_F(RotatingFileTest, WritesNoHoleIntoAFileThatWasEmptied) {
  RotatingFile file = open();
  append(file, {"1", "2", "3"});
  std::filesystem::resize_file(path_, 3);
  append(file, {"4"});
  EXPECT_EQ(folder_.content("e"), "1\n4\n") << "half a line is cut";
}

TEST_F(RotatingFileTest, WritesAgainWhenItsFolderIsBack) {
  const std::string folder = folder_.file("sub");
  std::filesystem::create_directory(folder);
  path_ = folder + "/e";
  RotatingFile file = open();
  append(file, {"1"});
  std::filesystem::remove_all(folder);
  const auto refused = file.append(lines_of({"2"}), kNow);
  EXPECT_EQ(refused.lines, 0U);
  ASSERT_TRUE(refused.error) << "a deleted file would take it";
  EXPECT_THAT(refused.error->message, HasSubstr("create its folder"));
  std::filesystem::create_directory(folder);
  append(file, {"2"});
  EXPECT_EQ(folder_.content("sub/e"), "2\n");
}

TEST_F(RotatingFileTest, GoesOnInTheOldFileWhenItCannotBeRenamed) {
  const std::string long_name(250, 'n');  // has no room for the time
  path_ = folder_.file(long_name);
  RotatingFile file = open(5);
  append(file, {"12345", "6"});
  EXPECT_EQ(folder_.content(long_name), "12345\n6\n");
}

// The size limit of this process stands for a full disk: what fits is written, then nothing.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t bytes) : before_signal_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, before_signal_);
  }

 private:
  void (*before_signal_)(int);
  rlimit before_{};
};

TEST_F(RotatingFileTest, LeavesNoPartOfALineWhenTheDiskIsFull) {
  RotatingFile file = open();
  append(file, {"1234"});
  {
    const SmallDisk disk(8);
    const auto refused = file.append(lines_of({"5678"}), kNow);
    EXPECT_EQ(refused.lines, 0U);
    ASSERT_TRUE(refused.error);
    EXPECT_EQ(refused.error->disposition, Disposition::kRetry);
    EXPECT_THAT(refused.error->message, HasSubstr("handler.rotate.max-bytes"));
    EXPECT_EQ(folder_.content("e"), "1234\n");
  }
  append(file, {"5678"});
  EXPECT_EQ(folder_.content("e"), "1234\n5678\n");
}

TEST_F(RotatingFileTest, TellsWhichLinesOfABatchAreOnDisk) {
  RotatingFile file = open(4);
  const SmallDisk disk(10);
  const auto refused = file.append(lines_of({"123", "this is too large for the disk", "4"}), kNow);
  EXPECT_EQ(refused.lines, 1U);
  EXPECT_TRUE(refused.error);
  EXPECT_EQ(folder_.content("e.20231114T221320Z"), "123\n");
  EXPECT_EQ(folder_.content("e"), "");
}

}  // namespace
}  // namespace hubferry::deliver
