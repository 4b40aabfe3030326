// An application pod with librdkafka inside, as most are written: it offers keyed events at a constant rate, does not
// wait for anything, and counts what the delivery reports say and what the full queue refused. Ends on SIGTERM after a
// flush.
//
//   bare_producer --topic TOPIC --pod NAME --rate EVENTS_PER_S --bytes N property=value...   (librdkafka's properties)
//
// Prints a line of JSON four times a second and one at the end; "time" is in seconds since 1970.
#include <librdkafka/rdkafka.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <map>
#include <string>

#include "bare_options.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kKeys = 50;

volatile std::sig_atomic_t ending = 0;

struct Counts {
  std::uint64_t offered = 0, delivered = 0, queue_full = 0;
  std::map<std::string, std::uint64_t> failed;  // by librdkafka's name of the error

  void print(bool last) const {
    const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
    std::uint64_t all = 0;
    std::string reasons;
    for (const auto& [name, count] : failed) {
      all += count;
      reasons += (reasons.empty() ? "\"" : ",\"") + name + "\":" + std::to_string(count);
    }
    std::cout << "{\"time\":" << std::fixed << now.count() << ",\"offered\":" << offered
              << ",\"delivered\":" << delivered << ",\"failed\":" << all << ",\"queue_full\":" << queue_full
              << ",\"reasons\":{" << reasons << "},\"last\":" << (last ? "true" : "false") << "}\n"
              << std::flush;
  }
};

void reported(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto& counts = *static_cast<Counts*>(opaque);
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    ++counts.delivered;
  } else {
    ++counts.failed[rd_kafka_err2name(message->err)];
  }
}

class Pod {
 public:
  explicit Pod(bare::CommandLine& command)
      : name_(command["--pod"]),
        topic_name_(command["--topic"]),
        rate_(std::stod(command["--rate"])),
        bytes_(std::stoul(command["--bytes"])) {
    std::array<char, 512> reason{};
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    for (const auto& [name, value] : command.properties) {
      if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason.data(), reason.size()) != RD_KAFKA_CONF_OK) {
        bare::die(reason.data());
      }
    }
    rd_kafka_conf_set_dr_msg_cb(conf, reported);
    rd_kafka_conf_set_opaque(conf, &counts_);
    client_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason.data(), reason.size());
    if (client_ == nullptr) bare::die(reason.data());
    topic_ = rd_kafka_topic_new(client_, topic_name_.c_str(), nullptr);
  }

  void run() {
    const auto begin = Clock::now();
    auto print_at = begin;
    while (ending == 0) {
      const auto now = Clock::now();
      const double due = std::chrono::duration<double>(now - begin).count() * rate_;
      while (static_cast<double>(counts_.offered) < due) offer();
      if (now >= print_at) {
        counts_.print(false);
        print_at += std::chrono::milliseconds(250);
      }
      rd_kafka_poll(client_, 1);
    }
    while (rd_kafka_outq_len(client_) > 0) {
      rd_kafka_flush(client_, 250);
      counts_.print(false);
    }
    counts_.print(true);
  }

 private:
  void offer() {
    const std::uint64_t number = ++counts_.offered;
    const std::string key = name_ + "k" + std::to_string(number % kKeys);
    std::string value = "{\"id\":\"" + name_ + "-" + std::to_string(number) + "\",\"key\":\"" + key +
                        "\",\"n\":" + std::to_string(number) + ",\"pad\":\"";
    if (value.size() + 2 < bytes_) value.append(bytes_ - 2 - value.size(), 'x');
    value += "\"}";
    const int result = rd_kafka_produce(topic_, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, value.data(), value.size(),
                                        key.data(), key.size(), nullptr);
    if (result == 0) return;
    const rd_kafka_resp_err_t error = rd_kafka_last_error();
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) bare::die(rd_kafka_err2str(error));
    ++counts_.queue_full;
  }

  const std::string name_, topic_name_;
  const double rate_;
  const std::size_t bytes_;
  Counts counts_;
  rd_kafka_t* client_ = nullptr;
  rd_kafka_topic_t* topic_ = nullptr;
};

}  // namespace

int main(int argc, char** argv) {
  bare::CommandLine command(argc, argv, {}, {"--topic", "--pod", "--rate", "--bytes"});
  std::signal(SIGTERM, [](int) { ending = 1; });
  Pod(command).run();
}
