#include "kafka/error_class.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hubferry::kafka {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ErrorClass, RejectsOnlyWhatTheEventItselfIsToBlameFor) {
  for (const auto code :
       {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, RD_KAFKA_RESP_ERR_INVALID_RECORD,
        RD_KAFKA_RESP_ERR_INVALID_MSG, RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE, RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP}) {
    EXPECT_EQ(classify(code).disposition, Disposition::kReject) << rd_kafka_err2name(code);
  }
  EXPECT_EQ(classify(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE).code, ErrorCode::kTooLarge);
}

TEST(ErrorClass, TriesAgainWhatTheClusterRefusesForNow) {
  for (const auto code :
       {RD_KAFKA_RESP_ERR_POLICY_VIOLATION, RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED, RD_KAFKA_RESP_ERR__TIMED_OUT,
        RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR__TRANSPORT,
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
        RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
        RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE}) {
    EXPECT_EQ(classify(code).disposition, Disposition::kRetry) << rd_kafka_err2name(code);
  }
}

TEST(ErrorClass, TriesAgainWhatWasPurgedFromAClient) {
  for (const auto code :
       {RD_KAFKA_RESP_ERR__PURGE_QUEUE, RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, RD_KAFKA_RESP_ERR__DESTROY}) {
    EXPECT_EQ(classify(code), (ErrorClass{ErrorCode::kClosed, Disposition::kRetry})) << rd_kafka_err2name(code);
  }
}

TEST(ErrorClass, RebuildsAfterALostSequenceOrIdentity) {
  for (const auto code :
       {RD_KAFKA_RESP_ERR__FATAL, RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
        RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, RD_KAFKA_RESP_ERR__FENCED,
        RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID}) {
    EXPECT_EQ(classify(code).disposition, Disposition::kFatal) << rd_kafka_err2name(code);
  }
}

TEST(ErrorClass, NeverGivesUpAnEventForACodeItDoesNotKnow) {
  EXPECT_EQ(classify(static_cast<rd_kafka_resp_err_t>(200)).disposition, Disposition::kRetry);
  EXPECT_EQ(classify(static_cast<rd_kafka_resp_err_t>(-90)).disposition, Disposition::kRetry);
}

TEST(ErrorClass, SaysWhatHappenedWhereAndWhatToDo) {
  const Error error = make_error(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "topic orders", "no right to Write");
  EXPECT_THAT(error.message, AllOf(HasSubstr("topic orders"), HasSubstr("TOPIC_AUTHORIZATION_FAILED"),
                                   HasSubstr("no right to Write"), HasSubstr("credentials")));
}

TEST(ErrorClass, DoesNotRepeatAReasonThatIsTheCodesText) {
  const rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS;
  const std::string text = rd_kafka_err2str(code);
  const std::string message = make_error(code, "topic orders", text).message;
  EXPECT_EQ(message.find(text), message.rfind(text));
}

TEST(ErrorClass, MakesAnyCodeFatalWhenTheClientSaysSo) {
  const Error error = make_fatal_error(RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, "topic orders");
  EXPECT_EQ(error.disposition, Disposition::kFatal);
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
}

TEST(ErrorClass, TellsConnectionTroubleFromWhatAnOperatorMustKnow) {
  EXPECT_TRUE(is_connection_trouble(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN));
  EXPECT_TRUE(is_connection_trouble(RD_KAFKA_RESP_ERR__TRANSPORT));
  EXPECT_FALSE(is_connection_trouble(RD_KAFKA_RESP_ERR__AUTHENTICATION));
  EXPECT_FALSE(is_connection_trouble(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED));
  EXPECT_FALSE(is_connection_trouble(RD_KAFKA_RESP_ERR__SSL));
}

}  // namespace
}  // namespace hubferry::kafka
