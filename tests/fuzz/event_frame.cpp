// Frames of events, as the spool gives them back, and what hubferryctl prints of them.
#include "ctl/event_json.h"
#include "event/frame.h"
#include "event/json_event.h"
#include "fuzz/fuzz.h"

namespace {

using namespace hubferry;  // NOLINT: a target is one file

bool same(const event::OutboundEvent& a, const event::OutboundEvent& b) {
  if (a.key != b.key || a.value != b.value || a.partition != b.partition || a.note != b.note) return false;
  if (a.headers.size() != b.headers.size()) return false;
  for (std::size_t i = 0; i < a.headers.size(); ++i) {
    if (a.headers[i].name != b.headers[i].name || a.headers[i].value != b.headers[i].value) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static event::JsonEvents json;
  const fuzz::Exact exact(data, size);
  const auto line = ctl::export_line({1, 2, 3, false, exact.view()}, json);
  FUZZ_REQUIRE(line.text.find('\n') == line.text.size() - 1);
  FUZZ_REQUIRE(json.valid(line.text));
  const std::string shown = ctl::dump_line({1, 2, 3, false, exact.view()});
  for (const char c : shown) FUZZ_REQUIRE(static_cast<unsigned char>(c) >= 0x20);

  event::OutboundEvent event;
  const bool sound = event::decode_frame(exact.view(), event).has_value();
  FUZZ_REQUIRE(sound == line.readable);
  if (!sound) return 0;
  std::string bytes(event::frame_size(event), '\0');
  FUZZ_REQUIRE(bytes.size() <= size);
  event::encode_frame(event, bytes.data());
  event::OutboundEvent again;
  FUZZ_REQUIRE(event::decode_frame(bytes, again));
  FUZZ_REQUIRE(same(event, again));
  return 0;
}
