#include "ingest/decode.h"

#include <algorithm>

#include "ingest/batch_builder.h"
#include "ingest/media_type.h"

namespace hubferry::ingest {
namespace {

// By the Kafka binding of CloudEvents.
constexpr event::Header kCloudEventType{"content-type", "application/cloudevents+json; charset=UTF-8"};

// The lines of a text without their ends; empty ones are counted, but not returned.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  // Empty: there is none any more.
  std::string_view next() {
    std::string_view line;
    while (line.empty() && !rest_.empty()) {
      line = rest_.substr(0, rest_.find('\n'));
      rest_.remove_prefix(std::min(rest_.size(), line.size() + 1));
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      ++number_;
    }
    return line;
  }
  std::uint64_t number() const { return number_; }

 private:
  std::string_view rest_;
  std::uint64_t number_ = 0;
};

class Decoder {
 public:
  Decoder(const DecodeInput& input, event::JsonEvents& json)
      : input_(input), json_(json), builder_(input), key_pointer_(input.key ? std::string_view() : input.key_pointer) {}

  Decoded decode() {
    const Shape shape = shape_of(input_.content_type);
    switch (shape) {
      case Shape::kCloudEvent:
        return decode_cloud_event();
      case Shape::kCloudEventBatch:
        return decode_cloud_events();
      case Shape::kForeignBatch:
        return refuse(415, "A batch of CloudEvents is understood as application/cloudevents-batch+json only.");
      default:
        break;
    }
    if (!input_.cloud_event.empty()) return decode_binary(shape);
    if (shape == Shape::kLines) return decode_lines();
    if (shape == Shape::kJson) return decode_json();
    builder_.add_header({"content-type", input_.content_type});
    return decode_bytes();
  }

  Decoded decode_hub(std::optional<std::string_view> broker_properties) {
    if (is_service_bus_batch(input_.content_type)) return decode_hub_batch();
    for (const event::Header& property : input_.properties) builder_.add_header(property);
    if (!input_.content_type.empty()) builder_.add_header({"content-type", input_.content_type});
    std::optional<std::string_view> key;
    if (broker_properties) {
      const auto found = json_.broker_partition_key(*broker_properties);
      if (!found) return refuse(400, "The header is not understood: " + found.error().message + ".");
      key = *found;
    }
    const bool json = !input_.content_type.empty() && shape_of(input_.content_type) == Shape::kJson;
    if (json && !key && !key_pointer_.empty()) return decode_json();
    return one(input_.body, key);
  }

 private:
  Decoded one(std::string_view value, std::optional<std::string_view> key) {
    if (auto refusal = builder_.expect(1)) return tl::make_unexpected(std::move(*refusal));
    if (auto refusal = builder_.add(value, key, {})) return tl::make_unexpected(std::move(*refusal));
    return std::move(builder_.batch());
  }

  Decoded decode_bytes() {
    if (input_.body.empty()) return refuse(400, "The body is empty; it must hold one event.");
    return one(input_.body, std::nullopt);
  }

  Decoded decode_json() {
    if (input_.body.empty()) return refuse(400, "The body is empty; it must hold one event.");
    const auto key = json_.check(input_.body, key_pointer_);
    if (!key) return malformed({}, key.error());
    return one(input_.body, *key);
  }

  Decoded decode_lines() {
    if (input_.identity) {
      Lines counted(input_.body);
      std::size_t count = 0;
      while (!counted.next().empty()) ++count;
      if (auto refusal = builder_.expect(count)) return tl::make_unexpected(std::move(*refusal));
    }
    builder_.batch().reserve(input_.body.size() + input_.body.size() / 8);
    Lines lines(input_.body);
    for (std::string_view line = lines.next(); !line.empty(); line = lines.next()) {
      const EventName name{"Line", lines.number()};
      if (builder_.batch().count() == input_.max_batch_events) {
        return tl::make_unexpected(*builder_.expect(std::size_t{input_.max_batch_events} + 1));
      }
      const auto key = json_.check(line, key_pointer_);
      if (!key) return malformed(name, key.error());
      if (auto refusal = builder_.add(line, *key, name)) return tl::make_unexpected(std::move(*refusal));
    }
    if (builder_.batch().count() == 0) return refuse(400, "The body has no line with an event.");
    return std::move(builder_.batch());
  }

  Decoded decode_binary(Shape shape) {
    for (const event::Header& header : input_.cloud_event) builder_.add_header(header);
    if (!input_.content_type.empty()) builder_.add_header({"content-type", input_.content_type});
    const bool json = shape == Shape::kJson && !input_.content_type.empty() && !input_.body.empty();
    if (!json) return one(input_.body, input_.cloud_event_key);
    const auto key = json_.check(input_.body, input_.cloud_event_key ? std::string() : key_pointer_);
    if (!key) return malformed({}, key.error());
    return one(input_.body, input_.cloud_event_key ? input_.cloud_event_key : *key);
  }

  Decoded decode_cloud_event() {
    const auto event = json_.check_cloud_event(input_.body, key_pointer_);
    if (!event) return malformed({}, event.error());
    builder_.add_header(kCloudEventType);
    return one(input_.body, event->partition_key);
  }

  Decoded decode_cloud_events() {
    const auto events = json_.check_cloud_events(input_.body, key_pointer_);
    if (!events) return malformed({"The body"}, events.error());
    builder_.add_header(kCloudEventType);
    return add_all(*events, [this](const event::JsonEvents::CloudEvent& event, EventName name) {
      return builder_.add(event.json, event.partition_key, name);
    });
  }

  Decoded decode_hub_batch() {
    const auto messages = json_.check_hub_messages(input_.body);
    if (!messages) return malformed({"The body"}, messages.error());
    return add_all(*messages, [this](const event::JsonEvents::HubMessage& message, EventName name) {
      return builder_.add(message.body, message.partition_key, name, message.properties);
    });
  }

  template <class Event, class Add>
  Decoded add_all(std::span<const Event> events, const Add& add) {
    if (events.empty()) return refuse(400, "The batch is empty; it must hold at least one event.");
    if (auto refusal = builder_.expect(events.size())) return tl::make_unexpected(std::move(*refusal));
    builder_.batch().reserve(input_.body.size() + input_.body.size() / 8);
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (auto refusal = add(events[i], {"Event", i + 1})) return tl::make_unexpected(std::move(*refusal));
    }
    return std::move(builder_.batch());
  }

  static Decoded malformed(EventName name, const Error& error) {
    return refuse(400, text_of(name) + ": " + error.message + "." + std::string(kNothingAccepted));
  }

  const DecodeInput& input_;
  event::JsonEvents& json_;
  BatchBuilder builder_;
  std::string key_pointer_;
};

}  // namespace

Decoded decode_events(const DecodeInput& input, event::JsonEvents& json) {
  return Decoder(input, json).decode();
}

Decoded decode_hub_messages(const DecodeInput& input, std::optional<std::string_view> broker_properties,
                            event::JsonEvents& json) {
  return Decoder(input, json).decode_hub(broker_properties);
}

}  // namespace hubferry::ingest
