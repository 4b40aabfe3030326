#include "ingest/batch_builder.h"

#include "event/frame.h"
#include "event/origin.h"
#include "ingest/idempotency_note.h"
#include "ingest/media_type.h"

namespace hubferry::ingest {
namespace {

// What a frame can hold.
constexpr std::size_t kMaxHeaders = 65'535;
constexpr std::size_t kMaxHeaderName = 65'535;

}  // namespace

std::string text_of(EventName name) {
  return name.number == 0 ? name.kind : name.kind + (' ' + std::to_string(name.number));
}

tl::unexpected<Refusal> refuse(int status, std::string detail) {
  return tl::make_unexpected(Refusal{status, std::move(detail)});
}

BatchBuilder::BatchBuilder(const DecodeInput& input) : input_(input) {
  event_.partition = input.partition;
  for (const event::Header& header : input.headers) add_header(header);
}

std::optional<Refusal> BatchBuilder::expect(std::size_t count) {
  if (count > input_.max_batch_events) {
    return Refusal{413, "The batch has more than " + std::to_string(input_.max_batch_events) +
                            " events (ingest.max-batch-events); send it in parts."};
  }
  if (input_.identity) {
    note_ = encode_note({input_.identity->key, input_.identity->content, static_cast<std::uint32_t>(count)});
  }
  return std::nullopt;
}

void BatchBuilder::add_header(const event::Header& header) {
  if (same_name(header.name, event::kOriginHeader)) return;
  event_.headers.push_back(header);
  shared_headers_ = event_.headers.size();
}

std::optional<Refusal> BatchBuilder::add(std::string_view value, std::optional<std::string_view> key, EventName name,
                                         std::span<const event::Header> headers) {
  event_.value = value;
  event_.key = input_.key ? input_.key : key;
  for (const event::Header& header : headers) {
    if (!same_name(header.name, event::kOriginHeader)) event_.headers.push_back(header);
  }
  auto refusal = check(name);
  if (!refusal) encode();
  event_.headers.resize(shared_headers_);
  return refusal;
}

std::optional<Refusal> BatchBuilder::check(EventName name) const {
  std::size_t size = event_.value.size() + (event_.key ? event_.key->size() : 0);
  for (const event::Header& header : event_.headers) {
    size += header.name.size() + header.value.value_or("").size();
    if (header.name.size() > kMaxHeaderName) {
      return Refusal{413, text_of(name) + ": the name of a header has " + std::to_string(header.name.size()) +
                              " bytes, more than " + std::to_string(kMaxHeaderName) + "." +
                              std::string(kNothingAccepted)};
    }
  }
  if (event_.headers.size() > kMaxHeaders) {
    return Refusal{413, text_of(name) + ": the event has more than " + std::to_string(kMaxHeaders) + " headers." +
                            std::string(kNothingAccepted)};
  }
  if (size <= input_.max_event_bytes) return std::nullopt;
  return Refusal{413, text_of(name) + ": the event has " + std::to_string(size) +
                          " bytes with key and headers, more than " + std::to_string(input_.max_event_bytes) +
                          " (ingest.max-event)." + std::string(kNothingAccepted)};
}

void BatchBuilder::encode() {
  if (batch_.count() == 0 && !note_.empty()) {
    event_.note = note_;
    batch_.set_note(note_);
  }
  event::encode_frame(event_, batch_.add(static_cast<std::uint32_t>(event::frame_size(event_))));
  event_.note = {};
}

}  // namespace hubferry::ingest
