#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ingest/decode.h"

namespace hubferry::ingest {

tl::unexpected<Refusal> refuse(int status, std::string detail);
inline constexpr std::string_view kNothingAccepted = " Nothing of the request was accepted.";

// "Line 3"; without a number "The event".
struct EventName {
  const char* kind = "The event";
  std::uint64_t number = 0;
};
std::string text_of(EventName name);

// Puts the events of one request into a batch: limits, headers, partition, and the note of its first event. `hf` is
// stripped here, so that no way in can forget to.
class BatchBuilder {
 public:
  explicit BatchBuilder(const DecodeInput& input);

  // Before the first add(): how many there will be. A refusal when these are too many.
  std::optional<Refusal> expect(std::size_t count);
  // A record header of every event from now on.
  void add_header(const event::Header& header);

  // The refusal names the event.
  std::optional<Refusal> add(std::string_view value, std::optional<std::string_view> key, EventName name,
                             std::span<const event::Header> headers = {});

  spool::RecordBatch& batch() { return batch_; }

 private:
  std::optional<Refusal> check(EventName name) const;
  void encode();

  const DecodeInput& input_;
  spool::RecordBatch batch_;
  event::OutboundEvent event_;
  std::size_t shared_headers_ = 0;
  std::string note_;
};

}  // namespace hubferry::ingest
