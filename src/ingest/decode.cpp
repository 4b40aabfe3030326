#include "ingest/decode.h"

#include <algorithm>
#include <cctype>

#include "event/frame.h"

namespace hubferry::ingest {
namespace {

using Decoded = tl::expected<spool::RecordBatch, Refusal>;

// "Application/JSON; charset=utf-8" -> "application/json"
std::string media_type(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return type;
}

enum class Shape { kJson, kLines, kBytes };

Shape shape_of(const std::string& type) {
  if (type == "application/x-ndjson" || type == "application/jsonl") return Shape::kLines;
  if (type.empty() || type == "application/json" || type.ends_with("+json")) return Shape::kJson;
  return Shape::kBytes;
}

class Decoder {
 public:
  Decoder(const DecodeInput& input, event::JsonEvents& json)
      : input_(input), json_(json), key_pointer_(input.key ? std::string_view() : input.key_pointer) {}

  Decoded decode() {
    const std::string type = media_type(input_.content_type);
    switch (shape_of(type)) {
      case Shape::kLines:
        return decode_lines();
      case Shape::kJson:
        return decode_one(true);
      case Shape::kBytes:
        break;
    }
    event_.headers.push_back({"content-type", input_.content_type});
    return decode_one(false);
  }

 private:
  Decoded decode_one(bool is_json) {
    if (input_.body.empty()) return refuse(400, "The body is empty; it must hold one event.");
    if (auto refusal = add(input_.body, is_json, "The event")) return tl::make_unexpected(*refusal);
    return std::move(batch_);
  }

  Decoded decode_lines() {
    batch_.reserve(input_.body.size() + input_.body.size() / 8);
    std::string_view rest = input_.body;
    for (std::uint64_t number = 1; !rest.empty(); ++number) {
      std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      if (line.empty()) continue;
      if (batch_.count() == input_.max_batch_events) {
        return refuse(413, "The batch has more than " + std::to_string(input_.max_batch_events) +
                               " events (ingest.max-batch-events); send it in parts.");
      }
      if (auto refusal = add(line, true, "Line " + std::to_string(number))) return tl::make_unexpected(*refusal);
    }
    if (batch_.count() == 0) return refuse(400, "The body has no line with an event.");
    return std::move(batch_);
  }

  std::optional<Refusal> add(std::string_view value, bool is_json, const std::string& what) {
    event_.key = input_.key;
    if (is_json) {
      const auto key = json_.check(value, key_pointer_);
      if (!key) return Refusal{400, what + ": " + key.error().message + ". Nothing of the request was accepted."};
      if (!input_.key) event_.key = *key;
    }
    event_.value = value;
    const std::size_t size = event_bytes();
    if (size > input_.max_event_bytes) {
      return Refusal{413, what + ": the event has " + std::to_string(size) + " bytes with key and headers, more than " +
                              std::to_string(input_.max_event_bytes) +
                              " (ingest.max-event). Nothing of the request was accepted."};
    }
    event::encode_frame(event_, batch_.add(static_cast<std::uint32_t>(event::frame_size(event_))));
    return std::nullopt;
  }

  std::size_t event_bytes() const {
    std::size_t size = event_.value.size() + (event_.key ? event_.key->size() : 0);
    for (const auto& header : event_.headers) size += header.name.size() + header.value.value_or("").size();
    return size;
  }

  static Decoded refuse(int status, std::string detail) {
    return tl::make_unexpected(Refusal{status, std::move(detail)});
  }

  const DecodeInput& input_;
  event::JsonEvents& json_;
  std::string key_pointer_;
  event::OutboundEvent event_;
  spool::RecordBatch batch_;
};

}  // namespace

Decoded decode_events(const DecodeInput& input, event::JsonEvents& json) {
  return Decoder(input, json).decode();
}

}  // namespace hubferry::ingest
