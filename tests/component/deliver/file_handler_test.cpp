#include "deliver/file_handler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "component/deliver/answers.h"

namespace hubferry::deliver {
namespace {

using ::testing::HasSubstr;

class FileHandlerTest : public testing::Test {
 protected:
  FileHandlerTest() {
    route_.handler.scheme = config::HandlerScheme::kFile;
    route_.handler.target = "file:" + folder_.file("e");
  }
  std::unique_ptr<Handler> open() {
    auto handler = make_handler(route_, {}, answers_);
    EXPECT_TRUE(handler) << handler.error().message;
    return std::move(*handler);
  }
  static std::vector<Delivery> batch(std::int64_t first, std::int64_t count) {
    std::vector<Delivery> list;
    for (std::int64_t i = first; i < first + count; ++i) list.push_back(delivery_of({i}));
    return list;
  }

  Folder folder_;
  config::ConsumeRoute route_;
  AnswerRecorder answers_;
};

TEST_F(FileHandlerTest, WritesALineForEachEventInTheOrderOfDelivery) {
  const auto handler = open();
  EXPECT_GE(handler->limits().max_events, 100U);
  for (int i = 0; i < 5; ++i) handler->deliver(batch(i * 100, 100));
  ASSERT_TRUE(answers_.wait(500));
  for (const auto& [offset, outcome] : answers_.all()) EXPECT_EQ(outcome.verdict, Verdict::kDone) << offset;
  const auto lines = folder_.lines("e");
  ASSERT_EQ(lines.size(), 500U);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_THAT(lines[i], HasSubstr("\"offset\":" + std::to_string(i) + ","));
  }
}

TEST_F(FileHandlerTest, AppendsToWhatIsThere) {
  for (int i = 0; i < 2; ++i) {
    const auto handler = open();
    deliver_one(*handler, {i});
    ASSERT_TRUE(answers_.wait(static_cast<std::size_t>(i) + 1));
  }
  EXPECT_EQ(folder_.lines("e").size(), 2U);
}

TEST_F(FileHandlerTest, RotatesAnOldFileThoughNothingComes) {
  route_.handler.rotate_interval = Milliseconds(1);
  const auto handler = open();
  deliver_one(*handler, {7});
  ASSERT_TRUE(answers_.wait(1));
  const Instant end = SteadyClock::now() + kPatience;
  while (folder_.names().size() < 2) ASSERT_LT(SteadyClock::now(), end);
  EXPECT_THAT(folder_.content(folder_.names()[1]), HasSubstr("\"offset\":7,"));
}

TEST_F(FileHandlerTest, PutsEventsOffWhileItCannotWrite) {
  const std::string folder = folder_.file("sub");
  std::filesystem::create_directory(folder);
  route_.handler.target = "file:" + folder + "/e";
  const auto handler = open();
  std::filesystem::remove_all(folder);
  handler->deliver(batch(0, 3));
  ASSERT_TRUE(answers_.wait(3));
  for (const auto& [offset, outcome] : answers_.all()) {
    EXPECT_EQ(outcome.verdict, Verdict::kUnavailable);
    EXPECT_THAT(outcome.reason, HasSubstr("create its folder"));
  }
  std::filesystem::create_directory(folder);
  handler->deliver(batch(0, 3));
  ASSERT_TRUE(answers_.wait(6));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(answers_.of(i).verdict, Verdict::kDone);
  EXPECT_EQ(folder_.lines("sub/e").size(), 3U);
}

// Looks whether a record is still held while its answer comes.
class RecordWatcher : public AnswerRecorder {
 public:
  void answered(const WorkId& id, Outcome outcome) override {
    if (record.expired()) outcome.reason = "free";
    AnswerRecorder::answered(id, std::move(outcome));
  }
  std::weak_ptr<const event::Record> record;
};

TEST_F(FileHandlerTest, LetsGoOfARecordBeforeItAnswers) {
  RecordWatcher answers;
  const auto handler = make_handler(route_, {}, answers);
  ASSERT_TRUE(handler);
  std::vector<Delivery> one;
  one.push_back(delivery_of({1}));
  answers.record = one[0].record;
  (*handler)->deliver(std::move(one));
  ASSERT_TRUE(answers.wait(1));
  EXPECT_EQ(answers.of(1).reason, "free");
}

TEST_F(FileHandlerTest, SaysWhyItCannotBegin) {
  route_.handler.target = "file:" + folder_.file("none/e");
  const auto handler = make_handler(route_, {}, answers_);
  ASSERT_FALSE(handler);
  EXPECT_THAT(handler.error().message, HasSubstr("none/e"));
}

TEST(DiscardHandler, FinishesEverythingAtOnce) {
  AnswerRecorder answers;
  config::ConsumeRoute route;
  route.handler.scheme = config::HandlerScheme::kDiscard;
  const auto handler = make_handler(route, {}, answers);
  ASSERT_TRUE(handler);
  std::vector<Delivery> batch;
  for (int i = 0; i < 3; ++i) batch.push_back(delivery_of({i}));
  const std::weak_ptr<const event::Record> record = batch[0].record;
  (*handler)->deliver(std::move(batch));
  ASSERT_EQ(answers.all().size(), 3U);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(answers.of(i).verdict, Verdict::kDone);
  EXPECT_TRUE(record.expired());
}

}  // namespace
}  // namespace hubferry::deliver
