// Two members of one group run real dispatchers against a simulated topic, group coordinator, handler and dead-letter
// topic, with crashes, rebalances, lost partitions, failing handlers, refused commits and breakers that open, are tried
// and close at random moments. Checked at
// every step: no commit passes an event that is neither done nor dead; an event is delivered only when those before it
// in its lane are done or dead (or right before it in its batch); what a commit note calls finished is not delivered
// again; an event that always fails gets its attempts, one more at most for each disturbance that may cost a count. In
// the end every event is done or dead, and only those that must are dead.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "consume/dispatcher.h"

namespace hubferry::consume {
namespace {

using deliver::Delivery;
using deliver::Outcome;
using deliver::Verdict;
using std::chrono::milliseconds;

constexpr std::int32_t kPartitions = 3;
constexpr std::int64_t kEventsPerPartition = 60;
constexpr std::uint32_t kAttempts = 3;

using Place = std::pair<std::int32_t, std::int64_t>;  // partition, offset

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed) : random_(seed), members_(2) {
    options_.route = "r";
    options_.order = static_cast<config::Order>(random_() % 3);
    options_.concurrency = 1 + static_cast<std::uint32_t>(random_() % 8);
    if (random_() % 2 == 0) options_.batch.max_events = 1 + static_cast<std::uint32_t>(random_() % 6);
    if (random_() % 2 == 0) options_.batch.wait = milliseconds(20);
    options_.retry_attempts = kAttempts;
    options_.dead_letter = true;
    options_.buffer_events = 1 + static_cast<std::uint32_t>(random_() % 20);
    for (std::int32_t p = 0; p < kPartitions; ++p) {
      owner_[p] = std::nullopt;
      for (std::int64_t offset = 0; offset < kEventsPerPartition; ++offset) events_[{p, offset}] = new_event();
    }
    for (Member& member : members_) restart(member);
  }

  // False when a rule was broken; see failure().
  bool run() {
    for (int steps = 0; done_.size() + dead_.size() < events_.size() || !all_committed(); ++steps) {
      if (steps > 400'000) return broken("the simulation does not end");
      now_ += milliseconds(random_() % 50);
      Member& member = members_[random_() % members_.size()];
      step(member);
      disturb(member);
      if (!failure_.empty()) return false;
    }
    for (const auto& [place, event] : events_) {
      if (dead_.contains(place) && event.fate == Fate::kGood) return broken("a good event is dead");
    }
    return true;
  }
  const std::string& failure() const { return failure_; }

 private:
  enum class Fate { kGood, kFails, kRejected };
  struct Event {
    std::string key;  // empty: none
    Fate fate = Fate::kGood;
    std::uint32_t failed_deliveries = 0;
    std::uint32_t failed_while_closed = 0;
  };
  struct Member {
    std::unique_ptr<Dispatcher> dispatcher;
    std::map<std::int32_t, std::int64_t> next_fetch;
    std::map<std::int32_t, std::set<std::int64_t>> known_done;  // by the note that reading began with
    std::vector<Delivery> at_handler;
    std::vector<deliver::DeadLetter> dying;
    std::optional<Commit> commit;
    std::vector<std::int32_t> revoking;
  };

  bool broken(const std::string& why) {
    failure_ = why;
    return false;
  }

  Event new_event() {
    Event event;
    if (const auto key = random_() % 5; key != 0) event.key = "k" + std::to_string(key);
    const auto dice = random_() % 20;
    event.fate = dice == 0 ? Fate::kFails : dice == 1 ? Fate::kRejected : Fate::kGood;
    return event;
  }

  bool all_committed() {
    for (std::int32_t p = 0; p < kPartitions; ++p) {
      if (committed_[p].offset != kEventsPerPartition) return false;
    }
    return true;
  }

  void restart(Member& member) {
    options_.seed = random_();
    member = Member{};
    member.dispatcher = std::make_unique<Dispatcher>(options_);
  }

  std::size_t index(const Member& member) const { return static_cast<std::size_t>(&member - members_.data()); }
  bool is_over(const Place& place) const { return done_.contains(place) || dead_.contains(place); }

  event::Record record(std::int32_t partition, std::int64_t offset) const {
    const Event& event = events_.at({partition, offset});
    event::Record made;
    made.partition = partition;
    made.offset = offset;
    if (!event.key.empty()) made.key = event.key;
    return made;
  }

  void step(Member& member) {
    Dispatcher& dispatcher = *member.dispatcher;
    for (auto& [partition, next] : member.next_fetch) {
      for (std::size_t room = dispatcher.room(partition); room > 0 && next < kEventsPerPartition; --room) {
        dispatcher.add(record(partition, next++), now_);
      }
    }
    for (auto batch = dispatcher.next_batch(now_); !batch.empty(); batch = dispatcher.next_batch(now_)) {
      deliver(member, std::move(batch));
    }
    work_breaker(member);
    while (auto letter = dispatcher.next_dead_letter()) {
      if (dispatcher.permit().kind != Permit::Kind::kClosed) broken("a dead letter while the breaker was not closed");
      member.dying.push_back(std::move(*letter));
    }
    if (!member.at_handler.empty() && random_() % 2 == 0) answer(member);
    if (!member.dying.empty() && random_() % 2 == 0) bury(member);
    if (auto commit = dispatcher.next_commit(now_)) send(member, std::move(*commit));
    if (member.commit && random_() % 3 == 0) settle_commit(member);
    if (dispatcher.take_revoke_done(now_)) {
      for (const std::int32_t partition : member.revoking) release(member, partition);
      member.revoking.clear();
    }
  }

  // What is at the handler of one that gives up the partition is tried once more by the next one.
  bool is_abandoned(const Member& member, std::int32_t partition) const {
    return std::any_of(member.at_handler.begin(), member.at_handler.end(),
                       [partition](const Delivery& delivery) { return delivery.id.partition == partition; });
  }

  bool one_lane(const Place& a, const Place& b) const {
    if (options_.order == config::Order::kPartition) return true;
    const std::string& key = events_.at(a).key;
    return options_.order == config::Order::kKey && !key.empty() && key == events_.at(b).key;
  }

  // The breaker opens now and then, is tried or not, and closes; final failures are released after a while.
  void work_breaker(Member& member) {
    Permit permit = member.dispatcher->permit();
    const std::uint64_t finals = member.dispatcher->take_tally().state.finals;
    if (permit.kind == Permit::Kind::kClosed) {
      if (random_() % 3 == 0) permit.released = finals;
      if (random_() % 300 == 0) {
        permit = {Permit::Kind::kOpen, permit.generation, -1, 0, 0};
        ++pardons_;
      }
    } else if (random_() % 30 == 0) {
      permit = {Permit::Kind::kClosed, permit.generation + 1, -1, 0, finals};
    } else if (permit.kind == Permit::Kind::kOpen && random_() % 30 == 0) {
      permit.kind = Permit::Kind::kProbe;
      permit.partition = static_cast<std::int32_t>(random_() % kPartitions);
      permit.events = 1 + random_() % 3;
    }
    member.dispatcher->permit(permit, now_);
  }

  void deliver(Member& member, std::vector<Delivery> batch) {
    const Permit& permit = member.dispatcher->permit();
    if (permit.kind == Permit::Kind::kOpen) broken("delivered while the breaker was open");
    if (permit.kind == Permit::Kind::kProbe &&
        (batch.size() != 1 || batch.front().id.partition != permit.partition || !member.at_handler.empty())) {
      broken("a try is more than one event of its partition");
    }
    if (batch.size() > options_.batch.max_events) broken("a batch is too large");
    std::set<Place> before;
    for (Delivery& delivery : batch) {
      const Place place{delivery.id.partition, delivery.id.offset};
      for (std::int64_t offset = 0; offset < place.second; ++offset) {
        const Place earlier{place.first, offset};
        if (one_lane(place, earlier) && !is_over(earlier) && !before.contains(earlier))
          broken("delivered out of order");
      }
      if (member.known_done[place.first].contains(place.second)) broken("delivered what the note called finished");
      if (dead_.contains(place) && disturbances_ == 0) broken("delivered a dead letter");
      if (delivery.last_attempt != (delivery.attempt >= kAttempts)) broken("wrong flag for the last attempt");
      before.insert(place);
      member.at_handler.push_back(std::move(delivery));
    }
  }

  void answer(Member& member) {
    const auto at = member.at_handler.begin() + static_cast<std::ptrdiff_t>(random_() % member.at_handler.size());
    const deliver::WorkId id = at->id;
    Event& event = events_.at({id.partition, id.offset});
    Verdict verdict = Verdict::kDone;
    if (random_() % 8 == 0) {
      verdict = Verdict::kUnavailable;
    } else if (event.fate != Fate::kGood) {
      verdict = event.fate == Fate::kFails ? Verdict::kFailed : Verdict::kRejected;
      ++event.failed_deliveries;
      // What is tried while the breaker is not closed may be pardoned.
      const bool closed = member.dispatcher->permit().kind == Permit::Kind::kClosed;
      if (closed && ++event.failed_while_closed > kAttempts * (1 + pardons_) + disturbances_)
        broken("more attempts than allowed");
    } else if (at->attempt < kAttempts && random_() % 20 == 0) {
      verdict = Verdict::kFailed;
    }
    if (verdict == Verdict::kDone) done_.insert({id.partition, id.offset});
    member.at_handler.erase(at);
    member.dispatcher->answered(id, Outcome{verdict, "", {}}, now_);
  }

  void bury(Member& member) {
    const deliver::DeadLetter letter = std::move(member.dying.front());
    member.dying.erase(member.dying.begin());
    const bool stored = random_() % 4 != 0;
    const Place place{letter.id.partition, letter.id.offset};
    if (stored) {
      dead_.insert(place);
      const Event& event = events_.at(place);
      if (event.fate == Fate::kFails && event.failed_deliveries < kAttempts && disturbances_ == 0) {
        broken("dead too early");
      }
    }
    const Status status = stored ? Status{} : fail(ErrorCode::kUnavailable, "no");
    member.dispatcher->dead_letter_written(letter.id, status, now_);
  }

  void send(Member& member, Commit commit) {
    for (const auto& offset : commit.offsets) {
      for (std::int64_t below = committed_[offset.partition].offset; below < offset.offset; ++below) {
        if (!is_over({offset.partition, below})) broken("a commit passes an unfinished event");
      }
      const auto note = decode_note(offset.metadata, offset.offset);
      if (!note) return void(broken("a note cannot be read"));
      for (const CommitNote::Run& run : note->finished) {
        for (std::int64_t at = run.first; at <= run.last; ++at) {
          if (!is_over({offset.partition, at})) broken("a note calls an unfinished event finished");
        }
      }
    }
    member.commit = std::move(commit);
  }

  void settle_commit(Member& member) {
    const bool accepted = random_() % 8 != 0;
    if (!accepted && !member.revoking.empty()) ++disturbances_;
    const Commit commit = *std::exchange(member.commit, std::nullopt);
    for (const auto& offset : commit.offsets) {
      // The coordinator fences members that do not own the partition any more.
      if (accepted && owner_[offset.partition] == index(member)) committed_[offset.partition] = offset;
    }
    member.dispatcher->committed(commit.token, accepted, now_);
  }

  void release(Member& member, std::int32_t partition) {
    if (owner_[partition] != index(member)) return;  // lost before
    if (is_abandoned(member, partition)) ++disturbances_;
    member.next_fetch.erase(partition);
    owner_[partition].reset();
  }

  void take_over(Member& member, std::int32_t partition) {
    owner_[partition] = index(member);
    const kafka::PartitionOffset& from = committed_[partition];
    Start start{partition, from.offset, decode_note(from.metadata, from.offset).value_or(CommitNote{}), true};
    auto& known = member.known_done[partition];
    known.clear();
    for (const CommitNote::Run& run : start.note.finished) {
      for (std::int64_t at = run.first; at <= run.last; ++at) known.insert(at);
    }
    member.next_fetch[partition] = from.offset;
    member.dispatcher->assign({start});
  }

  void disturb(Member& member) {
    const auto partition = static_cast<std::int32_t>(random_() % kPartitions);
    if (!owner_[partition]) {
      take_over(member, partition);
    } else if (owner_[partition] == index(member) && member.revoking.empty() && random_() % 40 == 0) {
      const bool lost = random_() % 4 == 0;
      member.dispatcher->revoke({partition}, lost, now_);
      member.revoking = {partition};
      if (!lost) return;
      ++disturbances_;
      release(member, partition);
    }
    if (random_() % 500 == 0) {
      ++disturbances_;
      for (auto& [number, owner] : owner_) {
        if (owner == index(member)) owner.reset();
      }
      restart(member);
    }
  }

  std::mt19937_64 random_;
  Dispatcher::Options options_;
  std::map<Place, Event> events_;
  std::vector<Member> members_;
  Instant now_ = Instant() + std::chrono::hours(1);
  std::map<std::int32_t, std::optional<std::size_t>> owner_;
  std::map<std::int32_t, kafka::PartitionOffset> committed_;
  std::set<Place> done_;
  std::set<Place> dead_;
  std::uint32_t disturbances_ = 0;  // that may cost a count of attempts
  std::uint32_t pardons_ = 0;       // a breaker opened: what could not die gets its attempts anew
  std::string failure_;
};

#if defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t kSeeds = 800;  // it is twenty times slower then
#else
constexpr std::uint64_t kSeeds = 2'000;
#endif

TEST(DispatcherSimulation, NothingIsLostRepeatedOrOutOfOrder) {
  const auto base = std::random_device{}();
  for (std::uint64_t seed = base; seed < base + kSeeds; ++seed) {
    Simulation simulation(seed);
    ASSERT_TRUE(simulation.run()) << "seed " << seed << ": " << simulation.failure();
  }
}

}  // namespace
}  // namespace hubferry::consume
