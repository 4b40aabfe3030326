#include "kafka/embedded_broker.h"

#include <librdkafka/rdkafkacpp.h>
#include <spdlog/fmt/fmt.h>

#include "kafka/error_class.h"
#include "kafka/handles.h"

namespace hubferry::kafka {
namespace {

class MockBroker final : public EmbeddedBroker {
 public:
  MockBroker(std::unique_ptr<RdKafka::Producer> host, MockClusterPtr cluster)
      : host_(std::move(host)), cluster_(std::move(cluster)) {}

  std::string bootstrap_servers() const override { return rd_kafka_mock_cluster_bootstraps(cluster_.get()); }

 private:
  std::unique_ptr<RdKafka::Producer> host_;  // lends the mock cluster its client; connects to nothing
  MockClusterPtr cluster_;
};

}  // namespace

Result<std::unique_ptr<EmbeddedBroker>> EmbeddedBroker::start(const std::vector<Topic>& topics) {
  std::string reason;
  const std::unique_ptr<RdKafka::Conf> configuration(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  configuration->set("log_level", "0", reason);
  std::unique_ptr<RdKafka::Producer> host(RdKafka::Producer::create(configuration.get(), reason));
  if (!host) return fail(ErrorCode::kInternal, fmt::format("embedded broker: {}", reason));

  MockClusterPtr cluster(rd_kafka_mock_cluster_new(host->c_ptr(), 1));
  if (!cluster) return fail(ErrorCode::kIo, "embedded broker: no loopback port could be opened");

  for (const Topic& topic : topics) {
    if (topic.partitions < 1) {
      return fail(ErrorCode::kInvalid, fmt::format("embedded broker: topic {} needs at least 1 partition", topic.name));
    }
    const rd_kafka_resp_err_t result =
        rd_kafka_mock_topic_create(cluster.get(), topic.name.c_str(), static_cast<int>(topic.partitions), 1);
    if (result != RD_KAFKA_RESP_ERR_NO_ERROR) {
      Error error = make_error(result, fmt::format("embedded broker: topic {}", topic.name));
      error.code = ErrorCode::kInvalid;
      return tl::make_unexpected(std::move(error));
    }
  }
  return std::make_unique<MockBroker>(std::move(host), std::move(cluster));
}

}  // namespace hubferry::kafka
