#include "spool/feedback.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

namespace hubferry::spool {
namespace {

using namespace std::chrono_literals;
using Places = std::vector<Feedback::Stored>;

const Instant kStart{};

std::string text(const Places& places) {
  std::string text;
  for (const auto& p : places) text += std::to_string(p.partition) + "@" + std::to_string(p.offset) + " ";
  return text;
}

class FeedbackTest : public testing::Test {
 protected:
  void watch(std::uint64_t first, std::uint64_t last, Instant deadline = kStart + 10s) {
    feedback_.watch(first, last, deadline, [this](const Places& places) {
      ++calls_;
      answer_ = text(places);
    });
  }

  Feedback feedback_;
  int calls_ = 0;
  std::string answer_ = "none";
};

TEST_F(FeedbackTest, AnswersWhenAllEventsAreAcknowledgedInTheirOrder) {
  feedback_.announce();
  watch(5, 7);
  feedback_.acknowledged(7, {2, 70});
  feedback_.acknowledged(5, {0, 50});
  EXPECT_EQ(calls_, 0);
  feedback_.acknowledged(6, {1, -1});
  EXPECT_EQ(answer_, "0@50 1@-1 2@70 ");
  feedback_.acknowledged(6, {1, 60});
  EXPECT_EQ(calls_, 1);
}

TEST_F(FeedbackTest, RemembersAcknowledgementsThatComeBeforeTheWatch) {
  feedback_.announce();
  feedback_.acknowledged(6, {1, 60});
  watch(5, 6);
  EXPECT_EQ(calls_, 0);
  feedback_.acknowledged(5, {0, 50});
  EXPECT_EQ(answer_, "0@50 1@60 ");

  feedback_.announce();
  feedback_.acknowledged(7, {0, 51});
  watch(7, 7);
  EXPECT_EQ(answer_, "0@51 ") << "all were there: answered at once";
}

TEST_F(FeedbackTest, ForgetsWhatNobodyAnnounced) {
  feedback_.acknowledged(5, {0, 50});
  feedback_.announce();
  feedback_.acknowledged(6, {0, 60});
  feedback_.withdraw();
  feedback_.announce();
  watch(5, 5);
  feedback_.announce();
  watch(6, 6);
  EXPECT_EQ(calls_, 0);
}

TEST_F(FeedbackTest, WithdrawingOneKeepsWhatAnotherNeeds) {
  feedback_.announce();
  feedback_.announce();
  feedback_.acknowledged(5, {0, 50});
  feedback_.withdraw();
  watch(5, 5);
  EXPECT_EQ(answer_, "0@50 ");
}

TEST_F(FeedbackTest, CountsAnEventOnceThoughAcknowledgedTwice) {
  feedback_.announce();
  watch(5, 6);
  feedback_.acknowledged(5, {0, 50});
  feedback_.acknowledged(5, {0, 51});
  EXPECT_EQ(calls_, 0);
  feedback_.acknowledged(6, {0, 60});
  EXPECT_EQ(answer_, "0@50 0@60 ");
}

TEST_F(FeedbackTest, AnswersEmptyOnceTheDeadlinePassed) {
  feedback_.announce();
  watch(5, 6, kStart + 10s);
  feedback_.acknowledged(5, {0, 50});
  feedback_.expire(kStart + 10s - 1ms);
  EXPECT_EQ(calls_, 0);
  feedback_.expire(kStart + 10s);
  EXPECT_EQ(calls_, 1);
  EXPECT_EQ(answer_, "");
  feedback_.acknowledged(6, {0, 60});
  feedback_.expire(kStart + 20s);
  EXPECT_EQ(calls_, 1);
}

TEST_F(FeedbackTest, ExpiresOnlyWhatIsDue) {
  std::string order;
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
    feedback_.announce();
    feedback_.watch(sequence, sequence, kStart + (sequence == 2 ? 1s : 9s),
                    [&order, sequence](const Places&) { order += std::to_string(sequence); });
  }
  feedback_.expire(kStart + 5s);
  EXPECT_EQ(order, "2");
  feedback_.acknowledged(3, {0, 1});
  feedback_.acknowledged(1, {0, 0});
  EXPECT_EQ(order, "231");
}

TEST_F(FeedbackTest, ACallbackMayCallBack) {
  feedback_.announce();
  feedback_.watch(1, 1, kStart + 1s, [this](const Places&) {
    feedback_.announce();
    watch(2, 2);
  });
  feedback_.acknowledged(1, {0, 1});
  feedback_.acknowledged(2, {0, 2});
  EXPECT_EQ(answer_, "0@2 ");
}

// The spool's writer watches in rising sequence while the produce road acknowledges in any order.
TEST_F(FeedbackTest, AnswersEveryWatchUnderThreads) {
  constexpr std::uint64_t kRequests = 20'000;
  constexpr std::uint64_t kEach = 3;
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::atomic<std::uint64_t> announced{0};
  std::atomic<std::uint64_t> durable{0};
  std::atomic<std::uint64_t> answered{0};
  std::atomic<std::uint64_t> wrong{0};
  std::thread acknowledging([&] {
    std::mt19937 random(seed);
    std::vector<std::uint64_t> window;
    for (std::uint64_t done = 0; done < kRequests * kEach;) {
      const std::uint64_t until = durable.load();
      for (; done < until; ++done) window.push_back(done + 1);
      std::shuffle(window.begin(), window.end(), random);
      for (const std::uint64_t sequence : window) {
        feedback_.acknowledged(sequence, {0, static_cast<std::int64_t>(sequence)});
      }
      window.clear();
      std::this_thread::yield();
    }
  });
  std::thread writing([&] {
    for (std::uint64_t request = 0; request < kRequests; ++request) {
      while (announced.load() <= request) std::this_thread::yield();
      const std::uint64_t first = request * kEach + 1;
      durable = first + kEach - 1;  // readable before the receipt is given
      feedback_.watch(first, first + kEach - 1, kStart + 10s, [&, first](const Places& places) {
        ++answered;
        if (places.size() != kEach || places[0].offset != static_cast<std::int64_t>(first)) ++wrong;
      });
    }
  });
  for (std::uint64_t request = 0; request < kRequests; ++request) {
    feedback_.announce();
    ++announced;
  }
  writing.join();
  acknowledging.join();
  EXPECT_EQ(answered, kRequests);
  EXPECT_EQ(wrong, 0U);
}

TEST_F(FeedbackTest, KnowsThePartitionCountFromAnyThread) {
  EXPECT_EQ(feedback_.partitions(), 0);
  std::thread([this] { feedback_.set_partitions(4); }).join();
  EXPECT_EQ(feedback_.partitions(), 4);
}

}  // namespace
}  // namespace hubferry::spool
