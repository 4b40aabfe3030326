#include "kafka/admin_call.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "kafka/error_class.h"

namespace hubferry::kafka {
namespace {

// librdkafka answers at the deadline itself; only one that stands still needs more.
constexpr Milliseconds kGrace{1'000};

std::optional<ErrorCode> known(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND:
      return ErrorCode::kNotFound;
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
    case RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR_REASSIGNMENT_IN_PROGRESS:
      return ErrorCode::kConflict;
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
      return ErrorCode::kTimeout;
    case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
    case RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED:
      return ErrorCode::kUnavailable;
    default:
      if (is_connection_trouble(code)) return ErrorCode::kUnavailable;
      return std::nullopt;
  }
}

// The broker's own words say what is wrong with the request.
bool is_mistake(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR || code == RD_KAFKA_RESP_ERR_INVALID_CONFIG ||
         code == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION;
}

std::string_view advice(ErrorCode code, rd_kafka_resp_err_t cause) {
  switch (code) {
    case ErrorCode::kConflict:
      if (cause == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return "choose another name, or leave it as it is";
      if (cause == RD_KAFKA_RESP_ERR_REASSIGNMENT_IN_PROGRESS) return "try again when the reassignment has ended";
      return "the group has members: stop them first, they would not notice the change";
    case ErrorCode::kTimeout:
      return "check bootstrap.servers, the network, the credentials and the cluster's health";
    default:
      return {};
  }
}

}  // namespace

Error admin_error(rd_kafka_resp_err_t code, std::string_view where, std::string_view reason, std::string_view help) {
  Error error = make_error(code, where, reason);
  const std::optional<ErrorCode> meaning = known(code);
  error.code = meaning.value_or(ErrorCode::kInvalid);
  const bool later = error.code == ErrorCode::kTimeout || error.code == ErrorCode::kUnavailable;
  error.disposition = later ? Disposition::kRetry : Disposition::kReject;
  if (is_mistake(code)) return error;
  if (const std::string_view text = meaning ? advice(error.code, code) : help; !text.empty()) {
    error.message += fmt::format("; {}", text);
  }
  return error;
}

AdminCall::AdminCall(rd_kafka_t* client, rd_kafka_admin_op_t operation, std::string where, Milliseconds timeout)
    : where_(std::move(where)),
      timeout_(std::clamp(timeout, Milliseconds(1), Milliseconds(3'600'000))),
      options_(rd_kafka_AdminOptions_new(client, operation)),
      queue_(rd_kafka_queue_new(client)) {
  std::array<char, 256> reason{};
  const auto limit = static_cast<int>(timeout_.count());
  rd_kafka_AdminOptions_set_request_timeout(options_.get(), limit, reason.data(), reason.size());
  const bool waits = operation == RD_KAFKA_ADMIN_OP_CREATETOPICS || operation == RD_KAFKA_ADMIN_OP_CREATEPARTITIONS;
  if (waits) rd_kafka_AdminOptions_set_operation_timeout(options_.get(), limit, reason.data(), reason.size());
}

void AdminCall::set_broker(std::int32_t broker) {
  std::array<char, 256> reason{};
  rd_kafka_AdminOptions_set_broker(options_.get(), broker, reason.data(), reason.size());
}

Result<EventPtr> AdminCall::wait(std::string_view help) {
  EventPtr event(rd_kafka_queue_poll(queue_.get(), static_cast<int>((timeout_ + kGrace).count())));
  if (!event) return tl::make_unexpected(error(RD_KAFKA_RESP_ERR__TIMED_OUT, nullptr));
  const rd_kafka_resp_err_t code = rd_kafka_event_error(event.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return tl::make_unexpected(error(code, rd_kafka_event_error_string(event.get()), help));
  }
  return event;
}

}  // namespace hubferry::kafka
