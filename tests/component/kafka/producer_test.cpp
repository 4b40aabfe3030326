#include "kafka/producer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "mock_cluster.h"
#include "recorders.h"

namespace hubferry::kafka {
namespace {

using ::testing::HasSubstr;

class ProducerOnMock : public ::testing::Test {
 protected:
  ProducerOnMock() { cluster_.add_topic("orders", 4); }

  std::unique_ptr<Producer> producer(const Properties& more = {}, const std::string& topic = "orders") {
    Properties properties = cluster_.properties();
    for (const auto& [name, value] : more) properties[name] = value;
    auto created = Producer::create(properties, topic);
    EXPECT_TRUE(created) << created.error().message;
    return std::move(*created);
  }

  static Producer::Send send(Producer& producer, std::uint64_t ticket, std::string_view value = "{}",
                             std::int32_t partition = 0) {
    Producer::Record record;
    record.partition = partition;
    record.value = value;
    record.ticket = ticket;
    return producer.send(record);
  }

  bool served(Producer& producer, std::size_t reports) {
    return until([&] { return seen_.reports() >= reports; }, [&] { producer.poll(Milliseconds(50), seen_); });
  }

  MockCluster cluster_;
  ProducerRecorder seen_;
};

TEST_F(ProducerOnMock, ReportsEveryRecordInTheOrderOfItsPartition) {
  const auto producer = this->producer();
  for (std::uint64_t ticket = 0; ticket < 2000; ++ticket) {
    ASSERT_EQ(send(*producer, ticket, "{}", static_cast<std::int32_t>(ticket % 4)), Producer::Send::kQueued);
  }
  EXPECT_EQ(producer->in_flight(), 2000U);
  ASSERT_TRUE(served(*producer, 2000));

  EXPECT_TRUE(seen_.failed.empty());
  EXPECT_EQ(producer->in_flight(), 0U);
  std::array<std::uint64_t, 4> next_ticket{0, 1, 2, 3};
  std::array<std::int64_t, 4> next_offset{};
  for (const auto& report : seen_.acknowledged) {
    const auto partition = static_cast<std::size_t>(report.partition);
    EXPECT_EQ(report.ticket, std::exchange(next_ticket[partition], report.ticket + 4));
    EXPECT_EQ(report.offset, next_offset[partition]++);
  }
}

TEST_F(ProducerOnMock, SaysWhenItsQueueIsFullAndTakesMoreAfterReports) {
  const auto producer = this->producer({{"queue.buffering.max.messages", "10"}, {"linger.ms", "50"}});
  for (std::uint64_t ticket = 0; ticket < 10; ++ticket) {
    ASSERT_EQ(send(*producer, ticket), Producer::Send::kQueued);
  }
  EXPECT_EQ(send(*producer, 10), Producer::Send::kQueueFull);
  EXPECT_EQ(producer->in_flight(), 10U);
  ASSERT_TRUE(served(*producer, 10));
  EXPECT_EQ(send(*producer, 10), Producer::Send::kQueued);
  EXPECT_TRUE(served(*producer, 11));
}

TEST_F(ProducerOnMock, RejectsAnEventLargerThanTheLimitBeforeSendingIt) {
  const auto producer = this->producer({{"message.max.bytes", "1000"}});
  const std::string large(2000, 'x');
  EXPECT_EQ(send(*producer, 1, large), Producer::Send::kFailed);
  EXPECT_EQ(producer->last_error().disposition, Disposition::kReject);
  EXPECT_EQ(producer->last_error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(producer->in_flight(), 0U);
}

TEST_F(ProducerOnMock, KnowsThePartitionsOfItsTopic) {
  const auto producer = this->producer();
  const auto count = producer->partition_count(kPatience);
  ASSERT_TRUE(count) << count.error().message;
  EXPECT_EQ(*count, 4);
}

TEST_F(ProducerOnMock, RefusesAnUnknownPartitionAlsoWithHeaders) {
  const auto producer = this->producer();
  ASSERT_TRUE(producer->partition_count(kPatience));
  const std::array headers{event::Header{"hf", "12345678901234567890"}};
  Producer::Record record;
  record.partition = 7;
  record.value = "{}";
  record.headers = headers;
  EXPECT_EQ(producer->send(record), Producer::Send::kUnknownPartition);
  EXPECT_EQ(producer->in_flight(), 0U);
}

TEST_F(ProducerOnMock, SaysThatATopicDoesNotExist) {
  cluster_.fail_topic("misspelt", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  const auto producer = this->producer({{"topic.metadata.propagation.max.ms", "0"}}, "misspelt");
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto count = producer->partition_count(kPatience);
    ASSERT_FALSE(count);
    EXPECT_EQ(count.error().code, ErrorCode::kNotFound);
    EXPECT_THAT(count.error().message, HasSubstr("misspelt"));
  }
  EXPECT_EQ(send(*producer, 1), Producer::Send::kUnknownPartition);
}

TEST_F(ProducerOnMock, SaysThatTheClusterIsUnreachable) {
  cluster_.broker_down();
  const auto producer = this->producer();
  const auto count = producer->partition_count(Milliseconds(300));
  ASSERT_FALSE(count);
  EXPECT_EQ(count.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(count.error().disposition, Disposition::kRetry);
}

TEST_F(ProducerOnMock, KeepsRecordsThroughABrokerThatIsAway) {
  const auto producer = this->producer();
  ASSERT_TRUE(producer->partition_count(kPatience));
  cluster_.broker_down();
  for (std::uint64_t ticket = 0; ticket < 100; ++ticket) {
    ASSERT_EQ(send(*producer, ticket), Producer::Send::kQueued);
  }
  ASSERT_TRUE(until([&] { return !seen_.brokers_up.empty() && seen_.brokers_up.back() == 0; },
                    [&] { producer->poll(Milliseconds(50), seen_); }));
  EXPECT_EQ(seen_.reports(), 0U);
  cluster_.broker_up();
  ASSERT_TRUE(served(*producer, 100));
  EXPECT_EQ(seen_.acknowledged.size(), 100U);
  EXPECT_TRUE(until([&] { return seen_.brokers_up.back() == 1; }, [&] { producer->poll(Milliseconds(50), seen_); }));
}

TEST_F(ProducerOnMock, CountsNoFailureWhileTheClusterRefusesForNow) {
  cluster_.fail_next(kProduceRequest, {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT});
  const auto producer = this->producer();
  ASSERT_EQ(send(*producer, 1), Producer::Send::kQueued);
  ASSERT_TRUE(served(*producer, 1));
  EXPECT_EQ(seen_.acknowledged.size(), 1U);
  EXPECT_TRUE(seen_.fatal.empty());
}

TEST_F(ProducerOnMock, TurnsThrottlingIntoRetryAndARebuild) {
  cluster_.fail_next(kProduceRequest, {RD_KAFKA_RESP_ERR_POLICY_VIOLATION});
  const auto producer = this->producer();
  ASSERT_EQ(send(*producer, 1), Producer::Send::kQueued);
  ASSERT_TRUE(until([&] { return !seen_.failed.empty() && !seen_.fatal.empty(); },
                    [&] { producer->poll(Milliseconds(50), seen_); }));
  EXPECT_EQ(seen_.failed[0].first, 1U);
  EXPECT_EQ(seen_.failed[0].second.disposition, Disposition::kRetry);
  EXPECT_EQ(seen_.fatal.size(), 1U);
}

TEST_F(ProducerOnMock, TellsThatTheBrokerRejectsAnEvent) {
  cluster_.fail_next(kProduceRequest, {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE});
  const auto producer = this->producer();
  ASSERT_EQ(send(*producer, 9), Producer::Send::kQueued);
  ASSERT_TRUE(served(*producer, 1));
  ASSERT_EQ(seen_.failed.size(), 1U);
  EXPECT_EQ(seen_.failed[0].second.disposition, Disposition::kReject);
  EXPECT_THAT(seen_.failed[0].second.message, HasSubstr("topic orders partition 0"));
}

TEST_F(ProducerOnMock, IsReplacedAfterAFatalError) {
  auto producer = this->producer();
  ASSERT_EQ(send(*producer, 1), Producer::Send::kQueued);
  ASSERT_TRUE(served(*producer, 1));

  cluster_.fail_next(kProduceRequest, {RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER});
  ASSERT_EQ(send(*producer, 2), Producer::Send::kQueued);
  ASSERT_TRUE(until([&] { return !seen_.fatal.empty(); }, [&] { producer->poll(Milliseconds(50), seen_); }));
  EXPECT_EQ(seen_.fatal[0].disposition, Disposition::kFatal);
  EXPECT_EQ(send(*producer, 3), Producer::Send::kFailed);
  EXPECT_EQ(producer->last_error().disposition, Disposition::kFatal);
  producer->poll(Milliseconds(0), seen_);
  EXPECT_EQ(seen_.fatal.size(), 1U) << "told once";

  producer = this->producer();
  ASSERT_EQ(send(*producer, 4), Producer::Send::kQueued);
  ASSERT_TRUE(until([&] { return seen_.acknowledged.size() == 2; }, [&] { producer->poll(Milliseconds(50), seen_); }));
  EXPECT_EQ(seen_.acknowledged.back().ticket, 4U);
}

TEST_F(ProducerOnMock, LeavesTheBytesOfRecordsAloneOnceDestroyed) {
  for (const bool reachable : {true, false}) {
    if (!reachable) cluster_.broker_down();
    auto producer = this->producer({{"linger.ms", reachable ? "0" : "100"}});
    auto bytes = std::make_unique<std::vector<std::string>>(5000, std::string(1000, 'x'));
    std::uint64_t ticket = 0;
    for (const std::string& value : *bytes) ASSERT_EQ(send(*producer, ticket++, value), Producer::Send::kQueued);
    producer->poll(Milliseconds(1), seen_);
    const Instant start = SteadyClock::now();
    producer.reset();
    bytes.reset();
    EXPECT_LT(SteadyClock::now() - start, std::chrono::seconds(5));
  }
}

TEST_F(ProducerOnMock, NamesThePropertyThatIsWrong) {
  Properties properties = cluster_.properties();
  properties["compression.typo"] = "gzip";
  auto unknown = Producer::create(properties, "orders");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(unknown.error().message, HasSubstr("compression.typo"));

  properties = cluster_.properties();
  properties["linger.ms"] = "soon";
  auto invalid = Producer::create(properties, "orders");
  ASSERT_FALSE(invalid);
  EXPECT_THAT(invalid.error().message, HasSubstr("linger.ms"));
  EXPECT_THAT(invalid.error().message, HasSubstr("Invalid value"));

  auto nowhere = Producer::create({}, "orders");
  ASSERT_FALSE(nowhere);
  EXPECT_THAT(nowhere.error().message, HasSubstr("bootstrap.servers"));
}

TEST_F(ProducerOnMock, KeepsItsOwnSettingsWhateverTheUserSays) {
  const auto producer = this->producer({{"acks", "1"}, {"enable.idempotence", "false"}, {"message.timeout.ms", "1"}});
  cluster_.broker_down();
  ASSERT_EQ(send(*producer, 1), Producer::Send::kQueued);
  ASSERT_TRUE(until([&] { return seen_.brokers_up.size() >= 5; }, [&] { producer->poll(Milliseconds(50), seen_); }));
  EXPECT_EQ(seen_.reports(), 0U) << "the record timed out";
}

}  // namespace
}  // namespace hubferry::kafka
