// Topic handler and dead letters on librdkafka's mock cluster.
#include "deliver/topic_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "component/deliver/answers.h"
#include "component/kafka/mock_cluster.h"
#include "deliver/dead_letter.h"
#include "event/partitioner.h"

namespace hubferry::deliver {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr std::int32_t kPartitions = 4;

struct Stored {
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::string>> headers;
  std::int32_t partition = 0;
};

// All records of a topic, partition by partition.
std::vector<Stored> stored_in(const kafka::MockCluster& cluster, const std::string& topic) {
  std::string reason;
  const std::unique_ptr<RdKafka::Conf> configuration(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  configuration->set("bootstrap.servers", cluster.properties()["bootstrap.servers"], reason);
  configuration->set("group.id", "test", reason);
  configuration->set("enable.partition.eof", "true", reason);
  const std::unique_ptr<RdKafka::KafkaConsumer> consumer(RdKafka::KafkaConsumer::create(configuration.get(), reason));
  std::vector<RdKafka::TopicPartition*> partitions;
  for (std::int32_t i = 0; i < kPartitions; ++i) partitions.push_back(RdKafka::TopicPartition::create(topic, i, 0));
  consumer->assign(partitions);
  RdKafka::TopicPartition::destroy(partitions);
  std::map<std::int32_t, std::vector<Stored>> read;
  const Instant end = SteadyClock::now() + kPatience;
  for (std::int32_t ends = 0; ends < kPartitions && SteadyClock::now() < end;) {
    const std::unique_ptr<RdKafka::Message> message(consumer->consume(100));
    if (message->err() == RdKafka::ERR__PARTITION_EOF) ++ends;
    if (message->err() != RdKafka::ERR_NO_ERROR) continue;
    Stored stored;
    if (message->key() != nullptr) stored.key = *message->key();
    if (message->payload() != nullptr) stored.value.emplace(static_cast<char*>(message->payload()), message->len());
    if (message->headers() != nullptr) {
      for (const auto& header : message->headers()->get_all()) {
        const auto* const bytes = static_cast<const char*>(header.value());
        stored.headers.emplace_back(header.key(),
                                    bytes == nullptr ? "(none)" : std::string(bytes, header.value_size()));
      }
    }
    stored.partition = message->partition();
    read[stored.partition].push_back(std::move(stored));
  }
  consumer->close();
  std::vector<Stored> all;
  for (auto& [partition, records] : read) std::move(records.begin(), records.end(), std::back_inserter(all));
  return all;
}

class TopicHandlerOnMock : public testing::Test {
 protected:
  TopicHandlerOnMock() {
    cluster_.add_topic("copy", kPartitions);
    route_.name = "copy";
    route_.topic = "orders";
    route_.group = "g";
    route_.handler.scheme = config::HandlerScheme::kTopic;
    route_.handler.target = "topic:copy";
    route_.retry_initial = Milliseconds(20);
    route_.retry_max = Milliseconds(100);
    properties_ = cluster_.properties();
    properties_["topic.metadata.propagation.max.ms"] = "0";
  }
  std::unique_ptr<Handler> open() {
    auto handler = make_handler(route_, properties_, answers_);
    EXPECT_TRUE(handler) << handler.error().message;
    return std::move(*handler);
  }
  static std::vector<Delivery> batch(std::int64_t first, std::int64_t count, const std::string& key) {
    std::vector<Delivery> list;
    for (std::int64_t i = first; i < first + count; ++i) list.push_back(delivery_of({i, key, std::to_string(i)}));
    return list;
  }
  std::vector<std::string> values() const {
    std::vector<std::string> list;
    for (const Stored& stored : stored_in(cluster_, "copy")) list.push_back(stored.value.value_or("(none)"));
    return list;
  }

  kafka::MockCluster cluster_;
  config::ConsumeRoute route_;
  kafka::Properties properties_;
  AnswerRecorder answers_;
};

TEST_F(TopicHandlerOnMock, KeepsKeyValueAndHeaders) {
  const auto handler = open();
  deliver_one(*handler, {1, "k", "v", {{"a", "1"}, {"hf", "12345678901234567890"}, {"b", std::nullopt}}});
  ASSERT_TRUE(answers_.wait(1));
  deliver_one(*handler, {2, "k", std::nullopt});
  deliver_one(*handler, {3, "", ""});
  ASSERT_TRUE(answers_.wait(3));
  for (int i = 1; i <= 3; ++i) EXPECT_EQ(answers_.of(i).verdict, Verdict::kDone) << answers_.of(i).reason;
  const auto stored = stored_in(cluster_, "copy");
  ASSERT_EQ(stored.size(), 3U);
  const auto event = std::find_if(stored.begin(), stored.end(), [](const Stored& each) { return each.value == "v"; });
  ASSERT_NE(event, stored.end());
  EXPECT_EQ(event->key, "k");
  EXPECT_EQ(event->partition, event::murmur2_partition("k", kPartitions));
  EXPECT_THAT(event->headers,
              ElementsAre(Pair("a", "1"), Pair("hf-origin", "12345678901234567890"), Pair("b", "(none)")));
  EXPECT_TRUE(std::any_of(stored.begin(), stored.end(), [](const Stored& each) {
    return each.key == "k" && !each.value;
  })) << "a tombstone stays one";
  EXPECT_TRUE(
      std::any_of(stored.begin(), stored.end(), [](const Stored& each) { return each.key == "" && each.value == ""; }));
}

TEST_F(TopicHandlerOnMock, SpreadsEventsWithoutAKey) {
  const auto handler = open();
  for (int i = 0; i < 64; ++i) deliver_one(*handler, {i});
  ASSERT_TRUE(answers_.wait(64));
  std::map<std::int32_t, int> per_partition;
  for (const Stored& stored : stored_in(cluster_, "copy")) {
    ++per_partition[stored.partition];
    EXPECT_FALSE(stored.key);
  }
  EXPECT_EQ(per_partition.size(), static_cast<std::size_t>(kPartitions));
}

TEST_F(TopicHandlerOnMock, SendsAgainInOrderWhatStoodBehindARefusedEvent) {
  cluster_.fail_next(kafka::kProduceRequest, {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE});
  const auto handler = open();
  handler->deliver(batch(0, 50, "k"));
  ASSERT_TRUE(answers_.wait(50));
  std::vector<std::string> expected;
  for (int i = 0; i < 50; ++i) {
    expected.push_back(std::to_string(i));
    EXPECT_EQ(answers_.of(i).verdict, Verdict::kDone) << answers_.of(i).reason;
  }
  EXPECT_EQ(values(), expected);
}

TEST_F(TopicHandlerOnMock, RejectsTheEventThatIsRefusedAlone) {
  cluster_.fail_next(kafka::kProduceRequest,
                     {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE});
  const auto handler = open();
  deliver_one(*handler, {1, "k", "refused"});
  ASSERT_TRUE(answers_.wait(1));
  EXPECT_EQ(answers_.of(1).verdict, Verdict::kRejected);
  EXPECT_THAT(answers_.of(1).reason, HasSubstr("message.max.bytes"));
  deliver_one(*handler, {2, "k", "next"});
  ASSERT_TRUE(answers_.wait(2));
  EXPECT_EQ(answers_.of(2).verdict, Verdict::kDone);
  EXPECT_THAT(values(), ElementsAre("next"));
}

TEST_F(TopicHandlerOnMock, RejectsWhatTheClientDoesNotTakeAndSendsTheRest) {
  properties_["message.max.bytes"] = "1000";
  const auto handler = open();
  std::vector<Delivery> events;
  events.push_back(delivery_of({1, "k", "a"}));
  events.push_back(delivery_of({2, "k", std::string(2000, 'x')}));
  events.push_back(delivery_of({3, "k", "b"}));
  handler->deliver(std::move(events));
  ASSERT_TRUE(answers_.wait(3));
  EXPECT_EQ(answers_.of(1).verdict, Verdict::kDone);
  EXPECT_EQ(answers_.of(2).verdict, Verdict::kRejected);
  EXPECT_EQ(answers_.of(3).verdict, Verdict::kDone);
  EXPECT_THAT(values(), ElementsAre("a", "b"));
}

TEST_F(TopicHandlerOnMock, IsUnavailableWhileItMayNotWrite) {
  cluster_.fail_next(kafka::kProduceRequest, {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  const auto handler = open();
  handler->deliver(batch(0, 3, "k"));
  ASSERT_TRUE(answers_.wait(3));
  EXPECT_EQ(answers_.of(0).verdict, Verdict::kUnavailable);
  EXPECT_THAT(answers_.of(0).reason, HasSubstr("credentials"));
  const std::size_t before = answers_.all().size();
  handler->deliver(batch(0, 3, "k"));
  ASSERT_TRUE(answers_.wait(before + 3));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(answers_.of(i).verdict, Verdict::kDone) << answers_.of(i).reason;
}

TEST_F(TopicHandlerOnMock, IsUnavailableWithoutItsTopicUntilThereIsOne) {
  cluster_.fail_topic("later", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  route_.handler.target = "topic:later";
  const auto handler = open();
  deliver_one(*handler, {1});
  ASSERT_TRUE(answers_.wait(1));
  EXPECT_EQ(answers_.of(1).verdict, Verdict::kUnavailable);
  EXPECT_THAT(answers_.of(1).reason, testing::AllOf(HasSubstr("later"), HasSubstr("create the topic")));
  cluster_.fail_topic("later", RD_KAFKA_RESP_ERR_NO_ERROR);
  const Instant end = SteadyClock::now() + kPatience;
  for (std::size_t sent = 2; answers_.of(1).verdict != Verdict::kDone; ++sent) {
    ASSERT_LT(SteadyClock::now(), end) << answers_.of(1).reason;
    deliver_one(*handler, {1});
    ASSERT_TRUE(answers_.wait(sent));
  }
}

TEST_F(TopicHandlerOnMock, IsUnavailableWhileTheBrokersAreAway) {
  route_.handler.timeout = Milliseconds(300);
  const auto handler = open();
  deliver_one(*handler, {1, "k", "first"});
  ASSERT_TRUE(answers_.wait(1));
  cluster_.broker_down();
  handler->deliver(batch(2, 5, "k"));
  ASSERT_TRUE(answers_.wait(6));
  for (int i = 2; i < 7; ++i) EXPECT_EQ(answers_.of(i).verdict, Verdict::kUnavailable);
  EXPECT_THAT(answers_.of(2).reason, HasSubstr("acknowledged nothing for 300 ms"));
  cluster_.broker_up();
  const Instant end = SteadyClock::now() + kPatience;
  for (std::size_t sent = 7; answers_.of(2).verdict != Verdict::kDone; ++sent) {
    ASSERT_LT(SteadyClock::now(), end) << answers_.of(2).reason;
    deliver_one(*handler, {2, "k", "second"});
    ASSERT_TRUE(answers_.wait(sent));
  }
  EXPECT_THAT(values(), Contains("second"));
}

TEST_F(TopicHandlerOnMock, AnswersWhatIsOpenWhenItEnds) {
  cluster_.delay_next(kafka::kProduceRequest, Milliseconds(60'000));
  auto handler = open();
  Delivery delivery = delivery_of({1, "k", "1"});
  const std::weak_ptr<const event::Record> record = delivery.record;
  std::vector<Delivery> one;
  one.push_back(std::move(delivery));
  handler->deliver(std::move(one));
  handler.reset();
  EXPECT_EQ(answers_.of(1).verdict, Verdict::kUnavailable);
  EXPECT_TRUE(record.expired());
}

TEST_F(TopicHandlerOnMock, SaysWhichPropertyIsWrong) {
  properties_["no.such.property"] = "1";
  const auto handler = make_handler(route_, properties_, answers_);
  ASSERT_FALSE(handler);
  EXPECT_THAT(handler.error().message, HasSubstr("no.such.property"));
}

class DeadRecorder : public DeadLetterAnswers {
 public:
  void dead_letter_written(const WorkId& id, Status status) override {
    Outcome outcome{status ? Verdict::kDone : Verdict::kFailed, status ? "" : status.error().message, {}};
    if (!status) error = status.error();
    answers.answered(id, std::move(outcome));
  }
  AnswerRecorder answers;
  Error error;  // the last, to be read after a wait
};

class DeadLettersOnMock : public TopicHandlerOnMock {
 protected:
  DeadLettersOnMock() { route_.dead_letter = "copy"; }
  std::unique_ptr<DeadLetterWriter> writer() {
    auto created = DeadLetterWriter::create(route_, properties_, dead_);
    EXPECT_TRUE(created) << created.error().message;
    return std::move(*created);
  }
  static DeadLetter letter(EventText text) {
    return {{text.partition, 1, text.offset}, record_of(text), "no such customer", 3};
  }
  DeadRecorder dead_;
};

TEST_F(DeadLettersOnMock, KeepsTheEventAndSaysWhyItIsThere) {
  const auto writer = this->writer();
  writer->write(letter({7, "k", "\xff\x01", {{"a", "1"}, {"hf", "12345678901234567890"}}}));
  ASSERT_TRUE(dead_.answers.wait(1));
  ASSERT_EQ(dead_.answers.of(7).verdict, Verdict::kDone) << dead_.answers.of(7).reason;
  const auto stored = stored_in(cluster_, "copy");
  ASSERT_EQ(stored.size(), 1U);
  EXPECT_EQ(stored[0].key, "k");
  EXPECT_EQ(stored[0].value, "\xff\x01");
  EXPECT_EQ(stored[0].partition, event::murmur2_partition("k", kPartitions));
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"a", "1"},
                                                        {"hf-origin", "12345678901234567890"},
                                                        {"hf-dead-reason", "no such customer"},
                                                        {"hf-dead-attempts", "3"},
                                                        {"hf-dead-route", "copy"},
                                                        {"hf-dead-group", "g"},
                                                        {"hf-dead-topic", "orders"},
                                                        {"hf-dead-partition", "0"},
                                                        {"hf-dead-offset", "7"},
                                                        {"hf-dead-timestamp", "1700000000000"}}) {
    EXPECT_THAT(stored[0].headers, Contains(Pair(name, value)));
  }
}

TEST_F(DeadLettersOnMock, StoresThoseOfAKeyInOrder) {
  cluster_.fail_next(kafka::kProduceRequest, {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE});
  const auto writer = this->writer();
  std::vector<std::string> expected;
  for (int i = 0; i < 30; ++i) {
    expected.push_back(std::to_string(i));
    writer->write(letter({i, "k", expected.back()}));
  }
  ASSERT_TRUE(dead_.answers.wait(30));
  EXPECT_EQ(values(), expected);
}

TEST_F(DeadLettersOnMock, SaysThatThereIsNoTopicForThem) {
  cluster_.fail_topic("later", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  route_.dead_letter = "later";
  const auto writer = this->writer();
  writer->write(letter({1}));
  ASSERT_TRUE(dead_.answers.wait(1));
  EXPECT_EQ(dead_.error.code, ErrorCode::kNotFound);
  EXPECT_EQ(dead_.error.disposition, Disposition::kReject);
  EXPECT_THAT(dead_.error.message, HasSubstr("topics create"));
}

TEST_F(DeadLettersOnMock, RefusesWhatIsTooLarge) {
  properties_["message.max.bytes"] = "1000";
  const auto writer = this->writer();
  writer->write(letter({1, "k", std::string(2000, 'x')}));
  ASSERT_TRUE(dead_.answers.wait(1));
  EXPECT_EQ(dead_.error.code, ErrorCode::kTooLarge);
  EXPECT_EQ(dead_.error.disposition, Disposition::kReject);
}

TEST_F(DeadLettersOnMock, AreAnsweredWhenTheWriterEnds) {
  cluster_.broker_down();
  auto writer = this->writer();
  writer->write(letter({1}));
  writer.reset();
  ASSERT_EQ(dead_.answers.all().size(), 1U);
  EXPECT_EQ(dead_.error.code, ErrorCode::kClosed);
}

}  // namespace
}  // namespace hubferry::deliver
