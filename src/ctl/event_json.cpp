#include "ctl/event_json.h"

#include <vector>

#include "base/base64.h"
#include "base/ids.h"
#include "event/frame.h"
#include "observe/json_text.h"
#include "produce/event_members.h"

namespace hubferry::ctl {
namespace {

constexpr std::size_t kKeyPreview = 60;
constexpr std::size_t kValuePreview = 100;

// Whether the bytes can stand in a line of JSON and be cut out again: no white space around, no line break inside, no
// byte order mark (which parsers skip).
bool embeddable(std::string_view value, event::JsonEvents& json) {
  if (value.empty() || value.find_first_of("\r\n") != std::string_view::npos) return false;
  constexpr std::string_view kFirst = "{[\"-0123456789tfn";
  constexpr std::string_view kBlank = " \t";
  return kFirst.find(value.front()) != std::string_view::npos && kBlank.find(value.back()) == std::string_view::npos &&
         json.valid(value);
}

}  // namespace

ExportedLine export_line(const spool::InspectedRecord& record, event::JsonEvents& json) {
  std::string line =
      "{\"sequence\":" + std::to_string(record.sequence) + ",\"source\":\"" + id_text(record.source) + '"';
  if (record.acknowledged) line += ",\"acknowledged\":true";
  event::OutboundEvent event;
  if (!event::decode_frame(record.bytes, event)) {
    return {line + ",\"frame_base64\":\"" + base64(record.bytes) + "\"}\n", false};
  }
  produce::append_event_members(line, event);
  if (embeddable(event.value, json)) {
    line.append(",\"value\":").append(event.value).append("}\n");
  } else {
    line += ",\"value_base64\":\"" + base64(event.value) + "\"}\n";
  }
  return {std::move(line), true};
}

std::string dump_line(const spool::InspectedRecord& record) {
  std::string line = "sequence " + std::to_string(record.sequence) + "  source " + id_text(record.source);
  if (record.acknowledged) line += "  acknowledged";
  event::OutboundEvent event;
  if (!event::decode_frame(record.bytes, event)) {
    return line + "  " + std::to_string(record.bytes.size()) + " bytes that this version cannot read  " +
           preview(record.bytes, kValuePreview);
  }
  line += "  partition " +
          (event.partition == event::OutboundEvent::kAnyPartition ? "any" : std::to_string(event.partition));
  line += event.key ? "  key \"" + preview(*event.key, kKeyPreview) + '"' : "  no key";
  if (!event.headers.empty()) line += "  " + std::to_string(event.headers.size()) + " headers";
  return line + "  " + std::to_string(event.value.size()) + " bytes  " + preview(event.value, kValuePreview);
}

std::string preview(std::string_view bytes, std::size_t limit) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  std::string_view rest = bytes.substr(0, limit);
  const bool cut = rest.size() < bytes.size();
  while (!rest.empty()) {
    const auto byte = static_cast<unsigned char>(rest.front());
    const std::size_t length = observe::utf8_sequence(rest);
    // U+0080 to U+009F are control characters too: C2 80 to C2 9F.
    const bool control =
        byte < 0x20 || byte == 0x7F || (length == 2 && byte == 0xC2 && static_cast<unsigned char>(rest[1]) < 0xA0);
    if (length == 0 && cut && rest.size() < 4 && byte >= 0xC0) break;  // a character that the limit cuts
    if (length == 0 || control) {
      text.append("\\x").append(1, kDigits[byte >> 4U]).append(1, kDigits[byte & 0xFU]);
      rest.remove_prefix(1);
    } else {
      text += rest.substr(0, length);
      rest.remove_prefix(length);
    }
  }
  return cut ? text + "..." : text;
}

}  // namespace hubferry::ctl
