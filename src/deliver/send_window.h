#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "deliver/handler.h"
#include "event/event.h"

namespace hubferry::deliver {

// An event on its way to a topic: key and value are those of its record.
struct Outgoing {
  WorkId id;
  std::shared_ptr<const event::Record> record;
  std::vector<event::Header> headers;  // in place of the record's; they point into the record or into `texts`
  std::vector<std::string> texts;      // must not be changed once headers point into them
  std::uint64_t spread = 0;            // chooses the partition of an event without a key
};

// What a TopicWriter has to send and has not answered yet, in order. Decides what is sent next and what follows from
// failures. A state machine: no thread, no I/O, no clock. Tickets count from 1 and are never used again.
//
// A producer keeps order by failing everything behind a record that failed: then it is given up, and a new one sends
// again from the oldest that is not answered. Brokers refuse whole batches, so after a refusal records are sent one by
// one (careful) until past the last that was refused, and only what was refused alone is to blame.
class SendWindow {
 public:
  struct Answer {
    Outgoing outgoing;
    Status status;
  };

  void add(Outgoing outgoing, Instant now);
  bool empty() const { return entries_.empty(); }
  // When the oldest entry came or an entry was last answered, whichever is later; only if not empty.
  Instant progress_at() const;

  // What to send now, valid until the next call of anything else; null: nothing, or a careful sender has to wait.
  const Outgoing* next();
  std::uint64_t next_ticket() const { return first_ticket_ + next_; }
  void sent();
  bool careful() const { return careful_until_ >= first_ticket_; }

  // The broker stored it. Nothing for a ticket that was answered already.
  std::optional<Answer> acknowledged(std::uint64_t ticket, Instant now);
  // The producer would not take next(): the record is at fault.
  Answer refuse_next(Error error, Instant now);

  // The producer reports that it did not store a record. What that means is decided by give_up().
  void failed(std::uint64_t ticket, const Error& error);
  // A producer is given up after a failure. Returns what that decides, in order; the rest is to be sent again:
  //   something was refused: the one that was refused alone, if so; nothing otherwise
  //   something failed for another reason that may pass: everything, with that reason
  //   only the producer is at fault: nothing
  std::vector<Answer> give_up(Instant now);
  // The same, with everything answered so.
  std::vector<Answer> give_up_all(const Error& error);

  bool failing() const { return refused() || passing_ || lost_; }
  bool refused() const { return !refused_.empty(); }

 private:
  struct Entry {
    Outgoing outgoing;
    Instant since;
    bool open = true;
  };
  Answer settle(std::size_t index, Status status, Instant now);
  void trim();

  std::deque<Entry> entries_;
  std::uint64_t first_ticket_ = 1;  // of entries_.front()
  std::size_t next_ = 0;            // index of what is sent next
  std::size_t in_flight_ = 0;
  Instant answered_at_{};
  std::uint64_t careful_until_ = 0;  // ticket
  // Since the last give_up().
  struct Refused {
    std::uint64_t ticket = 0;
    Error error;
  };
  std::vector<Refused> refused_;
  std::optional<Error> passing_;
  bool lost_ = false;  // failed with no reason of its own
};

}  // namespace hubferry::deliver
