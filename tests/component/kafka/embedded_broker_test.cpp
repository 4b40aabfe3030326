#include "kafka/embedded_broker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recorders.h"

namespace hubferry::kafka {
namespace {

TEST(EmbeddedBroker, HasTheTopicsItWasStartedWith) {
  const auto broker = EmbeddedBroker::start({{"orders", 4}, {"bills", 1}});
  ASSERT_TRUE(broker) << broker.error().message;
  EXPECT_THAT((*broker)->bootstrap_servers(), ::testing::MatchesRegex("127\\.0\\.0\\.1:[0-9]+"));
  for (const auto& [topic, partitions] : {std::pair{"orders", 4}, std::pair{"bills", 1}}) {
    const auto producer = Producer::create({{"bootstrap.servers", (*broker)->bootstrap_servers()}}, topic);
    ASSERT_TRUE(producer);
    const auto count = (*producer)->partition_count(kPatience);
    ASSERT_TRUE(count) << count.error().message;
    EXPECT_EQ(*count, partitions);
  }
}

TEST(EmbeddedBroker, CarriesARecordFromAProducerToAConsumer) {
  const auto broker = EmbeddedBroker::start({{"orders", 1}});
  ASSERT_TRUE(broker);
  const Properties properties{{"bootstrap.servers", (*broker)->bootstrap_servers()}};
  const auto producer = Producer::create(properties, "orders");
  ASSERT_TRUE(producer);
  ASSERT_EQ((*producer)->send({0, "key", "{}", {}, 1}), Producer::Send::kQueued);
  ProducerRecorder seen;
  ASSERT_TRUE(until([&] { return !seen.acknowledged.empty(); }, [&] { (*producer)->poll(Milliseconds(50), seen); }));

  Member member(properties);
  ASSERT_TRUE(member.join(1));
  ASSERT_TRUE(member.read(1));
  EXPECT_EQ(member.records[0].value, "{}");
}

TEST(EmbeddedBroker, RefusesTheSameTopicTwiceAndATopicWithoutPartitions) {
  EXPECT_FALSE(EmbeddedBroker::start({{"orders", 1}, {"orders", 2}}));
  const auto none = EmbeddedBroker::start({{"orders", 0}});
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, ::testing::HasSubstr("orders"));
}

}  // namespace
}  // namespace hubferry::kafka
