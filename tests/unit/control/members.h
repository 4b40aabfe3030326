#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "control/member.h"

namespace hubferry::control {

// Members on one log that loses nothing, and a clock.
class Members : public testing::Test {
 protected:
  static constexpr const char* kBreaker = "billing";

  static Member::Options options(const std::string& name) {
    Member::Options options;
    options.instance = name;
    options.incarnation = std::hash<std::string>{}(name);
    options.notifies = true;
    options.link_valid_for = std::chrono::hours(1);
    options.snapshot_interval = std::chrono::hours(1);
    options.new_token = [] { return Token{"secret", std::string(64, 'a')}; };
    return options;
  }
  Member& join(const std::string& name, std::int64_t from = 0) {
    members_.push_back({std::make_unique<Member>(options(name), Rules{{kBreaker, rules_}}), from});
    members_.back().member->begin(from, now_);
    settle();
    return *members_.back().member;
  }

  // Everybody reads and writes until nothing is left to do now.
  void settle() {
    for (bool more = true; more;) {
      more = false;
      for (Each& each : members_) {
        read(each);
        if (auto record = each.member->next_record(now_)) {
          log_.push_back({time_ms(), std::move(*record)});
          more = true;
        }
      }
    }
  }
  void wait(Milliseconds time) {
    for (const Instant end = now_ + time; now_ < end;) {
      now_ = std::min(end, now_ + Member::kTick);
      settle();
    }
  }
  void fail(Member& member, std::uint64_t events, std::uint64_t finals) {
    RouteTally tally;
    for (std::uint64_t i = 0; i < events; ++i) tally.failed(now_, "HTTP 500");
    tally.state.finals = finals;
    member.tally(kBreaker, tally, now_);
  }
  void open(Member& member) {
    member.command({Command::Kind::kOpen, kBreaker, "somebody", "", ""});
    settle();
  }
  template <class Body>
  std::size_t count() const {
    return static_cast<std::size_t>(std::count_if(
        log_.begin(), log_.end(), [](const auto& each) { return std::holds_alternative<Body>(each.second.body); }));
  }
  static const Breaker& state(const Member& member) { return *member.fold().breaker(kBreaker); }

  using Rules = std::map<std::string, config::BreakerRules>;
  struct Each {
    std::unique_ptr<Member> member;
    std::int64_t position = 0;
  };
  std::int64_t time_ms() const { return std::chrono::duration_cast<Milliseconds>(now_.time_since_epoch()).count(); }
  void read(Each& each) {
    for (; each.position < static_cast<std::int64_t>(log_.size()); ++each.position) {
      const auto& [time, record] = log_[static_cast<std::size_t>(each.position)];
      each.member->record(each.position, time, record, now_);
    }
    each.member->reached_end(now_);
  }

  config::BreakerRules rules_;
  Instant now_ = Instant() + std::chrono::hours(100);
  std::vector<std::pair<std::int64_t, Record>> log_;
  std::vector<Each> members_;
};

}  // namespace hubferry::control
