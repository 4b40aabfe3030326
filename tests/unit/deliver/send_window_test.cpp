#include "deliver/send_window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace hubferry::deliver {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Instant kStart{};
const Error kTooLarge{ErrorCode::kTooLarge, "too large", Disposition::kReject};
const Error kPurged{ErrorCode::kClosed, "purged", Disposition::kRetry};
const Error kDenied{ErrorCode::kUnavailable, "not allowed", Disposition::kRetry};
const Error kFatal{ErrorCode::kInternal, "sequence lost", Disposition::kFatal};

class SendWindowTest : public testing::Test {
 protected:
  void add(int count, Instant now = kStart) {
    for (int i = 0; i < count; ++i) {
      Outgoing outgoing;
      outgoing.id.offset = added_++;
      window_.add(std::move(outgoing), now);
    }
  }
  // Sends what the window gives; their tickets.
  std::vector<std::uint64_t> send() {
    std::vector<std::uint64_t> tickets;
    while (window_.next() != nullptr) {
      tickets.push_back(window_.next_ticket());
      window_.sent();
    }
    return tickets;
  }
  static std::vector<std::int64_t> offsets(const std::vector<SendWindow::Answer>& answers) {
    std::vector<std::int64_t> list;
    for (const auto& answer : answers) list.push_back(answer.outgoing.id.offset);
    return list;
  }

  SendWindow window_;
  std::int64_t added_ = 0;
};

TEST_F(SendWindowTest, SendsInOrderAndAnswersWhatIsAcknowledged) {
  add(3);
  EXPECT_THAT(send(), ElementsAre(1, 2, 3));
  EXPECT_EQ(window_.acknowledged(2, kStart)->outgoing.id.offset, 1);
  EXPECT_FALSE(window_.acknowledged(2, kStart)) << "only once";
  EXPECT_EQ(window_.acknowledged(1, kStart)->outgoing.id.offset, 0);
  EXPECT_FALSE(window_.empty());
  EXPECT_TRUE(window_.acknowledged(3, kStart)->status);
  EXPECT_TRUE(window_.empty());
  EXPECT_FALSE(window_.acknowledged(4, kStart)) << "nobody was given it";
  add(1);
  EXPECT_THAT(send(), ElementsAre(4));
}

TEST_F(SendWindowTest, SendsAgainInOrderWhatAFatalErrorLeftOpen) {
  add(4);
  send();
  (void)window_.acknowledged(2, kStart);
  window_.failed(3, kFatal);
  EXPECT_TRUE(window_.failing());
  EXPECT_THAT(window_.give_up(kStart), IsEmpty());
  EXPECT_FALSE(window_.failing());
  EXPECT_THAT(send(), ElementsAre(1, 3, 4));
}

TEST_F(SendWindowTest, FindsTheEventThatIsToBlameForARefusedBatch) {
  add(5);
  send();
  (void)window_.acknowledged(1, kStart);
  for (const std::uint64_t ticket : {2U, 3U, 4U}) window_.failed(ticket, kTooLarge);
  window_.failed(5, kPurged);
  EXPECT_THAT(window_.give_up(kStart), IsEmpty()) << "a batch says nothing about one event";
  EXPECT_TRUE(window_.careful());
  EXPECT_THAT(send(), ElementsAre(2)) << "one at a time";
  (void)window_.acknowledged(2, kStart);
  EXPECT_THAT(send(), ElementsAre(3));
  window_.failed(3, kTooLarge);
  const auto refused = window_.give_up(kStart);
  EXPECT_THAT(offsets(refused), ElementsAre(2));
  EXPECT_EQ(refused[0].status.error().code, ErrorCode::kTooLarge);
  EXPECT_THAT(send(), ElementsAre(4));
  (void)window_.acknowledged(4, kStart);
  EXPECT_FALSE(window_.careful());
  add(1);
  EXPECT_THAT(send(), ElementsAre(5, 6)) << "past the culprit together again";
}

TEST_F(SendWindowTest, DoesNotBlameAnEventWhoseFateIsUnknown) {
  add(2);
  send();
  window_.failed(1, kTooLarge);
  EXPECT_THAT(window_.give_up(kStart), IsEmpty());
  EXPECT_THAT(send(), ElementsAre(1));
  window_.failed(1, kFatal);
  EXPECT_THAT(window_.give_up(kStart), IsEmpty());
  EXPECT_THAT(send(), ElementsAre(1)) << "still careful";
}

TEST_F(SendWindowTest, AnswersEverythingWhenAFailureMayPass) {
  add(3);
  send();
  (void)window_.acknowledged(1, kStart);
  add(1);
  window_.failed(2, kDenied);
  window_.failed(3, kPurged);
  const auto answers = window_.give_up(kStart);
  EXPECT_THAT(offsets(answers), ElementsAre(1, 2, 3)) << "also what was not sent: a later event must not go first";
  for (const auto& answer : answers) EXPECT_EQ(answer.status.error().message, "not allowed");
  EXPECT_TRUE(window_.empty());
  EXPECT_FALSE(window_.acknowledged(2, kStart)) << "late";
}

TEST_F(SendWindowTest, PassesOverAnEventThatTheProducerDoesNotTake) {
  add(3);
  ASSERT_NE(window_.next(), nullptr);
  window_.sent();
  ASSERT_NE(window_.next(), nullptr);
  const auto refused = window_.refuse_next(kTooLarge, kStart);
  EXPECT_EQ(refused.outgoing.id.offset, 1);
  EXPECT_FALSE(refused.status);
  EXPECT_THAT(send(), ElementsAre(3));
  (void)window_.acknowledged(1, kStart);
  (void)window_.acknowledged(3, kStart);
  EXPECT_TRUE(window_.empty());
}

TEST_F(SendWindowTest, CountsTimeFromTheLastAnswer) {
  add(1, kStart + Milliseconds(5));
  EXPECT_EQ(window_.progress_at(), kStart + Milliseconds(5));
  add(1, kStart + Milliseconds(6));
  send();
  (void)window_.acknowledged(1, kStart + Milliseconds(9));
  EXPECT_EQ(window_.progress_at(), kStart + Milliseconds(9));
  (void)window_.acknowledged(2, kStart + Milliseconds(10));
  add(1, kStart + Milliseconds(20));
  EXPECT_EQ(window_.progress_at(), kStart + Milliseconds(20));
}

// A broker with one partition that takes batches as a whole, keeps a gapless order, refuses some events for good and
// fails otherwise at random; the answers must tell what it did, and the first copies must be in order.
TEST(SendWindowSimulation, AnswersEachOnceAndStoresInOrderWhateverFails) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto chance = [&random](int percent) { return static_cast<int>(random() % 100) < percent; };
  constexpr std::int64_t kEvents = 300;
  for (int round = 0; round < 50; ++round) {
    SendWindow window;
    std::set<std::int64_t> poisonous;
    std::map<std::int64_t, int> answers;
    std::vector<std::int64_t> stored;
    std::deque<std::pair<std::uint64_t, std::int64_t>> in_flight;
    std::int64_t added = 0;
    const auto take = [&](const std::vector<SendWindow::Answer>& list) {
      for (const auto& answer : list) {
        ++answers[answer.outgoing.id.offset];
        EXPECT_TRUE(poisonous.contains(answer.outgoing.id.offset));
      }
    };
    while (added < kEvents || !window.empty()) {
      for (int i = 0; i < 5 && added < kEvents && chance(60); ++i) {
        if (chance(5)) poisonous.insert(added);
        Outgoing outgoing;
        outgoing.id.offset = added++;
        window.add(std::move(outgoing), kStart);
      }
      while (const Outgoing* const next = window.next()) {
        in_flight.emplace_back(window.next_ticket(), next->id.offset);
        window.sent();
        if (chance(20)) break;
      }
      const std::size_t batch = std::min<std::size_t>(in_flight.size(), 1 + random() % 4);
      const bool refused = std::any_of(in_flight.begin(), in_flight.begin() + static_cast<std::ptrdiff_t>(batch),
                                       [&](const auto& each) { return poisonous.contains(each.second); });
      if (batch != 0 && (refused || chance(5))) {
        const bool landed = !refused && chance(50);  // and the answer got lost
        for (std::size_t i = 0; i < in_flight.size(); ++i) {
          if (landed && i < batch) stored.push_back(in_flight[i].second);
          window.failed(in_flight[i].first, i >= batch ? kPurged : refused ? kTooLarge : kFatal);
        }
        in_flight.clear();
        take(window.give_up(kStart));
        continue;
      }
      for (std::size_t i = 0; i < batch; ++i) {
        stored.push_back(in_flight.front().second);
        const auto answer = window.acknowledged(in_flight.front().first, kStart);
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->outgoing.id.offset, in_flight.front().second);
        ++answers[answer->outgoing.id.offset];
        in_flight.pop_front();
      }
    }
    EXPECT_EQ(answers.size(), static_cast<std::size_t>(kEvents));
    for (const auto& [offset, times] : answers) EXPECT_EQ(times, 1) << offset;
    std::vector<std::int64_t> first;
    std::set<std::int64_t> seen;
    std::copy_if(stored.begin(), stored.end(), std::back_inserter(first),
                 [&](std::int64_t offset) { return seen.insert(offset).second; });
    EXPECT_TRUE(std::is_sorted(first.begin(), first.end()));
    EXPECT_EQ(seen.size() + poisonous.size(), static_cast<std::size_t>(kEvents));
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace hubferry::deliver
