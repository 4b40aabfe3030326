// The produce road on a real spool and librdkafka's mock cluster, whose errors are injected request by request.
#include "produce/produce_road.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <cstring>
#include <fstream>
#include <future>
#include <numeric>
#include <set>

#include "component/kafka/mock_cluster.h"
#include "event/frame.h"
#include "event/origin.h"
#include "kafka/tail_reader.h"

namespace hubferry::produce {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr Milliseconds kPatience{30'000};
constexpr std::int32_t kPartitions = 2;

// `done` waits for something itself.
bool until(const std::function<bool()>& done) {
  const Instant end = SteadyClock::now() + kPatience;
  while (!done()) {
    if (SteadyClock::now() > end) return false;
  }
  return true;
}

struct Stored : kafka::TailReader::Listener {
  void on_record(std::int32_t partition, std::int64_t, std::optional<std::string_view> header) override {
    const auto origin = header ? event::decode_origin(*header) : std::nullopt;
    if (origin) sequences[partition].push_back(origin->sequence);
  }
  void on_end(std::int32_t partition, std::int64_t) override { ended.insert(partition); }
  void on_error(const Error& error) override { ADD_FAILURE() << error.message; }

  std::map<std::int32_t, std::vector<std::uint64_t>> sequences;  // by partition, in the order of the topic
  std::set<std::int32_t> ended;
};

using Places = std::vector<spool::Feedback::Stored>;

class RoadOnMock : public ::testing::Test {
 protected:
  RoadOnMock() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hubferry-road-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    cluster_.add_topic("orders", kPartitions);
    route_.name = "orders";
    route_.topic = "orders";
    route_.retry_initial = Milliseconds(20);
    route_.retry_max = Milliseconds(100);
    route_.reconcile_settle = Milliseconds(200);
    properties_ = cluster_.properties();
    properties_["linger.ms"] = "20";
    open();
  }
  ~RoadOnMock() override {
    close();
    std::filesystem::remove_all(directory_);
  }

  void open() {
    spool::Options options;
    options.directory = directory_;
    options.segment_bytes = 1 << 20;
    auto spool = spool::Spool::open(spool::real_file_system(), options);
    ASSERT_TRUE(spool) << spool.error().message;
    spool_ = std::move(*spool);
    health_ = std::make_unique<observe::Health>();
    metrics_ = std::make_unique<observe::Metrics>();
    feedback_ = std::make_unique<spool::Feedback>();
    auto road = ProduceRoad::create(route_, {properties_, cluster_.properties(), directory_}, *spool_, *feedback_,
                                    *metrics_, *health_);
    ASSERT_TRUE(road) << road.error().message;
    road_ = std::move(*road);
    if (const auto last = spool_->statistics().last_sequence; last != 0) {
      feedback_->announce();
      watch(last, last);
    }
  }
  void close() {
    road_.reset();
    spool_.reset();
  }

  static spool::RecordBatch batch_of(std::size_t count,
                                     const std::function<event::OutboundEvent(std::size_t)>& event_of) {
    spool::RecordBatch batch;
    for (std::size_t i = 0; i < count; ++i) {
      const event::OutboundEvent event = event_of(i);
      event::encode_frame(event, batch.add(static_cast<std::uint32_t>(event::frame_size(event))));
    }
    return batch;
  }
  static event::OutboundEvent plain_event(std::size_t) {
    event::OutboundEvent event;
    event.value = "{}";
    event.partition = 0;
    return event;
  }
  void append(std::size_t count, const std::function<event::OutboundEvent(std::size_t)>& event_of = plain_event) {
    append(batch_of(count, event_of));
  }
  void append(spool::RecordBatch batch) {
    feedback_->announce();
    const std::uint64_t last = store(std::move(batch)).last;
    watch(last, last);
  }
  spool::Receipt store(spool::RecordBatch batch) {
    std::promise<spool::Receipt> done;
    spool_->append(std::move(batch),
                   [&done](const auto& receipt) { done.set_value(receipt.value_or(spool::Receipt{})); });
    const spool::Receipt receipt = done.get_future().get();
    EXPECT_NE(receipt.last, 0U) << "the spool refused";
    return receipt;
  }

  // `last_` will be told when the broker has these events; before that nothing behind them in the spool is
  // acknowledged.
  void watch(std::uint64_t first, std::uint64_t last) {
    auto told = std::make_shared<std::promise<Places>>();
    last_ = told->get_future();
    feedback_->watch(first, last, SteadyClock::now() + 2 * kPatience,
                     [told](Places places) { told->set_value(std::move(places)); });
  }

  // Waits until the broker has what was appended last. Nothing before it is left then: all is in one partition.
  bool drained() {
    return last_.wait_for(kPatience) == std::future_status::ready && spool_->statistics().unacknowledged == 0;
  }

  // The mock stores at once and answers so late that the road does not live to see it. Reading beside the road shows
  // that it has happened.
  void land_without_acknowledgement(std::size_t count) {
    append(count);
    cluster_.delay_next(kafka::kProduceRequest, Milliseconds(60'000));
    road_->start();
    ASSERT_TRUE(until([&] { return stored().sequences[0].size() == count; }));
    EXPECT_EQ(spool_->statistics().unacknowledged, count);
    close();
    open();
  }

  // What the topic holds, read when nothing more is on its way.
  Stored stored() {
    Stored stored;
    auto reader = kafka::TailReader::create(cluster_.properties(), "orders", "hf");
    for (std::int32_t p = 0; p < kPartitions; ++p) EXPECT_TRUE((*reader)->start(p, 0));
    EXPECT_TRUE(until([&] {
      (*reader)->poll(Milliseconds(20), stored);
      return stored.ended.size() == kPartitions;
    }));
    return stored;
  }

  double metric(const std::string& name) {
    const std::string text = metrics_->text();
    const auto at = text.find("\n" + name + "{");
    if (at == std::string::npos) return 0;
    return std::stod(text.substr(text.find("} ", at) + 2));
  }

  std::vector<std::string> refused_lines() {
    std::ifstream file(directory_ / "refused.ndjson");
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

  static std::vector<std::uint64_t> numbers(std::uint64_t first, std::uint64_t last) {
    std::vector<std::uint64_t> all(last - first + 1);
    std::iota(all.begin(), all.end(), first);
    return all;
  }

  std::filesystem::path directory_;
  kafka::MockCluster cluster_;
  config::ProduceRoute route_;
  kafka::Properties properties_;
  std::unique_ptr<observe::Health> health_;
  std::unique_ptr<observe::Metrics> metrics_;
  std::unique_ptr<spool::Feedback> feedback_;
  std::unique_ptr<spool::Spool> spool_;
  std::unique_ptr<ProduceRoad> road_;
  std::future<Places> last_;
};

TEST_F(RoadOnMock, SendsWhatTheSpoolHoldsAndReleasesIt) {
  append(100);
  road_->start();
  append(100);
  ASSERT_TRUE(drained());
  EXPECT_EQ(stored().sequences[0], numbers(1, 200));
  EXPECT_EQ(feedback_->partitions(), kPartitions);
}

TEST_F(RoadOnMock, TellsWhereEventsWereStored) {
  feedback_->announce();
  const spool::Receipt receipt = store(batch_of(2, plain_event));
  watch(receipt.first, receipt.last);
  road_->start();
  const auto places = last_.get();
  ASSERT_EQ(places.size(), 2U);
  EXPECT_EQ(places[0].offset, 0);
  EXPECT_EQ(places[1].offset, 1);
}

TEST_F(RoadOnMock, WhatLandedWithoutItsAcknowledgementIsNotSentAgainAfterACrash) {
  land_without_acknowledgement(50);
  append(50);
  road_->start();
  ASSERT_TRUE(drained());
  EXPECT_EQ(stored().sequences[0], numbers(1, 100));
  EXPECT_EQ(metric("hubferry_events_reconciled_total"), 50);
  EXPECT_EQ(metric("hubferry_reconcile_incomplete_total"), 0);
}

TEST_F(RoadOnMock, WithoutReconcileItIsSentAgainAndThatIsCounted) {
  close();
  route_.reconcile = false;
  open();
  land_without_acknowledgement(10);
  road_->start();
  ASSERT_TRUE(drained());
  EXPECT_THAT(stored().sequences[0], SizeIs(20));
  EXPECT_EQ(metric("hubferry_reconcile_incomplete_total"), 1);
}

TEST_F(RoadOnMock, CredentialsThatMayOnlySendStillSend) {
  cluster_.fail_next(kafka::kListOffsetsRequest,
                     {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  land_without_acknowledgement(10);
  road_->start();
  ASSERT_TRUE(drained());
  EXPECT_THAT(stored().sequences[0], SizeIs(20)) << "it cannot know what landed";
  EXPECT_EQ(metric("hubferry_reconcile_incomplete_total"), 1);
}

TEST_F(RoadOnMock, ACleanRestartReadsNothingBack) {
  append(20);
  road_->start();
  ASSERT_TRUE(drained());
  close();
  open();
  append(20);
  road_->start();
  ASSERT_TRUE(drained());
  EXPECT_EQ(stored().sequences[0], numbers(1, 40));
  EXPECT_EQ(metric("hubferry_reconcile_incomplete_total"), 0);
}

// The mock refuses the batch of 500 whole, then the first event that comes alone.
TEST_F(RoadOnMock, OfARefusedBatchOnlyWhatIsRefusedAloneIsSetAside) {
  append(500);
  cluster_.fail_next(kafka::kProduceRequest, {RD_KAFKA_RESP_ERR_INVALID_RECORD, RD_KAFKA_RESP_ERR_INVALID_RECORD});
  road_->start();
  append(10);
  ASSERT_TRUE(drained());
  EXPECT_EQ(stored().sequences[0], numbers(2, 510));
  ASSERT_THAT(refused_lines(), SizeIs(1));
  EXPECT_THAT(refused_lines()[0], HasSubstr("\"sequence\":1,"));
  EXPECT_THAT(refused_lines()[0], HasSubstr("INVALID_RECORD"));
  EXPECT_EQ(metric("hubferry_events_refused_total"), 1);
}

TEST_F(RoadOnMock, AnEventTheClientRefusesIsSetAsideAndTheOthersPass) {
  close();
  properties_["message.max.bytes"] = "2000";
  open();
  const std::string large(3'000, 'x');
  append(10, [&large](std::size_t i) {
    event::OutboundEvent event;
    event.value = i == 4 ? std::string_view(large) : "{}";
    event.partition = 0;
    return event;
  });
  road_->start();
  ASSERT_TRUE(drained());
  EXPECT_THAT(stored().sequences[0], ElementsAre(1, 2, 3, 4, 6, 7, 8, 9, 10));
  ASSERT_THAT(refused_lines(), SizeIs(1));
  EXPECT_THAT(refused_lines()[0], HasSubstr("\"sequence\":5,"));
}

TEST_F(RoadOnMock, ARecordOfTheSpoolThatIsNoEventIsSetAside) {
  spool::RecordBatch batch;
  std::memcpy(batch.add(4), "junk", 4);
  append(std::move(batch));
  append(3);
  road_->start();
  ASSERT_TRUE(drained());
  EXPECT_EQ(stored().sequences[0], numbers(2, 4));
  ASSERT_THAT(refused_lines(), SizeIs(1));
  EXPECT_THAT(refused_lines()[0], HasSubstr("\"frame_base64\":\"anVuaw==\""));
}

TEST_F(RoadOnMock, StopsOnlyWhenTheDrainThatWasAskedForIsDone) {
  append(2'000);
  road_->start();
  road_->request_drain(SteadyClock::now() + kPatience);
  road_->stop();
  EXPECT_EQ(spool_->statistics().unacknowledged, 0U);
  EXPECT_EQ(stored().sequences[0], numbers(1, 2'000));
}

// Each route has its own spool, thread and producer.
TEST_F(RoadOnMock, ATopicThatIsNotThereDoesNotStopAnotherOne) {
  config::ProduceRoute blocked = route_;
  blocked.name = blocked.topic = "blocked";
  cluster_.fail_topic("blocked", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  spool::Options options;
  options.directory = directory_ / "blocked";
  options.segment_bytes = 1 << 20;
  auto spool = spool::Spool::open(spool::real_file_system(), options);
  ASSERT_TRUE(spool);
  spool::RecordBatch batch;
  const event::OutboundEvent event{.key = std::nullopt, .value = "{}", .headers = {}};
  event::encode_frame(event, batch.add(static_cast<std::uint32_t>(event::frame_size(event))));
  std::promise<bool> done;
  (*spool)->append(std::move(batch), [&done](const auto& receipt) { done.set_value(receipt.has_value()); });
  ASSERT_TRUE(done.get_future().get());
  spool::Feedback feedback;
  const Connections connections{properties_, cluster_.properties(), options.directory};
  auto other = ProduceRoad::create(blocked, connections, **spool, feedback, *metrics_, *health_);
  ASSERT_TRUE(other);
  (*other)->start();
  append(100);
  road_->start();
  ASSERT_TRUE(drained());
  EXPECT_EQ((*spool)->statistics().unacknowledged, 1U);
  EXPECT_EQ(feedback.partitions(), 0);
  other->reset();
}

// Whatever a broker answers that may pass: nothing is dropped, set aside, reordered or stored twice.
class Passing : public RoadOnMock, public ::testing::WithParamInterface<rd_kafka_resp_err_t> {};

TEST_P(Passing, IsOvercomeInOrderWithoutADuplicate) {
  append(40);
  cluster_.fail_next(kafka::kProduceRequest, {GetParam(), GetParam()});
  road_->start();
  append(40);
  ASSERT_TRUE(drained());
  EXPECT_EQ(stored().sequences[0], numbers(1, 80));
  EXPECT_THAT(refused_lines(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Errors, Passing,
    ::testing::Values(RD_KAFKA_RESP_ERR_POLICY_VIOLATION, RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
                      RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                      RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                      RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
                      RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                      RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_UNKNOWN,
                      RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
                      RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING,
                      RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, RD_KAFKA_RESP_ERR__TRANSPORT),
    [](const auto& instance) {
      std::string name = rd_kafka_err2name(instance.param);
      name.erase(0, name.find_first_not_of('_'));
      return name;
    });

}  // namespace
}  // namespace hubferry::produce
