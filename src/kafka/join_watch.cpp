#include "kafka/join_watch.h"

#include <librdkafka/rdkafka.h>

namespace hubferry::kafka {
namespace {

constexpr const char* kName = "hubferry";
constexpr int kJoinGroup = 11;  // numbers of the Kafka protocol guide
constexpr int kSyncGroup = 14;

rd_kafka_resp_err_t on_request_sent(rd_kafka_t*, int, const char*, std::int32_t, std::int16_t request, std::int16_t,
                                    std::int32_t, std::size_t, void* watch) noexcept {
  static_cast<JoinWatch*>(watch)->sent(request);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t on_response_received(rd_kafka_t*, int, const char*, std::int32_t, std::int16_t request,
                                         std::int16_t, std::int32_t, std::size_t, std::int64_t, rd_kafka_resp_err_t,
                                         void* watch) noexcept {
  static_cast<JoinWatch*>(watch)->answered(request);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t on_new(rd_kafka_t* client, const rd_kafka_conf_t*, void* watch, char*, std::size_t) noexcept {
  rd_kafka_interceptor_add_on_request_sent(client, kName, on_request_sent, watch);
  return rd_kafka_interceptor_add_on_response_received(client, kName, on_response_received, watch);
}

// The C++ API creates a client from a copy of the configuration, and a copy has no interceptors.
rd_kafka_resp_err_t on_conf_dup(rd_kafka_conf_t* copy, const rd_kafka_conf_t*, std::size_t, const char**,
                                void* watch) noexcept {
  return rd_kafka_conf_interceptor_add_on_new(copy, kName, on_new, watch);
}

}  // namespace

void JoinWatch::install(RdKafka::Conf& configuration) {
  rd_kafka_conf_interceptor_add_on_conf_dup(configuration.c_ptr_global(), kName, on_conf_dup, this);
}

void JoinWatch::sent(int request) noexcept {
  if (request == kJoinGroup) joining_ = true;
}

void JoinWatch::answered(int request) noexcept {
  if (request == kSyncGroup && joining_.exchange(false)) bell_.ring();
}

}  // namespace hubferry::kafka
