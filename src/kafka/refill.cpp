#include "kafka/refill.h"

#include <algorithm>

#include "kafka/handles.h"

namespace hubferry::kafka {
namespace {

constexpr int kQueueBackoff = 0x020200ff;     // 2.2.0, as rd_kafka_version() writes it
constexpr std::size_t kLeastToWakeFor = 256;  // queues that never held more are not worth it

std::string configured(rd_kafka_t* client, const char* name) {
  const rd_kafka_conf_t* configuration = rd_kafka_conf(client);
  std::size_t size = 0;  // with the zero at the end
  if (rd_kafka_conf_get(configuration, name, nullptr, &size) != RD_KAFKA_CONF_OK || size == 0) return {};
  std::string value(size, '\0');
  if (rd_kafka_conf_get(configuration, name, value.data(), &size) != RD_KAFKA_CONF_OK) return {};
  value.resize(size - 1);
  return value;
}

}  // namespace

void Refill::configure(Properties& defaults) {
  if (rd_kafka_version() >= kQueueBackoff) defaults["fetch.queue.backoff.ms"] = "20";
}

Refill::Refill(rd_kafka_t* client)
    : client_(client),
      needed_(rd_kafka_version() < kQueueBackoff),
      user_(configured(client, "sasl.username")),
      password_(configured(client, "sasl.password")) {}

void Refill::taken(Level& level, std::size_t taken, std::size_t left) {
  level.highest_ = std::max(level.highest_, left + taken);
  if (!needed_ || level.highest_ < kLeastToWakeFor || left > level.highest_ / 2) return;
  level.highest_ = left;
  wake();
}

// The one call of these versions that wakes the threads of the brokers and changes nothing: the credentials stay as
// they are, and without SASL nobody reads them.
void Refill::wake() {
  const ErrorPtr ignored(rd_kafka_sasl_set_credentials(client_, user_.c_str(), password_.c_str()));
}

}  // namespace hubferry::kafka
