#include "ingest/post_options.h"

#include <gtest/gtest.h>

#include <string>

#include "ingest/media_type.h"

namespace hubferry::ingest {
namespace {

TEST(PostOptions, ReadsPartitionAndAck) {
  EXPECT_FALSE(parse_post_options("")->wait_for_broker);
  EXPECT_FALSE(parse_post_options("")->partition);
  EXPECT_EQ(parse_post_options("partition=3&ack=broker")->partition, "3");
  EXPECT_TRUE(parse_post_options("partition=3&ack=broker")->wait_for_broker);
  EXPECT_EQ(parse_post_options("&partition=%33&")->partition, "3");
}

TEST(PostOptions, NamesWhatItDoesNotKnow) {
  for (const auto& [query, named] : {std::pair{"ack=disk", "ack=disk"},
                                     {"ack", "ack="},
                                     {"partition=1&Partition=2", "\"Partition\""},
                                     {"timeout=60", "\"timeout\""},
                                     {"=x", "\"\""}}) {
    const auto options = parse_post_options(query);
    ASSERT_FALSE(options) << query;
    EXPECT_EQ(options.error().status, 400);
    EXPECT_NE(options.error().detail.find(named), std::string::npos) << options.error().detail;
  }
}

TEST(PostOptions, RefusesPartitionsThatDoNotExist) {
  EXPECT_EQ(parse_partition("0", 4), 0);
  EXPECT_EQ(parse_partition("3", 4), 3);
  for (const char* text : {"4", "-1", "", "x", "1x", " 1", "99999999999", "+1"}) {
    const auto partition = parse_partition(text, 4);
    ASSERT_FALSE(partition) << text;
    EXPECT_EQ(partition.error().status, 400) << text;
    EXPECT_NE(partition.error().detail.find("4 partitions, 0 to 3"), std::string::npos) << partition.error().detail;
  }
}

TEST(PostOptions, AsksToComeAgainWhileThePartitionCountIsNotKnown) {
  EXPECT_EQ(parse_partition("0", 0).error().status, 503);
  EXPECT_EQ(parse_partition("x", 0).error().status, 400);
}

TEST(PostOptions, BoundsTheIdempotencyKey) {
  EXPECT_FALSE(check_idempotency_key("k"));
  EXPECT_FALSE(check_idempotency_key(std::string(255, 'k')));
  EXPECT_EQ(check_idempotency_key(std::string(256, 'k'))->status, 400);
  EXPECT_EQ(check_idempotency_key("")->status, 400);
}

TEST(MediaType, DecidesTheShape) {
  const struct {
    const char* type;
    Shape shape;
  } cases[] = {
      {"", Shape::kJson},
      {"application/json", Shape::kJson},
      {"Application/JSON ; charset=utf-8", Shape::kJson},
      {"application/problem+json", Shape::kJson},
      {"application/x-ndjson", Shape::kLines},
      {"APPLICATION/JSONL; x=y", Shape::kLines},
      {"application/json-seq", Shape::kBytes},
      {"text/plain", Shape::kBytes},
      {"application/cloudevents+json", Shape::kCloudEvent},
      {"Application/CloudEvents+JSON; charset=UTF-8", Shape::kCloudEvent},
      {"application/cloudevents-batch+json", Shape::kCloudEventBatch},
      {"application/cloudevents-batch+json; charset=utf-8", Shape::kCloudEventBatch},
      {"application/cloudevents-batch+avro", Shape::kForeignBatch},
      {"application/cloudevents+protobuf", Shape::kForeignCloudEvent},
      {"application/cloudevents", Shape::kForeignCloudEvent},
  };
  for (const auto& c : cases) EXPECT_EQ(shape_of(c.type), c.shape) << c.type;
  EXPECT_TRUE(is_service_bus_batch("application/vnd.microsoft.servicebus.json; charset=utf-8"));
  EXPECT_FALSE(is_service_bus_batch("application/json"));
}

}  // namespace
}  // namespace hubferry::ingest
