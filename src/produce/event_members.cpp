#include "produce/event_members.h"

#include <string_view>

#include "base/base64.h"
#include "observe/json_text.h"

namespace hubferry::produce {
namespace {

// "name":"text", or "name_base64":"..." for bytes that are no text.
void append_member(std::string& line, std::string_view name, std::string_view bytes) {
  line += ",\"";
  line += name;
  if (observe::is_utf8(bytes)) {
    line += "\":";
    observe::append_json_string(line, bytes);
  } else {
    line += "_base64\":\"" + base64(bytes) + '"';
  }
}

}  // namespace

void append_event_members(std::string& line, const event::OutboundEvent& event) {
  if (event.partition != event::OutboundEvent::kAnyPartition) {
    line += ",\"partition\":" + std::to_string(event.partition);
  }
  if (event.key) append_member(line, "key", *event.key);
  line += ",\"headers\":[";
  for (const event::Header& header : event.headers) {
    line += line.back() == '[' ? "{\"name\":" : ",{\"name\":";
    observe::append_json_string(line, header.name);
    if (header.value) append_member(line, "value", *header.value);
    line += '}';
  }
  line += ']';
}

}  // namespace hubferry::produce
