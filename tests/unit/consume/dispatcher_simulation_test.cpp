// Two members of one group run real dispatchers against a simulated topic, group coordinator and handler, with crashes,
// rebalances, lost partitions, failing handlers and refused commits at random moments. Checked at every step: no commit
// passes an event that no delivery finished; in one assignment a partition's events are delivered in order; and in the
// end every event was finished.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "consume/dispatcher.h"

namespace hubferry::consume {
namespace {

using deliver::Outcome;
using deliver::Verdict;
using std::chrono::milliseconds;

constexpr std::int32_t kPartitions = 4;
constexpr std::int64_t kEventsPerPartition = 40;

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed) : random_(seed), members_(2) {
    for (Member& member : members_) restart(member);
    for (std::int32_t p = 0; p < kPartitions; ++p) owner_[p] = std::nullopt;
  }

  // False when a rule was broken; see failure().
  bool run() {
    for (int steps = 0; finished_.size() < static_cast<std::size_t>(kPartitions * kEventsPerPartition); ++steps) {
      if (steps > 400'000) return broken("the simulation does not end");
      now_ += milliseconds(random_() % 50);
      Member& member = members_[random_() % members_.size()];
      step(member);
      disturb(member);
      if (!failure_.empty()) return false;
    }
    return true;
  }
  const std::string& failure() const { return failure_; }

 private:
  struct Member {
    std::uint64_t incarnation = 0;
    std::unique_ptr<Dispatcher> dispatcher;
    std::map<std::int32_t, std::int64_t> next_fetch;
    std::vector<Delivery> at_handler;
    std::optional<Commit> commit;
    std::vector<std::int32_t> revoking;
  };

  bool broken(const std::string& why) {
    failure_ = why;
    return false;
  }

  void restart(Member& member) {
    Dispatcher::Options options;
    options.buffer_events = 5;
    options.seed = random_();
    member = Member{};
    member.incarnation = ++incarnations_;
    member.dispatcher = std::make_unique<Dispatcher>(options);
  }

  std::size_t index(const Member& member) const { return static_cast<std::size_t>(&member - members_.data()); }

  void step(Member& member) {
    Dispatcher& dispatcher = *member.dispatcher;
    for (auto& [partition, next] : member.next_fetch) {
      for (std::size_t room = dispatcher.room(partition); room > 0 && next < kEventsPerPartition; --room) {
        event::Record record;
        record.partition = partition;
        record.offset = next++;
        dispatcher.add(std::move(record));
      }
    }
    while (auto delivery = dispatcher.next_delivery(now_)) deliver(member, std::move(*delivery));
    if (!member.at_handler.empty() && random_() % 2 == 0) answer(member);
    if (auto commit = dispatcher.next_commit(now_)) send(member, std::move(*commit));
    if (member.commit && random_() % 3 == 0) settle_commit(member);
    if (dispatcher.take_revoke_done(now_)) {
      for (const std::int32_t partition : member.revoking) release(member, partition);
      member.revoking.clear();
    }
  }

  void deliver(Member& member, Delivery delivery) {
    auto& last = delivered_in_epoch_[{member.incarnation, delivery.id.epoch, delivery.id.partition}];
    if (delivery.id.offset < last) broken("delivered out of order inside one assignment");
    last = delivery.id.offset;
    member.at_handler.push_back(std::move(delivery));
  }

  void answer(Member& member) {
    const auto at = member.at_handler.begin() + static_cast<std::ptrdiff_t>(random_() % member.at_handler.size());
    const WorkId id = at->id;
    const auto dice = random_() % 10;
    const Verdict verdict = dice < 7 ? Verdict::kDone : dice < 9 ? Verdict::kFailed : Verdict::kUnavailable;
    if (verdict == Verdict::kDone) finished_.insert({id.partition, id.offset});
    member.dispatcher->finished(id, Outcome{verdict, "", {}}, now_);
    member.at_handler.erase(at);
  }

  void send(Member& member, Commit commit) {
    for (const auto& offset : commit.offsets) {
      for (std::int64_t below = committed_[offset.partition]; below < offset.offset; ++below) {
        if (!finished_.contains({offset.partition, below})) broken("a commit passes an unfinished event");
      }
    }
    member.commit = std::move(commit);
  }

  void settle_commit(Member& member) {
    const bool accepted = random_() % 8 != 0;
    for (const auto& offset : member.commit->offsets) {
      // The coordinator fences members that do not own the partition any more.
      if (accepted && owner_[offset.partition] == index(member)) committed_[offset.partition] = offset.offset;
    }
    member.dispatcher->committed(member.commit->token, accepted);
    member.commit.reset();
  }

  void release(Member& member, std::int32_t partition) {
    member.next_fetch.erase(partition);
    owner_[partition].reset();
  }

  void disturb(Member& member) {
    const std::int32_t partition = static_cast<std::int32_t>(random_() % kPartitions);
    if (!owner_[partition]) {
      owner_[partition] = index(member);
      member.next_fetch[partition] = committed_[partition];
      member.dispatcher->assign({partition});
    } else if (owner_[partition] == index(member) && member.revoking.empty() && random_() % 40 == 0) {
      const bool lost = random_() % 4 == 0;
      member.dispatcher->revoke({partition}, lost, now_);
      member.revoking = {partition};
      if (lost) release(member, partition);
    }
    if (random_() % 500 == 0) {
      for (auto& [number, owner] : owner_) {
        if (owner == index(member)) owner.reset();
      }
      restart(member);
    }
  }

  std::mt19937_64 random_;
  std::uint64_t incarnations_ = 0;
  std::vector<Member> members_;
  Instant now_ = Instant() + std::chrono::hours(1);
  std::map<std::int32_t, std::optional<std::size_t>> owner_;
  std::map<std::int32_t, std::int64_t> committed_;
  std::set<std::pair<std::int32_t, std::int64_t>> finished_;
  std::map<std::tuple<std::uint64_t, std::uint64_t, std::int32_t>, std::int64_t> delivered_in_epoch_;
  std::string failure_;
};

TEST(DispatcherSimulation, NoCommitPassesAnUnfinishedEvent) {
  const auto base = std::random_device{}();
  for (std::uint64_t seed = base; seed < base + 150ULL; ++seed) {
    Simulation simulation(seed);
    ASSERT_TRUE(simulation.run()) << "seed " << seed << ": " << simulation.failure();
  }
}

}  // namespace
}  // namespace hubferry::consume
