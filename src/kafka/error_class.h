#pragma once
#include <librdkafka/rdkafka.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace hubferry::kafka {

struct ErrorClass {
  ErrorCode code;
  Disposition disposition;

  bool operator==(const ErrorClass&) const = default;
};

// What a librdkafka error code means for the work that met it. What is not known here may be tried again: an unknown
// error must not cost an event.
ErrorClass classify(rd_kafka_resp_err_t code);

// True for what a broker that is away, or a connection that is cut, makes a client say again and again.
bool is_connection_trouble(rd_kafka_resp_err_t code);

// True where credentials lack a right to the topic.
bool is_forbidden(rd_kafka_resp_err_t code);

// `where` names the topic, group or partition; `reason` is librdkafka's text if it knows more than the code says.
Error make_error(rd_kafka_resp_err_t code, std::string_view where, std::string_view reason = {});

// The same, for an error that makes the client unusable whatever its code.
Error make_fatal_error(rd_kafka_resp_err_t code, std::string_view where, std::string_view reason = {});

}  // namespace hubferry::kafka
