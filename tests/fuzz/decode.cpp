// Bodies of POST /v1/topics/{topic}/events and POST /{hub}/messages. Input: what it is, the second header's line, body.
#include "ingest/decode.h"

#include <array>

#include "event/frame.h"
#include "event/origin.h"
#include "fuzz/fuzz.h"
#include "ingest/idempotency_note.h"
#include "ingest/media_type.h"
#include "spool/format.h"

namespace {

using namespace hubferry;  // NOLINT: a target is one file
using fuzz::Exact;
using fuzz::Input;

constexpr std::uint64_t kMaxEvent = 2'000;
constexpr std::uint32_t kMaxBatch = 20;

constexpr std::array<std::string_view, 8> kTypes{"application/json",
                                                 "application/x-ndjson",
                                                 "application/cloudevents+json",
                                                 "application/cloudevents-batch+json; charset=utf-8",
                                                 "application/vnd.microsoft.servicebus.json",
                                                 "text/plain",
                                                 "",
                                                 "application/cloudevents-batch+avro"};
constexpr std::array<std::string_view, 4> kPointers{"", "/key", "/data/0/key", "/a~1b"};

// Every record is a sound frame within the limits, without `hf`, that encodes to the same bytes again.
void check(const spool::RecordBatch& batch, const ingest::DecodeInput& input) {
  FUZZ_REQUIRE(batch.count() > 0 && batch.count() <= kMaxBatch);
  FUZZ_REQUIRE(spool::frames_are_sound(batch.bytes(), batch.count()));
  event::OutboundEvent event;
  bool first = true;
  for (std::string_view rest = batch.bytes(); !rest.empty();) {
    const auto size = load_le<std::uint32_t>(rest.data());
    const std::string_view frame = rest.substr(4, size);
    rest.remove_prefix(4 + std::size_t{size});
    FUZZ_REQUIRE(event::decode_frame(frame, event));
    FUZZ_REQUIRE(event.partition == input.partition);
    FUZZ_REQUIRE(event.value.size() + event.key.value_or("").size() <= kMaxEvent);
    FUZZ_REQUIRE(!input.key || event.key == input.key);
    FUZZ_REQUIRE(event.note.empty() == !(first && input.identity));
    if (!event.note.empty()) {
      const auto note = ingest::decode_note(event.note);
      FUZZ_REQUIRE(note && note->count == batch.count());
    }
    for (const auto& header : event.headers) FUZZ_REQUIRE(!ingest::same_name(header.name, event::kOriginHeader));
    std::string again(event::frame_size(event), '\0');
    event::encode_frame(event, again.data());
    FUZZ_REQUIRE(again == frame);
    first = false;
  }
}

// What is stored byte by byte is the body, or a piece of it.
void check_bytes(const spool::RecordBatch& batch, std::string_view body, bool whole) {
  event::OutboundEvent event;
  for (std::string_view rest = batch.bytes(); !rest.empty();) {
    const auto size = load_le<std::uint32_t>(rest.data());
    FUZZ_REQUIRE(event::decode_frame(rest.substr(4, size), event));
    FUZZ_REQUIRE(whole ? event.value == body : body.find(event.value) != std::string_view::npos);
    rest.remove_prefix(4 + std::size_t{size});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input bytes(data, size);
  const std::uint8_t kind = bytes.byte();
  const std::uint8_t flags = bytes.byte();
  const std::string_view second = bytes.line();
  const Exact body(bytes.rest(), event::JsonEvents::kPadding);

  static event::JsonEvents json;  // its buffers are reused, as in the daemon
  const std::array<event::Header, 2> headers{{{"name", "value"}, {"HF", "not theirs"}}};
  ingest::DecodeInput input;
  input.body = body.view();
  input.content_type = kTypes[kind % kTypes.size()];
  input.key_pointer = kPointers[(flags >> 2U) % kPointers.size()];
  input.max_event_bytes = kMaxEvent;
  input.max_batch_events = kMaxBatch;
  if ((flags & 1U) != 0) input.key = "the key";
  if ((flags & 2U) != 0) input.identity = ingest::DecodeInput::Identity{{1, 2}, {3, 4}};
  if ((flags & 16U) != 0) input.partition = 3;
  if ((flags & 32U) != 0) input.headers = headers;
  const bool hub = (kind & 0x80U) != 0;
  const bool binary = !hub && (flags & 64U) != 0;
  if (binary) input.cloud_event = headers;
  if (hub) input.properties = headers;

  const auto decode = [&] {
    if (!hub) return ingest::decode_events(input, json);
    const auto properties = (flags & 128U) != 0 ? std::optional(second) : std::nullopt;
    return ingest::decode_hub_messages(input, properties, json);
  };
  const auto decoded = decode();
  const auto again = decode();
  FUZZ_REQUIRE(decoded.has_value() == again.has_value());
  if (!decoded) {
    FUZZ_REQUIRE(decoded.error().status >= 400 && decoded.error().status < 500 && !decoded.error().detail.empty());
    FUZZ_REQUIRE(decoded.error().detail == again.error().detail);
    return 0;
  }
  FUZZ_REQUIRE(decoded->bytes() == again->bytes());
  check(*decoded, input);
  const bool hub_batch = hub && ingest::is_service_bus_batch(input.content_type);
  const bool lines = !hub && !binary && ingest::shape_of(input.content_type) == ingest::Shape::kLines;
  const bool batch = !hub && ingest::shape_of(input.content_type) == ingest::Shape::kCloudEventBatch;
  if (!hub_batch) check_bytes(*decoded, body.view(), !lines && !batch);
  return 0;
}
