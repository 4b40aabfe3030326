#include "kafka/admin_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hubferry::kafka {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(AdminError, SaysWhichKindOfRefusalItIs) {
  struct Case {
    rd_kafka_resp_err_t code;
    ErrorCode meaning;
    Disposition disposition;
  };
  for (const Case& expected : {
           Case{RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, ErrorCode::kNotFound, Disposition::kReject},
           Case{RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, ErrorCode::kConflict, Disposition::kReject},
           Case{RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, ErrorCode::kConflict, Disposition::kReject},
           Case{RD_KAFKA_RESP_ERR__TIMED_OUT, ErrorCode::kTimeout, Disposition::kRetry},
           Case{RD_KAFKA_RESP_ERR__TRANSPORT, ErrorCode::kUnavailable, Disposition::kRetry},
           Case{RD_KAFKA_RESP_ERR_NOT_COORDINATOR, ErrorCode::kUnavailable, Disposition::kRetry},
           Case{RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, ErrorCode::kInvalid, Disposition::kReject},
           Case{RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, ErrorCode::kInvalid, Disposition::kReject},
           Case{RD_KAFKA_RESP_ERR_INVALID_PARTITIONS, ErrorCode::kInvalid, Disposition::kReject},
       }) {
    const Error error = admin_error(expected.code, "trying", "");
    EXPECT_EQ(error.code, expected.meaning) << error.message;
    EXPECT_EQ(error.disposition, expected.disposition) << error.message;
  }
}

TEST(AdminError, GivesTheAdviceThatFits) {
  const Error refused = admin_error(RD_KAFKA_RESP_ERR_INVALID_PARTITIONS, "growing", "has 8", "ask for more");
  EXPECT_THAT(refused.message, HasSubstr("growing"));
  EXPECT_THAT(refused.message, HasSubstr("has 8"));
  EXPECT_THAT(refused.message, HasSubstr("; ask for more"));
  const Error missing = admin_error(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "growing", "", "ask for more");
  EXPECT_THAT(missing.message, HasSubstr("create the topic"));
  EXPECT_THAT(missing.message, Not(HasSubstr("ask for more")));
  EXPECT_THAT(admin_error(RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP, "setting", "").message, HasSubstr("stop them first"));
}

}  // namespace
}  // namespace hubferry::kafka
