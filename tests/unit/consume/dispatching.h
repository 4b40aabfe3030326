#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "consume/dispatcher.h"
#include "event/origin.h"

namespace hubferry::consume {

// A dispatcher with partition 0 assigned from offset 0 on, and a clock of its own.
class Dispatching : public testing::Test {
 protected:
  static Dispatcher::Options options() {
    Dispatcher::Options options;
    options.route = "r";
    options.dead_letter = true;
    return options;
  }

  void start(const Dispatcher::Options& options) {
    dispatcher_ = std::make_unique<Dispatcher>(options);
    assign(0);
  }
  void assign(std::int32_t partition, std::int64_t offset = 0, const CommitNote& note = {}) {
    dispatcher_->assign({{partition, offset, note, true}});
  }

  event::Record record(std::int64_t offset, std::optional<std::string_view> key, std::int32_t partition = 0) const {
    event::Record made;
    made.topic = "t";
    made.partition = partition;
    made.offset = offset;
    made.key = key;
    made.value = "0123456789";
    return made;
  }
  // One event for each key, from the next offset of partition 0 on.
  void add(const std::vector<std::string_view>& keys) {
    for (const std::string_view key : keys) dispatcher_->add(record(next_offset_++, key), now_);
  }

  std::vector<deliver::Delivery> take() { return dispatcher_->next_batch(now_); }
  // The only event of the next batch.
  deliver::Delivery take_one() {
    auto batch = take();
    EXPECT_EQ(batch.size(), 1U);
    return batch.empty() ? deliver::Delivery{} : std::move(batch.front());
  }
  // Offsets of everything that can be delivered now, in turn.
  std::vector<std::int64_t> take_all() {
    std::vector<std::int64_t> offsets;
    for (auto batch = take(); !batch.empty(); batch = take()) {
      for (auto& delivery : batch) {
        offsets.push_back(delivery.id.offset);
        taken_.push_back(std::move(delivery));
      }
    }
    return offsets;
  }
  void answer(const deliver::Delivery& delivery, deliver::Verdict verdict = deliver::Verdict::kDone,
              Milliseconds retry_after = Milliseconds(0)) {
    dispatcher_->answered(delivery.id, deliver::Outcome{verdict, "why", retry_after}, now_);
  }
  void answer_all(deliver::Verdict verdict = deliver::Verdict::kDone) {
    for (const auto& delivery : std::exchange(taken_, {})) answer(delivery, verdict);
  }
  void advance_to_due() {
    const auto due = dispatcher_->next_due();
    ASSERT_TRUE(due);
    now_ = std::max(now_, *due);
  }
  // Commits what is to be committed after a second.
  kafka::PartitionOffset commit() {
    now_ += Milliseconds(1'000);
    auto commit = dispatcher_->next_commit(now_);
    EXPECT_TRUE(commit);
    if (!commit) return {};
    dispatcher_->committed(commit->token, true, now_);
    return commit->offsets.at(0);
  }
  static CommitNote note_of(const kafka::PartitionOffset& offset) {
    return decode_note(offset.metadata, offset.offset).value_or(CommitNote{});
  }
  // Lets the event fail, commits the count, and waits for its retry.
  void fail(const deliver::Delivery& delivery) {
    answer(delivery, deliver::Verdict::kFailed);
    commit();
    now_ += Milliseconds(60'000);
  }

  Instant now_ = Instant() + std::chrono::hours(1);
  std::int64_t next_offset_ = 0;
  std::vector<deliver::Delivery> taken_;
  std::unique_ptr<Dispatcher> dispatcher_;
};

}  // namespace hubferry::consume
