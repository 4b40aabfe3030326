#include "http/bearer_tokens.h"

#include <gtest/gtest.h>

#include "component/http/certificates.h"

namespace hubferry::http {
namespace {

using testing_http::Folder;
using Verdict = BearerTokens::Verdict;

class BearerTokensTest : public testing::Test {
 protected:
  std::unique_ptr<BearerTokens> open(const std::string& text) {
    auto tokens = BearerTokens::open(folder_.write("tokens", text), start_);
    EXPECT_TRUE(tokens) << tokens.error().message;
    return tokens ? std::move(*tokens) : nullptr;
  }

  Folder folder_;
  const Instant start_ = SteadyClock::now();
};

TEST_F(BearerTokensTest, TellsMissingFromWrong) {
  const auto tokens = open("a\n");
  EXPECT_EQ(tokens->check("Bearer a", start_), Verdict::kGood);
  EXPECT_EQ(tokens->check("", start_), Verdict::kMissing);
  EXPECT_EQ(tokens->check("Bearer ", start_), Verdict::kMissing);
  EXPECT_EQ(tokens->check("Bearera", start_), Verdict::kMissing);
  EXPECT_EQ(tokens->check("Bear a", start_), Verdict::kMissing);
  EXPECT_EQ(tokens->check("Bearer b", start_), Verdict::kWrong);
}

TEST_F(BearerTokensTest, LooksAtTheFileOnceASecond) {
  const auto tokens = open("a\n");
  folder_.replace("tokens", "b\n");
  EXPECT_EQ(tokens->check("Bearer b", start_ + Milliseconds(999)), Verdict::kWrong);
  EXPECT_EQ(tokens->check("Bearer b", start_ + Milliseconds(1'000)), Verdict::kGood);
  folder_.replace("tokens", "c\n");
  EXPECT_EQ(tokens->check("Bearer c", start_ + Milliseconds(1'999)), Verdict::kWrong);
  EXPECT_EQ(tokens->check("Bearer c", start_ + Milliseconds(2'000)), Verdict::kGood);
}

TEST_F(BearerTokensTest, NoticesARewriteOfTheSameSizeWithinOneTickOfTheClock) {
  const auto tokens = open("a\n");
  Instant now = start_;
  for (const char* next : {"b", "c", "d", "e"}) {
    folder_.write("tokens", std::string(next) + "\n");  // in place: the same inode and size
    now += Milliseconds(1'000);
    EXPECT_EQ(tokens->check(std::string("Bearer ") + next, now), Verdict::kGood) << next;
  }
}

TEST_F(BearerTokensTest, KeepsTheOldTokensWhenTheNewFileCannotBeUsed) {
  const auto tokens = open("a\n");
  Instant now = start_;
  for (const char* bad : {"", "# nothing\n", "two words\n", "b\n\x01\n"}) {
    folder_.replace("tokens", bad);
    now += Milliseconds(1'000);
    EXPECT_EQ(tokens->check("Bearer a", now), Verdict::kGood) << bad;
    EXPECT_EQ(tokens->check("Bearer b", now), Verdict::kWrong) << bad;
  }
  std::filesystem::remove(folder_ / "tokens");
  EXPECT_EQ(tokens->check("Bearer a", now += Milliseconds(1'000)), Verdict::kGood);
  folder_.replace("tokens", "b\n");
  EXPECT_EQ(tokens->check("Bearer b", now += Milliseconds(1'000)), Verdict::kGood);
  EXPECT_EQ(tokens->check("Bearer a", now), Verdict::kWrong);
}

TEST_F(BearerTokensTest, NamesTheLineButNeverTheToken) {
  const auto tokens = BearerTokens::open(folder_.write("tokens", "# c\nsecret words\n"), start_);
  ASSERT_FALSE(tokens);
  EXPECT_NE(tokens.error().message.find("tokens:2:"), std::string::npos) << tokens.error().message;
  EXPECT_EQ(tokens.error().message.find("secret"), std::string::npos) << tokens.error().message;
}

TEST_F(BearerTokensTest, TheLastLineNeedsNoEnd) {
  const auto tokens = open("a\n  b\t\r\nc");
  for (const char* good : {"Bearer a", "Bearer b", "Bearer c"}) EXPECT_EQ(tokens->check(good, start_), Verdict::kGood);
}

}  // namespace
}  // namespace hubferry::http
