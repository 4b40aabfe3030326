#include "kafka/join_watch.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <string>

namespace hubferry::kafka {
namespace {

constexpr const char* kName = "hubferry";
// Numbers of the Kafka protocol guide.
constexpr int kMetadata = 3;
constexpr int kHeartbeat = 12;

// 'Group "billing" changed join state steady -> init (...)'
constexpr const char* kStateFacility = "CGRPJOINSTATE";
constexpr std::string_view kArrow = " -> ";
// From the decision to join to the assignment.
constexpr std::array<std::string_view, 4> kJoining{"init", "wait-metadata", "wait-join", "wait-sync"};

rd_kafka_resp_err_t on_response_received(rd_kafka_t*, int, const char*, std::int32_t, std::int16_t request,
                                         std::int16_t, std::int32_t, std::size_t, std::int64_t, rd_kafka_resp_err_t,
                                         void* watch) noexcept {
  static_cast<JoinWatch*>(watch)->answered(request);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t on_new(rd_kafka_t* client, const rd_kafka_conf_t*, void* watch, char*, std::size_t) noexcept {
  return rd_kafka_interceptor_add_on_response_received(client, kName, on_response_received, watch);
}

// The C++ API creates a client from a copy of the configuration, and a copy has no interceptors.
rd_kafka_resp_err_t on_conf_dup(rd_kafka_conf_t* copy, const rd_kafka_conf_t*, std::size_t, const char**,
                                void* watch) noexcept {
  return rd_kafka_conf_interceptor_add_on_new(copy, kName, on_new, watch);
}

}  // namespace

Status JoinWatch::install(RdKafka::Conf& configuration, ClientLog& log) {
  std::string contexts;
  configuration.get("debug", contexts);
  const bool asked_for = !contexts.empty();
  std::string reason;
  if (configuration.set("debug", asked_for ? contexts + ",cgrp" : "cgrp", reason) != RdKafka::Conf::CONF_OK) {
    return fail(ErrorCode::kInternal, "kafka client: debug lines about its group cannot be had: " + reason);
  }
  log.tap_debug(kStateFacility, [this](std::string_view line) { state_changed(line); }, asked_for);
  rd_kafka_conf_interceptor_add_on_conf_dup(configuration.c_ptr_global(), kName, on_conf_dup, this);
  return {};
}

std::optional<Instant> JoinWatch::opens_at() const {
  if (joining_) return std::nullopt;
  const std::lock_guard lock(mutex_);
  return closed_until_;
}

void JoinWatch::answered(int request) noexcept {
  if (request == kHeartbeat || request == kMetadata) close_for_a_moment();
}

void JoinWatch::state_changed(std::string_view line) noexcept {
  const std::size_t arrow = line.find(kArrow);
  if (arrow == std::string_view::npos) return;
  const std::string_view rest = line.substr(arrow + kArrow.size());
  const bool joins = std::find(kJoining.begin(), kJoining.end(), rest.substr(0, rest.find(' '))) != kJoining.end();
  if (joining_.exchange(joins) && !joins) bell_.ring();
}

void JoinWatch::close_for_a_moment() {
  const std::lock_guard lock(mutex_);
  closed_until_ = SteadyClock::now() + kMoment;
}

}  // namespace hubferry::kafka
