#pragma once
#include <librdkafka/rdkafkacpp.h>

#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "kafka/handles.h"
#include "kafka/producer.h"

namespace hubferry::kafka {

// Numbers of Kafka requests, from the protocol guide.
inline constexpr short kProduceRequest = 0;
inline constexpr short kFetchRequest = 1;
inline constexpr short kListOffsetsRequest = 2;
inline constexpr short kOffsetCommitRequest = 8;
inline constexpr short kOffsetFetchRequest = 9;
inline constexpr short kHeartbeatRequest = 12;
inline constexpr short kSyncGroupRequest = 14;

// librdkafka's mock cluster with one broker, and the means to make it fail.
class MockCluster {
 public:
  MockCluster() {
    std::string reason;
    const std::unique_ptr<RdKafka::Conf> configuration(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
    configuration->set("log_level", "0", reason);
    host_.reset(RdKafka::Producer::create(configuration.get(), reason));
    cluster_.reset(rd_kafka_mock_cluster_new(host_->c_ptr(), 1));
  }

  void add_topic(const std::string& name, int partitions) {
    if (rd_kafka_mock_topic_create(cluster_.get(), name.c_str(), partitions, 1) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      throw std::runtime_error("mock topic " + name);
    }
  }

  // Metadata requests for this topic are answered with `error`.
  void fail_topic(const std::string& name, rd_kafka_resp_err_t error) {
    rd_kafka_mock_topic_set_error(cluster_.get(), name.c_str(), error);
  }

  // The next requests of this kind fail with these errors, one each.
  void fail_next(short request, std::initializer_list<rd_kafka_resp_err_t> errors) {
    const std::vector<rd_kafka_resp_err_t> list(errors);
    rd_kafka_mock_push_request_errors_array(cluster_.get(), request, list.size(), list.data());
  }

  // The next request of this kind is answered after `delay`.
  void delay_next(short request, Milliseconds delay) {
    rd_kafka_mock_broker_push_request_error_rtts(cluster_.get(), 1, request, 1, RD_KAFKA_RESP_ERR_NO_ERROR,
                                                 static_cast<int>(delay.count()));
  }

  void broker_down() { rd_kafka_mock_broker_set_down(cluster_.get(), 1); }
  void broker_up() { rd_kafka_mock_broker_set_up(cluster_.get(), 1); }

  Properties properties() const {
    return {{"bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster_.get())},
            {"statistics.interval.ms", "200"},
            {"session.timeout.ms", "6000"},
            {"heartbeat.interval.ms", "500"},
            {"linger.ms", "1"},
            {"reconnect.backoff.max.ms", "500"}};
  }

 private:
  std::unique_ptr<RdKafka::Producer> host_;
  MockClusterPtr cluster_;
};

}  // namespace hubferry::kafka
