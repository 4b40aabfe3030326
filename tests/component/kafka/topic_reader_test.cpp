#include "kafka/topic_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <string>

#include "mock_cluster.h"
#include "recorders.h"

namespace hubferry::kafka {
namespace {

using ::testing::HasSubstr;

class ReaderOnMock : public ::testing::Test {
 protected:
  ReaderOnMock() { cluster_.add_topic("orders", 3); }

  Status open(const std::vector<TopicReader::Range>& ranges) {
    auto created = TopicReader::create(cluster_.properties(), "orders", ranges);
    if (!created) return tl::make_unexpected(created.error());
    reader_ = std::move(*created);
    return {};
  }
  // Until all was read or an error came.
  Status read_all() {
    Status status;
    const bool ended =
        until([&] { return reader_->done() || !status; }, [&] { status = reader_->read(Milliseconds(100), records_); });
    if (!ended) return fail(ErrorCode::kTimeout, "the reader did not end");
    return status;
  }

  MockCluster cluster_;
  std::unique_ptr<TopicReader> reader_;
  std::vector<event::Record> records_;
};

TEST_F(ReaderOnMock, ReadsExactlyTheRangesInOffsetOrderWithKeysAndHeaders) {
  const std::array headers{event::Header{"reason", "bad"}};
  ASSERT_TRUE(produce(cluster_.properties(), 0, 3'000, headers, "k"));
  ASSERT_TRUE(produce(cluster_.properties(), 1, 10));
  ASSERT_TRUE(produce(cluster_.properties(), 2, 10));
  ASSERT_TRUE(open({{0, 5, 2'500}, {2, 9, 10}}));
  ASSERT_TRUE(read_all());
  std::map<std::int32_t, std::int64_t> next{{0, 5}, {2, 9}};
  for (const event::Record& record : records_) {
    ASSERT_TRUE(next.contains(record.partition)) << record.partition;
    EXPECT_EQ(record.offset, next[record.partition]++);
    EXPECT_EQ(record.value, std::to_string(record.offset));
    if (record.partition != 0) continue;
    EXPECT_EQ(record.key, "k");
    ASSERT_EQ(record.headers.size(), 1U);
    EXPECT_EQ(record.headers[0].value, "bad");
  }
  EXPECT_EQ(next[0], 2'500);
  EXPECT_EQ(next[2], 10);
  records_.clear();
}

TEST_F(ReaderOnMock, IsDoneAtOnceWhereNothingIsToBeRead) {
  ASSERT_TRUE(open({{0, 0, 0}, {1, 7, 7}}));
  EXPECT_TRUE(reader_->done());
  EXPECT_TRUE(reader_->read(Milliseconds(0), records_));
  EXPECT_TRUE(records_.empty());
}

TEST_F(ReaderOnMock, WaitsForARangeThatIsNotYetFull) {
  ASSERT_TRUE(produce(cluster_.properties(), 0, 2));
  ASSERT_TRUE(open({{0, 0, 4}}));
  ASSERT_TRUE(
      until([&] { return records_.size() == 2; }, [&] { ASSERT_TRUE(reader_->read(Milliseconds(50), records_)); }));
  EXPECT_FALSE(reader_->done());
  ASSERT_TRUE(produce(cluster_.properties(), 0, 2));
  ASSERT_TRUE(read_all());
  EXPECT_EQ(records_.size(), 4U);
  records_.clear();
}

TEST_F(ReaderOnMock, SaysThatATopicWasCutBehindTheRange) {
  ASSERT_TRUE(produce(cluster_.properties(), 0, 3));
  ASSERT_TRUE(open({{0, 100, 110}}));
  const Status status = read_all();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().disposition, Disposition::kReject);
  EXPECT_THAT(status.error().message, HasSubstr("partition 0"));
  EXPECT_TRUE(records_.empty());
}

TEST_F(ReaderOnMock, SaysThatAPartitionDoesNotExist) {
  ASSERT_TRUE(open({{9, 0, 10}}));
  const Status status = read_all();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(status.error().disposition, Disposition::kReject);
}

TEST_F(ReaderOnMock, GoesOnAfterAnOutage) {
  ASSERT_TRUE(produce(cluster_.properties(), 0, 100));
  cluster_.broker_down();
  ASSERT_TRUE(open({{0, 0, 100}}));
  for (int i = 0; i < 3; ++i) {
    const Status status = reader_->read(Milliseconds(200), records_);
    EXPECT_TRUE(status || status.error().disposition == Disposition::kRetry);
  }
  EXPECT_TRUE(records_.empty());
  cluster_.broker_up();
  ASSERT_TRUE(until([&] { return reader_->done(); },
                    [&] { [[maybe_unused]] const Status later = reader_->read(Milliseconds(100), records_); }));
  EXPECT_EQ(records_.size(), 100U);
  records_.clear();
}

}  // namespace
}  // namespace hubferry::kafka
