#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "control/fold.h"

namespace hubferry::control {

// A fold that is fed records by name of their author, with a clock of its own.
class Folding : public testing::Test {
 protected:
  static constexpr const char* kBreaker = "billing";

  Folding() { fold_.begin(0); }

  Record record(const std::string& author, Body body) {
    Record made;
    made.author = {author, std::hash<std::string>{}(author) | 1U, ++nonces_[author]};
    made.breaker = kBreaker;
    made.generation = state().generation;
    made.body = std::move(body);
    return made;
  }
  Applied put(const Record& record) {
    log_.push_back({now_ms_, record});
    return fold_.apply(static_cast<std::int64_t>(log_.size()) - 1, now_ms_, record);
  }
  Applied put(const std::string& author, Body body) { return put(record(author, std::move(body))); }

  void join(const std::vector<std::string>& names) {
    for (const std::string& name : names) put(name, Alive{{kBreaker}});
  }
  void rules(config::BreakerRules rules) { put("a", SetRules{rules}); }
  Applied fail(const std::string& author, std::uint64_t count, Milliseconds age = Milliseconds(0)) {
    return put(author, Tally{{{age, count}}, 0, count, false, Milliseconds(0), {{"HTTP 500", count}}, 7});
  }
  Applied succeed(const std::string& author, std::uint64_t count) {
    return put(author, Tally{{}, count, 0, false, Milliseconds(0), {}, -1});
  }
  Applied unavailable(const std::string& author, Milliseconds for_how_long) {
    return put(author, Tally{{}, 0, 0, true, for_how_long, {}, -1});
  }
  void open() { put("a", Open{"somebody", ""}); }

  static std::string hash(char digit) { return std::string(64, digit); }

  const Breaker& state() const {
    static const Breaker kFresh;
    const Breaker* found = fold_.breaker(kBreaker);
    return found == nullptr ? kFresh : *found;
  }
  Breaker::State now() const { return state().state; }
  void wait(Milliseconds time) { now_ms_ += time.count(); }

  Fold fold_;
  std::int64_t now_ms_ = 1'700'000'000'000;
  std::map<std::string, std::uint64_t> nonces_;
  std::vector<std::pair<std::int64_t, Record>> log_;
};

}  // namespace hubferry::control
