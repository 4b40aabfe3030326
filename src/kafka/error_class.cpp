#include "kafka/error_class.h"

#include <spdlog/fmt/fmt.h>

namespace hubferry::kafka {
namespace {

// What the operator can do about it; empty where the client helps itself.
std::string_view advice(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
      return "the event is larger than message.max.bytes or than the topic allows";
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
      return "Event Hubs throttles, it is sent again later; add throughput units if this lasts";
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return "the credentials need the right to write to (Send) or read from (Listen) this topic";
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return "the credentials need the right to read with this consumer group";
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return "the credentials need the right to write idempotently";
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      return "check the connection string or the sasl.* settings";
    case RD_KAFKA_RESP_ERR__SSL:
      return "check security.protocol and ssl.ca.location";
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return "create the topic or correct its name";
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
      return "check bootstrap.servers, the network and the firewall";
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE:
      return "set compression.type to what the cluster supports (Event Hubs: none, or gzip on Premium)";
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
      return "the partitions go to other members until this one polls again";
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
      return "another process uses the same group.instance.id: give each instance its own, or stop the other one";
    default:
      return {};
  }
}

}  // namespace

ErrorClass classify(rd_kafka_resp_err_t code) {
  switch (code) {
    // The event itself is at fault: it fails again however often it is sent.
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
      return {ErrorCode::kTooLarge, Disposition::kReject};
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
    case RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE:
      return {ErrorCode::kInvalid, Disposition::kReject};

    // The producer lost its sequence, or the member its identity: only a new client continues.
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE:
    case RD_KAFKA_RESP_ERR__INCONSISTENT:
    case RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE:
    case RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER:
    case RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER:
    case RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING:
      return {ErrorCode::kInternal, Disposition::kFatal};
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
      return {ErrorCode::kConflict, Disposition::kFatal};

    // Later, with the same bytes.
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return {ErrorCode::kNotFound, Disposition::kRetry};
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
      return {ErrorCode::kTimeout, Disposition::kRetry};
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
      return {ErrorCode::kFull, Disposition::kRetry};
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
    case RD_KAFKA_RESP_ERR__DESTROY:
      return {ErrorCode::kClosed, Disposition::kRetry};
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST:
      return {ErrorCode::kConflict, Disposition::kRetry};
    default:
      return {ErrorCode::kUnavailable, Disposition::kRetry};
  }
}

bool is_connection_trouble(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
      return true;
    default:
      return false;
  }
}

bool is_forbidden(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED || code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
}

Error make_error(rd_kafka_resp_err_t code, std::string_view where, std::string_view reason) {
  const std::string_view text = rd_kafka_err2str(code);
  std::string message = fmt::format("{}: {} ({})", where, text, rd_kafka_err2name(code));
  if (!reason.empty() && reason != text) message += fmt::format(": {}", reason);
  if (const std::string_view help = advice(code); !help.empty()) message += fmt::format("; {}", help);
  const ErrorClass what = classify(code);
  return Error{what.code, std::move(message), what.disposition};
}

Error make_fatal_error(rd_kafka_resp_err_t code, std::string_view where, std::string_view reason) {
  Error error = make_error(code, where, reason);
  error.disposition = Disposition::kFatal;
  return error;
}

}  // namespace hubferry::kafka
