// Fills a topic with keyed events for the consume benchmarks: {"id":"e1","key":"k0","n":1,"pad":"x..."}; event i has
// the key i % KEYS, whose "n" rise. Partitions as hubferryd chooses them (murmur2).
//
//   fill_topic --topic TOPIC --partitions N --events N --keys N --bytes N property=value...   (librdkafka's properties)
#include <librdkafka/rdkafka.h>

#include <array>
#include <cstdint>
#include <iostream>
#include <string>

#include "bare_options.h"
#include "event/partitioner.h"

namespace {

struct Counts {
  std::uint64_t stored = 0, failed = 0;
};

void reported(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto& counts = *static_cast<Counts*>(opaque);
  ++(message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? counts.stored : counts.failed);
}

std::string event(std::uint64_t number, std::uint64_t keys, const std::string& key, std::size_t bytes) {
  std::string text = "{\"id\":\"e" + std::to_string(number) + "\",\"key\":\"" + key +
                     "\",\"n\":" + std::to_string(number / keys + 1) + ",\"pad\":\"";
  if (text.size() + 2 < bytes) text.append(bytes - 2 - text.size(), 'x');
  return text + "\"}";
}

int fill(bare::CommandLine& command) {
  const std::uint64_t events = std::stoull(command["--events"]), keys = std::stoull(command["--keys"]);
  const std::size_t bytes = std::stoul(command["--bytes"]);
  const std::int32_t partitions = std::stoi(command["--partitions"]);
  Counts counts;
  std::array<char, 512> reason{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : command.properties) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason.data(), reason.size()) != RD_KAFKA_CONF_OK) {
      bare::die(reason.data());
    }
  }
  rd_kafka_conf_set_dr_msg_cb(conf, reported);
  rd_kafka_conf_set_opaque(conf, &counts);
  rd_kafka_t* const client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason.data(), reason.size());
  if (client == nullptr) bare::die(reason.data());
  rd_kafka_topic_t* const topic = rd_kafka_topic_new(client, command["--topic"].c_str(), nullptr);
  for (std::uint64_t number = 0; number < events; ++number) {
    const std::string key = "k" + std::to_string(number % keys);
    std::string value = event(number, keys, key, bytes);
    const std::int32_t partition = hubferry::event::murmur2_partition(key, partitions);
    while (rd_kafka_produce(topic, partition, RD_KAFKA_MSG_F_COPY, value.data(), value.size(), key.data(), key.size(),
                            nullptr) != 0) {
      if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) bare::die(rd_kafka_err2str(rd_kafka_last_error()));
      rd_kafka_poll(client, 5);
    }
    if (number % 1'000 == 0) rd_kafka_poll(client, 0);
  }
  rd_kafka_flush(client, 60'000);
  if (counts.stored != events) bare::die(std::to_string(counts.stored) + " stored");
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(client);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  bare::CommandLine command(argc, argv, bare::producer_defaults(),
                            {"--topic", "--partitions", "--events", "--keys", "--bytes"});
  return fill(command);
}
