// What the REST interface of Event Hubs and Service Bus takes as JSON: the batch type and BrokerProperties.
#include "event/json_parser.h"

namespace hubferry::event {
namespace {

using simdjson::dom::element;

auto invalid(std::string message) {
  return fail(ErrorCode::kInvalid, std::move(message));
}

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// RFC 4648 section 4, with padding.
std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int digit = base64_digit(c);
    if (digit < 0) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>((bits >> count) & 0xFFU);
  }
  return bytes;
}

Result<JsonEvents::Key> partition_key_of(const element& properties) {
  simdjson::dom::object object;
  if (properties.get(object)) return invalid("BrokerProperties is not a JSON object");
  element value;
  if (object.at_key("PartitionKey").get(value) || value.is_null()) return JsonEvents::Key{};
  std::string_view key;
  if (value.get(key)) return invalid("BrokerProperties.PartitionKey is not a string");
  return JsonEvents::Key{key};
}

}  // namespace

Status JsonEvents::Parser::add_message(const simdjson::dom::object& object) {
  HubMessage message;
  if (object.at_key("Body").get(message.body)) return invalid("\"Body\" is missing or not a string");
  bool encoded = false;
  element flag;
  if (!object.at_key("IsBodyBase64").get(flag) && flag.get(encoded))
    return invalid("\"IsBodyBase64\" is not a boolean");
  if (encoded) {
    auto bytes = base64_decode(message.body);
    if (!bytes) return invalid("\"Body\" is not base64, though \"IsBodyBase64\" says so");
    message.body = texts.emplace_back(std::move(*bytes));
  }
  element broker;
  if (!object.at_key("BrokerProperties").get(broker) && !broker.is_null()) {
    auto key = partition_key_of(broker);
    if (!key) return tl::make_unexpected(key.error());
    message.partition_key = *key;
  }
  element user;
  if (!object.at_key("UserProperties").get(user) && !user.is_null()) {
    simdjson::dom::object members;
    if (user.get(members)) return invalid("UserProperties is not a JSON object");
    for (const auto member : members) {
      const auto text = text_of(member.value);
      if (!text && !member.value.is_null()) {
        return invalid("UserProperties." + std::string(member.key) + " is not a string, number, boolean or null");
      }
      properties.push_back({member.key, text});
      ++property_counts.back();
    }
  }
  messages.push_back(message);
  return {};
}

Result<std::span<const JsonEvents::HubMessage>> JsonEvents::check_hub_messages(std::string_view json) {
  const auto document = parser_->parse(json);
  if (!document) return tl::make_unexpected(document.error());
  simdjson::dom::array array;
  if (document->get(array)) return invalid("a batch is a JSON array of objects with a Body, this is not");
  auto& messages = parser_->messages;
  messages.clear();
  parser_->properties.clear();
  parser_->property_counts.clear();
  for (const element item : array) {
    parser_->property_counts.push_back(0);
    simdjson::dom::object object;
    const Status added = item.get(object) ? Status(invalid("it is not a JSON object")) : parser_->add_message(object);
    if (!added) {
      return invalid("event " + std::to_string(messages.size() + 1) + " of the batch: " + added.error().message);
    }
  }
  std::span<const Header> properties(parser_->properties);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    messages[i].properties = properties.first(parser_->property_counts[i]);
    properties = properties.subspan(parser_->property_counts[i]);
  }
  return std::span<const HubMessage>(messages);
}

Result<JsonEvents::Key> JsonEvents::broker_partition_key(std::string_view json) {
  parser_->texts.clear();
  element document;
  if (const auto error = parser_->dom.parse(json.data(), json.size(), true).get(document)) {
    return invalid(std::string("BrokerProperties is not valid JSON: ") + simdjson::error_message(error));
  }
  return partition_key_of(document);
}

}  // namespace hubferry::event
