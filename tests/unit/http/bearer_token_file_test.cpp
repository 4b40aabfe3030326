#include "http/bearer_token_file.h"

#include <gtest/gtest.h>

#include "component/http/certificates.h"

namespace hubferry::http {
namespace {

using testing_http::Folder;

class BearerTokenFileTest : public testing::Test {
 protected:
  Result<std::unique_ptr<BearerTokenFile>> open(const std::string& text) {
    return BearerTokenFile::open(folder_.write("token", text), start_);
  }

  Folder folder_;
  const Instant start_ = SteadyClock::now();
};

TEST_F(BearerTokenFileTest, GivesTheHeaderLine) {
  for (const char* text : {"secret", "secret\n", "# for the handler\r\n\r\n  secret \r\n"}) {
    const auto token = open(text);
    ASSERT_TRUE(token) << token.error().message;
    EXPECT_EQ((*token)->header_line(start_), "Authorization: Bearer secret\r\n");
  }
}

TEST_F(BearerTokenFileTest, TakesANewTokenWithinASecondAndKeepsTheOldOneIfThereIsNone) {
  const auto token = open("old");
  ASSERT_TRUE(token);
  folder_.replace("token", "new");
  EXPECT_EQ((*token)->header_line(start_ + Milliseconds(999)), "Authorization: Bearer old\r\n");
  EXPECT_EQ((*token)->header_line(start_ + Milliseconds(1'000)), "Authorization: Bearer new\r\n");
  folder_.replace("token", "");
  EXPECT_EQ((*token)->header_line(start_ + Milliseconds(2'000)), "Authorization: Bearer new\r\n");
  folder_.replace("token", "newest");
  EXPECT_EQ((*token)->header_line(start_ + Milliseconds(3'000)), "Authorization: Bearer newest\r\n");
}

TEST_F(BearerTokenFileTest, SaysWhatIsWrongButNotTheToken) {
  for (const char* text : {"", "# nothing\n", "two secrets\n", "secret\nsecret2\n", "secret\x01"}) {
    const auto token = open(text);
    ASSERT_FALSE(token) << text;
    EXPECT_NE(token.error().message.find("token"), std::string::npos);
    EXPECT_EQ(token.error().message.find("secret"), std::string::npos) << token.error().message;
  }
  EXPECT_FALSE(BearerTokenFile::open(folder_ / "missing", start_));
}

}  // namespace
}  // namespace hubferry::http
