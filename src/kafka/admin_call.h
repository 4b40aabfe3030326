#pragma once
#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "kafka/handles.h"

namespace hubferry::kafka {

// What a cluster's refusal means for an operator's tool: waiting seldom helps. `where` says what was tried; `help` what
// can be done about a refusal that is not about a name, a member or the network.
Error admin_error(rd_kafka_resp_err_t code, std::string_view where, std::string_view reason,
                  std::string_view help = {});

// One administrative request: its options and the queue for its answer.
class AdminCall {
 public:
  AdminCall(rd_kafka_t* client, rd_kafka_admin_op_t operation, std::string where, Milliseconds timeout);

  const rd_kafka_AdminOptions_t* options() const { return options_.get(); }
  rd_kafka_queue_t* queue() { return queue_.get(); }

  // Requests made from now on with options() go to this broker.
  void set_broker(std::int32_t broker);

  // The answer to the request that was made with options() and queue().
  Result<EventPtr> wait(std::string_view help = {});
  // The failure of one part of the answer.
  Error error(rd_kafka_resp_err_t code, const char* reason, std::string_view help = {}) const {
    return admin_error(code, where_, reason == nullptr ? "" : reason, help);
  }

 private:
  using OptionsPtr = std::unique_ptr<rd_kafka_AdminOptions_t, Destroy<rd_kafka_AdminOptions_destroy>>;

  std::string where_;
  Milliseconds timeout_;
  OptionsPtr options_;
  QueuePtr queue_;
};

}  // namespace hubferry::kafka
