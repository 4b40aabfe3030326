#include "deliver/file_handler.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <vector>

namespace hubferry::deliver {
namespace {

class FileHandlerTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "hubferry-file-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = (folder_ / "events.ndjson").string();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string content() const {
    std::ifstream in(path_);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }
  static std::future<Outcome> deliver(Handler& handler, std::int64_t offset) {
    auto record = std::make_shared<event::Record>();
    record->topic = "t";
    record->offset = offset;
    record->value = "1";
    auto promise = std::make_shared<std::promise<Outcome>>();
    auto future = promise->get_future();
    handler.deliver(std::move(record), 1, [promise](Outcome outcome) { promise->set_value(std::move(outcome)); });
    return future;
  }

  std::filesystem::path folder_;
  std::string path_;
};

TEST_F(FileHandlerTest, WritesALineForEachEventInTheOrderOfDelivery) {
  auto handler = FileHandler::open(path_);
  ASSERT_TRUE(handler) << handler.error().message;
  std::vector<std::future<Outcome>> answers;
  for (int i = 0; i < 500; ++i) answers.push_back(deliver(**handler, i));
  for (auto& answer : answers) EXPECT_EQ(answer.get().verdict, Verdict::kDone);
  std::istringstream lines(content());
  std::string line;
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(std::getline(lines, line));
    EXPECT_NE(line.find("\"offset\":" + std::to_string(i) + ","), std::string::npos);
  }
  EXPECT_FALSE(std::getline(lines, line));
}

TEST_F(FileHandlerTest, AppendsToWhatIsThere) {
  for (int i = 0; i < 2; ++i) {
    auto handler = FileHandler::open(path_);
    ASSERT_TRUE(handler);
    EXPECT_EQ(deliver(**handler, i).get().verdict, Verdict::kDone);
  }
  EXPECT_NE(content().find("\"offset\":0,"), std::string::npos);
  EXPECT_NE(content().find("\"offset\":1,"), std::string::npos);
}

TEST_F(FileHandlerTest, CutsALineThatACrashLeftUnfinished) {
  std::ofstream(path_) << "{\"whole\":1}\n{\"torn\":" << std::string(10'000, 'x');
  auto handler = FileHandler::open(path_);
  ASSERT_TRUE(handler);
  EXPECT_EQ(content(), "{\"whole\":1}\n");
}

TEST_F(FileHandlerTest, RefusesAFileThatSomebodyElseWrites) {
  auto first = FileHandler::open(path_);
  ASSERT_TRUE(first);
  const auto second = FileHandler::open(path_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
}

TEST_F(FileHandlerTest, SaysWhyAFileCannotBeOpened) {
  const auto missing = FileHandler::open((folder_ / "none" / "x").string());
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("none/x"), std::string::npos);
  EXPECT_FALSE(FileHandler::open(folder_.string()));
}

TEST_F(FileHandlerTest, AFullDiskPutsTheEventOff) {
  auto handler = FileHandler::open("/dev/full");
  EXPECT_FALSE(handler) << "a device is no regular file";
}

}  // namespace
}  // namespace hubferry::deliver
