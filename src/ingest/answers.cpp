#include "ingest/answers.h"

#include <string>

#include "base/ids.h"

namespace hubferry::ingest {
namespace {

constexpr const char* kRetryAfterSeconds = "1";

// Without the closing brace.
std::string receipt_json(const spool::Receipt& receipt) {
  return "{\"accepted\":" + std::to_string(receipt.last - receipt.first + 1) + ",\"source\":\"" +
         id_text(receipt.source) + "\",\"first\":" + std::to_string(receipt.first) +
         ",\"last\":" + std::to_string(receipt.last);
}

}  // namespace

http::Response accepted_answer(const spool::Receipt& receipt) {
  http::Response response;
  response.status = 202;
  response.body = receipt_json(receipt);
  response.body += "}\n";
  return response;
}

http::Response broker_answer(const spool::Receipt& receipt, const std::vector<spool::Feedback::Stored>& stored) {
  http::Response response;
  response.status = stored.empty() ? 202 : 200;
  response.body = receipt_json(receipt);
  if (stored.empty()) {
    response.body += ",\"acknowledged\":false}\n";
    return response;
  }
  response.body += ",\"stored\":[";
  for (const spool::Feedback::Stored& one : stored) {
    response.body += "{\"partition\":" + std::to_string(one.partition) +
                     ",\"offset\":" + (one.offset < 0 ? "null" : std::to_string(one.offset)) + "},";
  }
  response.body.back() = ']';
  response.body += "}\n";
  return response;
}

http::Response created_answer() {
  http::Response response;
  response.status = 201;
  response.content_type.clear();
  return response;
}

http::Response refusal_answer(const Refusal& refusal) {
  http::Response response = http::problem(refusal.status, refusal.detail);
  if (refusal.status == 503) response.headers.emplace_back("Retry-After", kRetryAfterSeconds);
  return response;
}

Refusal refusal_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::kTooLarge:
      return {413, error.message};
    case ErrorCode::kFull:
    case ErrorCode::kClosed:
      return {503, error.message};
    default:
      return {500, error.message};
  }
}

}  // namespace hubferry::ingest
