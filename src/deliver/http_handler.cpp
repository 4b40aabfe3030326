#include "deliver/http_handler.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/ids.h"
#include "event/origin.h"

namespace hubferry::deliver {
namespace {

constexpr std::int64_t kLongestRetryAfterSeconds = 3'600;

// RFC 3986 unreserved characters stay, everything else becomes %XX.
std::string percent_encoded(std::string_view bytes) {
  constexpr const char* kDigits = "0123456789ABCDEF";
  std::string text;
  text.reserve(bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
                       byte == '-' || byte == '.' || byte == '_' || byte == '~';
    if (plain) {
      text += c;
    } else {
      text += {'%', kDigits[byte >> 4], kDigits[byte & 0xFU]};
    }
  }
  return text;
}

// A record header's bytes are anybody's: only what is a legal field value goes into the request.
bool legal_field_value(std::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte < 0x7F;
  });
}

void add(std::string& lines, std::string_view name, std::string_view value) {
  lines.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::string delivery_headers(const event::Record& record, std::uint32_t attempt) {
  std::string_view content_type = "application/json";
  std::optional<event::Origin> origin;
  for (const event::Header& header : record.headers) {
    if (!header.value) continue;
    if (header.name == "content-type" && legal_field_value(*header.value)) content_type = *header.value;
    if (header.name == event::kOriginHeader) origin = event::decode_origin(*header.value);
  }
  const std::string partition = std::to_string(record.partition);
  const std::string offset = std::to_string(record.offset);
  std::string lines;
  lines.reserve(384);
  add(lines, "Content-Type", content_type);
  add(lines, "X-HubFerry-Topic", record.topic);
  add(lines, "X-HubFerry-Partition", partition);
  add(lines, "X-HubFerry-Offset", offset);
  if (record.timestamp_ms >= 0) add(lines, "X-HubFerry-Timestamp", std::to_string(record.timestamp_ms));
  add(lines, "X-HubFerry-Attempt", std::to_string(attempt));
  if (record.key) add(lines, "X-HubFerry-Key", percent_encoded(*record.key));
  if (origin) {
    const std::string source = id_text(origin->source);
    const std::string sequence = std::to_string(origin->sequence);
    add(lines, "Idempotency-Key", source + "-" + sequence);
    add(lines, "X-HubFerry-Source", source);
    add(lines, "X-HubFerry-Sequence", sequence);
    add(lines, "X-HubFerry-Epoch", std::to_string(origin->epoch));
  } else {
    add(lines, "Idempotency-Key", std::string(record.topic) + "-" + partition + "-" + offset);
  }
  return lines;
}

Outcome judge(const Result<http::ClientResponse>& response) {
  if (!response) {
    const bool not_tried =
        response.error().code == ErrorCode::kUnavailable || response.error().code == ErrorCode::kClosed;
    return {not_tried ? Verdict::kUnavailable : Verdict::kFailed, response.error().message, {}};
  }
  const int status = response->status;
  if (status >= 200 && status < 300) return {Verdict::kDone, {}, {}};
  Outcome outcome{Verdict::kFailed, "the handler answered " + std::to_string(status), {}};
  if (status == 429 || status == 503) outcome.verdict = Verdict::kUnavailable;
  std::int64_t seconds = 0;
  const std::string& wish = response->retry_after;
  if (std::from_chars(wish.data(), wish.data() + wish.size(), seconds).ec == std::errc()) {
    outcome.retry_after = std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kLongestRetryAfterSeconds));
  }
  return outcome;
}

void HttpHandler::deliver(std::shared_ptr<const event::Record> record, std::uint32_t attempt, Done done) {
  http::ClientRequest request;
  request.headers = delivery_headers(*record, attempt);
  request.body = record->value.value_or("");
  request.timeout = timeout_;
  client_->post(std::move(request), [record = std::move(record), done = std::move(done)](
                                        const Result<http::ClientResponse>& response) { done(judge(response)); });
}

}  // namespace hubferry::deliver
