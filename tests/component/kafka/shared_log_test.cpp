#include "kafka/shared_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "mock_cluster.h"
#include "recorders.h"

namespace hubferry::kafka {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kTopic = "control";

// What a log told.
struct LogRecorder : SharedLog::Listener {
  std::vector<std::pair<std::int64_t, bool>> begins;
  std::vector<std::int64_t> offsets;
  std::vector<std::string> values;
  std::vector<std::int64_t> ends;
  std::vector<std::pair<std::uint64_t, std::int64_t>> appended;
  std::vector<std::pair<std::uint64_t, Error>> failed;
  std::vector<Error> troubles;
  int wells = 0;

  void on_begin(std::int64_t oldest, bool anew) override {
    begins.emplace_back(oldest, anew);
    offsets.clear();
    values.clear();
  }
  void on_record(std::int64_t offset, std::int64_t, std::string_view value) override {
    offsets.push_back(offset);
    values.emplace_back(value);
  }
  void on_end(std::int64_t offset) override { ends.push_back(offset); }
  void on_appended(std::uint64_t ticket, std::int64_t offset) override { appended.emplace_back(ticket, offset); }
  void on_append_failed(std::uint64_t ticket, const Error& error) override { failed.emplace_back(ticket, error); }
  void on_trouble(const Error& error) override { troubles.push_back(error); }
  void on_well() override { ++wells; }

  bool ended() const { return !ends.empty(); }
};

class LogOnMock : public ::testing::Test {
 protected:
  // The mock cluster keeps the producers' times.
  static SharedLog::Options quick() {
    SharedLog::Options options;
    options.any_times = true;
    options.append_timeout = Milliseconds(2'000);
    options.trouble_interval = Milliseconds(1'000);
    options.well_interval = Milliseconds(1'000);
    return options;
  }
  std::unique_ptr<SharedLog> log(const SharedLog::Options& options = quick(), const Properties& more = {}) {
    Properties properties = cluster_.properties();
    for (const auto& [name, value] : more) properties[name] = value;
    auto created = SharedLog::create(properties, properties, kTopic, options);
    EXPECT_TRUE(created) << created.error().message;
    return std::move(*created);
  }
  // Polls until `done`.
  static bool served(SharedLog& log, LogRecorder& seen, const std::function<bool()>& done) {
    return until(done, [&] { log.poll(Milliseconds(100), seen); });
  }
  bool begun(SharedLog& log, LogRecorder& seen) {
    return served(log, seen, [&] { return seen.ended(); });
  }
  bool appended(SharedLog& log, LogRecorder& seen, const std::string& value) {
    const std::size_t before = seen.appended.size();
    log.append(value, ++ticket_);
    return served(log, seen, [&] { return seen.appended.size() > before; });
  }
  bool append_until_stored(SharedLog& log, LogRecorder& seen, const std::string& value) {
    const std::size_t before = seen.appended.size();
    std::size_t sent = seen.appended.size() + seen.failed.size();
    return served(log, seen, [&] {
      const std::size_t reports = seen.appended.size() + seen.failed.size();
      if (seen.appended.size() == before && sent == reports) {
        log.append(value, ++ticket_);
        ++sent;
      }
      return seen.appended.size() > before;
    });
  }

  MockCluster cluster_;
  std::uint64_t ticket_ = 0;
  LogRecorder seen_;
};

class SharedLogOnMock : public LogOnMock {
 protected:
  SharedLogOnMock() { cluster_.add_topic(kTopic, 1); }
};

TEST_F(SharedLogOnMock, TellsWhatAllAppendInOneOrderFromTheOldestRecordOn) {
  const auto first = log();
  for (std::uint64_t i = 0; i < 100; ++i) first->append("a" + std::to_string(i), i);
  LogRecorder seen;
  ASSERT_TRUE(served(*first, seen, [&] { return seen.values.size() == 100 && seen.appended.size() == 100; }));
  EXPECT_THAT(seen.begins, ElementsAre(std::pair(0, false)));
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(seen.values[i], "a" + std::to_string(i));
    EXPECT_EQ(seen.offsets[i], static_cast<std::int64_t>(i));
    EXPECT_EQ(seen.appended[i], std::pair(std::uint64_t{i}, static_cast<std::int64_t>(i)));
  }

  const auto second = log();
  for (std::uint64_t i = 0; i < 50; ++i) {
    first->append("b" + std::to_string(i), 100 + i);
    second->append("c" + std::to_string(i), i);
  }
  const auto all = [&] { return seen.values.size() == 200 && seen_.values.size() == 200; };
  ASSERT_TRUE(until(all, [&] {
    first->poll(Milliseconds(10), seen);
    second->poll(Milliseconds(10), seen_);
  }));
  EXPECT_EQ(seen.values, seen_.values);
  EXPECT_EQ(seen.begins.size(), 1U);
  EXPECT_THAT(seen.troubles, IsEmpty());
}

TEST_F(SharedLogOnMock, TellsTheEndEachTimeItIsReached) {
  const auto log = this->log();
  ASSERT_TRUE(begun(*log, seen_));
  EXPECT_THAT(seen_.ends, ElementsAre(0));
  ASSERT_TRUE(appended(*log, seen_, "x"));
  ASSERT_TRUE(served(*log, seen_, [&] { return seen_.ends.back() == 1; }));
  EXPECT_THAT(seen_.values, ElementsAre("x"));
}

TEST_F(SharedLogOnMock, NoticesAnOutageByItselfAndGoesOnWhereItWas) {
  SharedLog::Options options = quick();
  options.well_interval = std::chrono::hours(1);
  const auto log = this->log(options);
  ASSERT_TRUE(appended(*log, seen_, "before"));
  ASSERT_TRUE(served(*log, seen_, [&] { return seen_.values.size() == 1; }));
  cluster_.broker_down();
  ASSERT_TRUE(served(*log, seen_, [&] { return !seen_.troubles.empty(); }));
  const Error& trouble = seen_.troubles.front();
  EXPECT_TRUE(trouble.code == ErrorCode::kUnavailable || trouble.code == ErrorCode::kTimeout) << trouble.message;
  EXPECT_THAT(trouble.message, HasSubstr("Connect to"));
  EXPECT_EQ(seen_.wells, 0);
  cluster_.broker_up();
  ASSERT_TRUE(served(*log, seen_, [&] { return seen_.wells == 1; }));
  ASSERT_TRUE(appended(*log, seen_, "after"));
  ASSERT_TRUE(served(*log, seen_, [&] { return seen_.values.size() == 2; }));
  EXPECT_EQ(seen_.begins.size(), 1U);
}

TEST_F(SharedLogOnMock, AnOldRecordIsGivenUpRatherThanSentLate) {
  const auto log = this->log();
  ASSERT_TRUE(begun(*log, seen_));
  cluster_.broker_down();
  log->append("stale", 7);
  ASSERT_TRUE(served(*log, seen_, [&] { return !seen_.failed.empty(); }));
  EXPECT_EQ(seen_.failed.front().first, 7U);
  EXPECT_EQ(seen_.failed.front().second.code, ErrorCode::kTimeout);
  EXPECT_EQ(seen_.failed.front().second.disposition, Disposition::kRetry);
  cluster_.broker_up();
  ASSERT_TRUE(appended(*log, seen_, "fresh"));
  ASSERT_TRUE(served(*log, seen_, [&] { return !seen_.values.empty(); }));
  EXPECT_THAT(seen_.values, ElementsAre("fresh"));
}

TEST_F(SharedLogOnMock, NeverWaitsForBrokers) {
  cluster_.broker_down();
  const auto log = this->log();
  const Instant start = SteadyClock::now();
  for (int i = 0; i < 20; ++i) log->poll(Milliseconds(10), seen_);
  EXPECT_LT(SteadyClock::now() - start, std::chrono::seconds(2));
  EXPECT_THAT(seen_.begins, IsEmpty());
  cluster_.broker_up();
  ASSERT_TRUE(begun(*log, seen_));
}

TEST_F(SharedLogOnMock, IsWokenByOtherThreads) {
  const auto log = this->log();
  ASSERT_TRUE(begun(*log, seen_));
  std::latch polling{1};
  const std::jthread waker([&] {
    polling.wait();
    log->wake();
  });
  const Instant start = SteadyClock::now();
  polling.count_down();
  log->poll(Milliseconds(20'000), seen_);
  EXPECT_LT(SteadyClock::now() - start, std::chrono::seconds(10));
}

TEST_F(SharedLogOnMock, BeginsAnewWhenItsPositionIsGone) {
  const auto log = this->log();
  ASSERT_TRUE(appended(*log, seen_, "x"));
  ASSERT_TRUE(served(*log, seen_, [&] { return seen_.ended() && seen_.ends.back() == 1; }));
  cluster_.fail_next(kFetchRequest, {RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE});
  ASSERT_TRUE(served(*log, seen_, [&] { return seen_.begins.size() == 2; }));
  EXPECT_EQ(seen_.begins.back(), std::pair(std::int64_t{0}, true));
  ASSERT_TRUE(served(*log, seen_, [&] { return seen_.values.size() == 1; }));
  ASSERT_TRUE(appended(*log, seen_, "y"));
  ASSERT_TRUE(served(*log, seen_, [&] { return seen_.values.size() == 2; }));
  EXPECT_THAT(seen_.values, ElementsAre("x", "y"));
  EXPECT_THAT(seen_.troubles, IsEmpty());
}

TEST_F(SharedLogOnMock, ATopicThatVanishesIsTroubleUntilItIsBack) {
  const auto log = this->log();
  ASSERT_TRUE(appended(*log, seen_, "x"));
  ASSERT_TRUE(served(*log, seen_, [&] { return seen_.values.size() == 1; }));
  cluster_.fail_topic(kTopic, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  ASSERT_TRUE(served(*log, seen_, [&] { return !seen_.troubles.empty(); }));
  EXPECT_EQ(seen_.troubles.front().code, ErrorCode::kNotFound);
  cluster_.fail_topic(kTopic, RD_KAFKA_RESP_ERR_NO_ERROR);
  ASSERT_TRUE(served(*log, seen_, [&] { return seen_.wells == 1; }));
  ASSERT_TRUE(append_until_stored(*log, seen_, "y"));
  ASSERT_TRUE(served(*log, seen_, [&] { return seen_.values.size() >= 2; }));
  EXPECT_THAT(seen_.begins, ElementsAre(std::pair(0, false), std::pair(0, true))) << "it could be another topic";
  EXPECT_THAT(seen_.values, ElementsAre("x", "y"));
}

TEST_F(SharedLogOnMock, LackingTheRightToReadIsTroubleUntilItIsGiven) {
  const auto log = this->log();
  ASSERT_TRUE(begun(*log, seen_));
  cluster_.fail_next(kFetchRequest, {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  ASSERT_TRUE(served(*log, seen_, [&] { return seen_.wells == 1; }));
  ASSERT_EQ(seen_.troubles.size(), 1U);
  EXPECT_EQ(seen_.troubles[0].code, ErrorCode::kInvalid);
  EXPECT_THAT(seen_.troubles[0].message,
              AllOf(HasSubstr("reading control topic control"), HasSubstr("read from (Listen)")));
  EXPECT_THAT(seen_.begins, ElementsAre(std::pair(0, false)));
}

TEST_F(SharedLogOnMock, LackingTheRightToWriteIsTroubleUntilAnAppendSucceeds) {
  const auto log = this->log();
  ASSERT_TRUE(begun(*log, seen_));
  cluster_.fail_next(kProduceRequest, {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  log->append("x", 1);
  ASSERT_TRUE(served(*log, seen_, [&] { return !seen_.troubles.empty(); }));
  EXPECT_EQ(seen_.failed.at(0).first, 1U);
  EXPECT_EQ(seen_.troubles[0].code, ErrorCode::kInvalid);
  EXPECT_THAT(seen_.troubles[0].message, HasSubstr("write to (Send)"));
  EXPECT_EQ(seen_.wells, 0);
  ASSERT_TRUE(append_until_stored(*log, seen_, "y"));
  EXPECT_EQ(seen_.wells, 1);
  EXPECT_EQ(seen_.begins.size(), 1U);
}

TEST_F(SharedLogOnMock, ARecordThatIsTooLargeIsRefusedAndNoTrouble) {
  const auto log = this->log(quick(), {{"message.max.bytes", "1000"}});
  ASSERT_TRUE(begun(*log, seen_));
  log->append(std::string(2'000, 'x'), 1);
  ASSERT_TRUE(served(*log, seen_, [&] { return !seen_.failed.empty(); }));
  EXPECT_EQ(seen_.failed[0].second.disposition, Disposition::kReject);
  ASSERT_TRUE(appended(*log, seen_, "y"));
  EXPECT_THAT(seen_.troubles, IsEmpty());
}

TEST_F(SharedLogOnMock, RecordsWithTheProducersTimesAreTrouble) {
  SharedLog::Options options = quick();
  options.any_times = false;
  const auto log = this->log(options);
  ASSERT_TRUE(begun(*log, seen_));
  EXPECT_THAT(seen_.troubles, IsEmpty()) << "the mock cluster does not tell the topic's settings";
  ASSERT_TRUE(appended(*log, seen_, "x"));
  ASSERT_TRUE(served(*log, seen_, [&] { return !seen_.troubles.empty(); }));
  EXPECT_EQ(seen_.troubles[0].code, ErrorCode::kInvalid);
  EXPECT_THAT(seen_.troubles[0].message,
              AllOf(HasSubstr("producers' times"), HasSubstr("kafka-configs.sh"),
                    HasSubstr("--entity-name control --add-config message.timestamp.type=LogAppendTime")));
}

TEST_F(SharedLogOnMock, TimesAreNotAskedForWhereTheServiceStampsAnyhow) {
  SharedLog::Options options = quick();
  options.any_times = false;
  const auto log = this->log(options, {{"sasl.username", "$ConnectionString"}});
  ASSERT_TRUE(appended(*log, seen_, "x"));
  ASSERT_TRUE(served(*log, seen_, [&] { return seen_.ended() && !seen_.values.empty(); }));
  EXPECT_THAT(seen_.troubles, IsEmpty());
}

TEST_F(LogOnMock, ATopicThatDoesNotExistIsTroubleThatSaysHowToCreateIt) {
  cluster_.fail_topic(kTopic, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  const auto log = this->log();
  ASSERT_TRUE(served(*log, seen_, [&] { return !seen_.troubles.empty(); }));
  EXPECT_EQ(seen_.troubles[0].code, ErrorCode::kNotFound);
  EXPECT_THAT(seen_.troubles[0].message,
              AllOf(HasSubstr("hubferryctl topics create --control"),
                    HasSubstr("kafka-topics.sh --bootstrap-server 127.0.0.1:"),
                    HasSubstr("--create --topic control --partitions 1 --config cleanup.policy=delete --config "
                              "message.timestamp.type=LogAppendTime --config retention.ms=604800000")));
  EXPECT_THAT(seen_.begins, IsEmpty());
}

TEST_F(LogOnMock, ATopicOfEventHubsIsCreatedByTheAzureCli) {
  cluster_.fail_topic(kTopic, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  const auto log = this->log(quick(), {{"sasl.username", "$ConnectionString"}});
  ASSERT_TRUE(served(*log, seen_, [&] { return !seen_.troubles.empty(); }));
  EXPECT_THAT(seen_.troubles[0].message,
              HasSubstr("az eventhubs eventhub create --resource-group RESOURCE_GROUP --namespace-name NAMESPACE "
                        "--name control --partition-count 1 --cleanup-policy Delete --retention-time-in-hours 168"));
}

TEST_F(LogOnMock, ATopicWithSeveralPartitionsIsNotRead) {
  cluster_.add_topic(kTopic, 2);
  const auto log = this->log();
  ASSERT_TRUE(served(*log, seen_, [&] { return !seen_.troubles.empty(); }));
  EXPECT_EQ(seen_.troubles[0].code, ErrorCode::kInvalid);
  EXPECT_THAT(seen_.troubles[0].message, AllOf(HasSubstr("it has 2 partitions"), HasSubstr("new topic")));
  EXPECT_THAT(seen_.begins, IsEmpty());
}

TEST_F(LogOnMock, APropertyThatIsWrongIsNamed) {
  Properties properties = cluster_.properties();
  properties["fetch.wait.max.mz"] = "5";
  const auto created = SharedLog::create(properties, properties, kTopic);
  ASSERT_FALSE(created);
  EXPECT_THAT(created.error().message, HasSubstr("fetch.wait.max.mz"));
}

}  // namespace
}  // namespace hubferry::kafka
