#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "event/event.h"

namespace hubferry::event {

// Checks JSON that applications send and finds the events and keys in it. Keeps the parser's buffers between calls: one
// per thread. DOM, not On-Demand: the latter accepts malformed documents when one field is read. All `json` is one
// complete document (RFC 8259, UTF-8) with at least kPadding readable bytes behind it; views in answers are valid until
// the next call and as long as `json` is. Errors are kInvalid and say what is wrong.
class JsonEvents {
 public:
  JsonEvents();
  ~JsonEvents();

  static constexpr std::size_t kPadding = 64;
  using Key = std::optional<std::string_view>;

  // `key_pointer` is an RFC 6901 pointer, empty for none. The key is the string, or the number or boolean as text; an
  // error when there is no such value.
  Result<Key> check(std::string_view json, const std::string& key_pointer);

  // Whether bytes are valid JSON; needs no padding.
  bool valid(std::string_view json);

  struct CloudEvent {
    std::string_view json;
    Key partition_key;  // the attribute partitionkey, else what stands at the key pointer
  };
  // A CloudEvent in the JSON event format 1.0, its attributes checked. With a `key_pointer` an event has to have a key.
  Result<CloudEvent> check_cloud_event(std::string_view json, const std::string& key_pointer);
  // An array of them (JSON batch format); the bytes of each are those of the array.
  Result<std::span<const CloudEvent>> check_cloud_events(std::string_view json, const std::string& key_pointer);

  // One element of Event Hubs' and Service Bus' batch type, application/vnd.microsoft.servicebus.json.
  struct HubMessage {
    Key partition_key;  // BrokerProperties.PartitionKey
    std::string_view body;
    std::span<const Header> properties;  // UserProperties
  };
  Result<std::span<const HubMessage>> check_hub_messages(std::string_view json);
  // PartitionKey of a BrokerProperties header field, which is a JSON object; needs no padding.
  Result<Key> broker_partition_key(std::string_view json);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace hubferry::event
