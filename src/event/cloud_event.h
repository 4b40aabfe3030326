#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "event/event.h"

namespace hubferry::event {

// CloudEvents 1.0 in HTTP's binary content mode. Errors are kInvalid and say what is wrong with which attribute.

// Lower-case letters and digits, and not the reserved "data".
bool valid_attribute_name(std::string_view name);

// Collects the `ce-` header fields of one request and gives the record headers of the Kafka binding ("ce_id", ...).
// Reused from request to request, so that it stops allocating. Not thread-safe.
class BinaryCloudEvent {
 public:
  void clear();
  // `name` without "ce-", in any case; the value as it was sent.
  void add(std::string_view name, std::string_view raw_value) { fields_.push_back({name, raw_value}); }
  bool empty() const { return fields_.empty(); }

  // Checks names, values and the required attributes. Call once, after the last add().
  Status finish();

  // After finish(): valid until clear().
  const std::vector<Header>& headers() const { return headers_; }
  std::optional<std::string_view> partition_key() const { return partition_key_; }

 private:
  Status decode(const Header& field);
  Status check_required() const;
  std::optional<std::string_view> find(std::string_view kafka_name) const;

  std::vector<Header> fields_;
  std::string text_;  // decoded names and values, reserved once for all of them
  std::vector<Header> headers_;
  std::optional<std::string_view> partition_key_;
};

// Appends a header field's value as a receiver has to read it: double-quoted strings unquoted, then one round of
// percent-decoding (HTTP protocol binding 1.0.2, section 3.1.3.2). Never longer than `raw`. kInvalid: a cut escape, or
// the result has control characters or is not UTF-8.
Status append_attribute_value(std::string_view raw, std::string& out);

// Appends `text` without the quotes and escapes of its double-quoted strings (RFC 9110 section 5.6.4). A quote that is
// not closed stands for itself.
void append_unquoted(std::string_view text, std::string& out);

}  // namespace hubferry::event
