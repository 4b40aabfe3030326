// The produce road's pump and producer against a bare librdkafka loop with the same properties, records and header:
//   pump_benchmark [--benchmark_...] BOOTSTRAP_SERVERS TOPIC
// One iteration sends kEvents events of 200 B and waits until the broker has acknowledged all of them. run.py takes the
// ratio of pump and bare.
#include <benchmark/benchmark.h>
#include <librdkafka/rdkafka.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "bare_options.h"
#include "event/event.h"
#include "event/frame.h"
#include "event/origin.h"
#include "event/partitioner.h"
#include "kafka/producer.h"
#include "produce/pump.h"
#include "spool/block.h"
#include "spool/record_batch.h"

namespace {

using hubferry::Milliseconds;
namespace event = hubferry::event;
namespace kafka = hubferry::kafka;
namespace spool = hubferry::spool;

constexpr std::uint32_t kBlocks = 100, kEventsPerBlock = 2'000, kEvents = kBlocks * kEventsPerBlock;
constexpr std::size_t kEventBytes = 200;

std::string servers, topic;

kafka::Properties properties() {
  auto result = bare::producer_defaults();
  result["bootstrap.servers"] = servers;
  return result;
}

std::string key_of(std::uint32_t number) {
  return "k" + std::to_string(number % 997);
}

std::shared_ptr<const spool::Block> make_block(std::uint64_t first) {
  const std::string value(kEventBytes, 'x');
  spool::RecordBatch batch;
  for (std::uint32_t i = 0; i < kEventsPerBlock; ++i) {
    const std::string key = key_of(i);
    event::OutboundEvent outbound;
    outbound.key = key;
    outbound.value = value;
    event::encode_frame(outbound, batch.add(static_cast<std::uint32_t>(event::frame_size(outbound))));
  }
  const std::string_view frames = batch.bytes();
  auto storage = std::make_unique<char[]>(frames.size());
  std::memcpy(storage.get(), frames.data(), frames.size());
  const std::string_view kept(storage.get(), frames.size());
  return std::make_shared<const spool::Block>(1, 0, first, kEventsPerBlock, 0, std::move(storage), kept);
}

struct Reports final : kafka::Producer::Listener {
  explicit Reports(hubferry::produce::Pump& to) : pump(to) {}
  void on_acknowledged(std::uint64_t ticket, std::int32_t, std::int64_t) override {
    pump.acknowledged(ticket);
    ++acknowledged;
  }
  void on_failed(std::uint64_t, const hubferry::Error& error) override { problem = error.message; }
  void on_fatal(const hubferry::Error& error) override { problem = error.message; }
  void on_throttled(Milliseconds) override {}
  void on_statistics(std::uint32_t) override {}

  hubferry::produce::Pump& pump;
  std::uint64_t acknowledged = 0;
  std::string problem;
};

void pump(benchmark::State& state) {
  auto producer = kafka::Producer::create(properties(), topic);
  if (!producer) return state.SkipWithError(producer.error().message.c_str());
  const auto partitions = (*producer)->partition_count(Milliseconds(10'000));
  if (!partitions) return state.SkipWithError(partitions.error().message.c_str());
  hubferry::produce::Pump machine({});
  machine.set_partition_count(*partitions);
  Reports reports(machine);
  std::uint64_t next = 1;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<std::shared_ptr<const spool::Block>> blocks;
    for (std::uint32_t i = 0; i < kBlocks; ++i, next += kEventsPerBlock) blocks.push_back(make_block(next));
    reports.acknowledged = 0;
    state.ResumeTiming();
    std::size_t added = 0;
    while (reports.acknowledged < kEvents && reports.problem.empty()) {
      bool full = false;
      while (!full) {
        const auto* const record = machine.head();
        if (record != nullptr) {
          full = (*producer)->send(*record) != kafka::Producer::Send::kQueued;
          if (!full) machine.sent();
        } else if (added < blocks.size() && machine.wants_block()) {
          machine.add_block(std::move(blocks[added++]), nullptr);
        } else {
          full = true;
        }
      }
      (*producer)->poll(Milliseconds(5), reports);
    }
    if (!reports.problem.empty()) return state.SkipWithError(reports.problem.c_str());
  }
  state.SetItemsProcessed(state.iterations() * kEvents);
}

// As in bare_pipeline.cpp: the C API, reports polled on the sending thread, one header.
class BareLoop {
 public:
  BareLoop() {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    for (const auto& [name, value] : properties()) rd_kafka_conf_set(conf, name.c_str(), value.c_str(), nullptr, 0);
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR);
    client_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0);
    topic_ = rd_kafka_topic_new(client_, topic.c_str(), nullptr);
    queue_ = rd_kafka_queue_get_main(client_);
    for (std::uint32_t i = 0; i < kEventsPerBlock; ++i) keys_.push_back(key_of(i));
  }
  ~BareLoop() {
    rd_kafka_queue_destroy(queue_);
    rd_kafka_topic_destroy(topic_);
    rd_kafka_destroy(client_);
  }
  BareLoop(const BareLoop&) = delete;
  BareLoop& operator=(const BareLoop&) = delete;

  std::int32_t partitions() {
    const rd_kafka_metadata_t* metadata = nullptr;
    if (rd_kafka_metadata(client_, 0, topic_, &metadata, 10'000) != RD_KAFKA_RESP_ERR_NO_ERROR) return 0;
    const std::int32_t count = metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
    rd_kafka_metadata_destroy(metadata);
    return count;
  }

  // False: it cannot be sent.
  bool send(std::string& value, std::uint32_t number, std::int32_t partitions) {
    std::string& key = keys_[number % keys_.size()];
    std::array<char, event::kOriginSize> origin{};
    std::array<rd_kafka_vu_t, 5> arguments{};
    arguments[0].vtype = RD_KAFKA_VTYPE_RKT;
    arguments[0].u.rkt = topic_;
    arguments[1].vtype = RD_KAFKA_VTYPE_PARTITION;
    arguments[1].u.i32 = event::murmur2_partition(key, partitions);
    arguments[2].vtype = RD_KAFKA_VTYPE_VALUE;
    arguments[2].u.mem = {value.data(), value.size()};
    arguments[3].vtype = RD_KAFKA_VTYPE_KEY;
    arguments[3].u.mem = {key.data(), key.size()};
    arguments[4].vtype = RD_KAFKA_VTYPE_HEADER;
    arguments[4].u.header = {"hf", origin.data(), static_cast<ssize_t>(origin.size())};
    while (rd_kafka_error_t* const error = rd_kafka_produceva(client_, arguments.data(), arguments.size())) {
      const bool full = rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR__QUEUE_FULL;
      rd_kafka_error_destroy(error);
      if (!full) return false;
      poll(5);
    }
    return true;
  }

  void poll(int milliseconds) {
    while (rd_kafka_event_t* const event = rd_kafka_queue_poll(queue_, milliseconds)) {
      std::array<const rd_kafka_message_t*, 256> reports{};
      while (const std::size_t count = rd_kafka_event_message_array(event, reports.data(), reports.size())) {
        for (std::size_t i = 0; i < count; ++i) {
          ++(reports[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR ? acknowledged : failed);
        }
      }
      rd_kafka_event_destroy(event);
      milliseconds = 0;
    }
  }

  std::uint64_t acknowledged = 0, failed = 0;

 private:
  rd_kafka_t* client_ = nullptr;
  rd_kafka_topic_t* topic_ = nullptr;
  rd_kafka_queue_t* queue_ = nullptr;
  std::vector<std::string> keys_;
};

void send_bare(benchmark::State& state) {
  BareLoop loop;
  const std::int32_t partitions = loop.partitions();
  if (partitions == 0) return state.SkipWithError("no metadata");
  std::string value(kEventBytes, 'x');
  for (auto _ : state) {
    loop.acknowledged = 0;
    bool fine = true;
    for (std::uint32_t i = 0; i < kEvents && fine; ++i) fine = loop.send(value, i, partitions);
    while (fine && loop.acknowledged < kEvents && loop.failed == 0) loop.poll(5);
    if (!fine || loop.failed != 0) return state.SkipWithError("events were not stored");
  }
  state.SetItemsProcessed(state.iterations() * kEvents);
}

}  // namespace

BENCHMARK(pump)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);
BENCHMARK(send_bare)->Name("bare")->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (argc != 3) return 2;
  servers = argv[1];
  topic = argv[2];
  benchmark::RunSpecifiedBenchmarks();
}
