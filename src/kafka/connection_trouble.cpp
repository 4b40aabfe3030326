#include "kafka/connection_trouble.h"

#include <utility>

#include "kafka/error_class.h"

namespace hubferry::kafka {

void ConnectionTrouble::add(rd_kafka_event_t& event, const std::string& where) {
  const rd_kafka_resp_err_t code = rd_kafka_event_error(&event);
  const bool specific = code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
  if (last_ && specific_ && !specific) return;
  last_ = make_error(code, where, rd_kafka_event_error_string(&event));
  specific_ = specific;
}

std::optional<Error> ConnectionTrouble::take() {
  specific_ = false;
  return std::exchange(last_, std::nullopt);
}

}  // namespace hubferry::kafka
