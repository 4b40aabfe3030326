#include "kafka/statistics.h"

#include <gtest/gtest.h>

namespace hubferry::kafka {
namespace {

TEST(Statistics, CountsTheBrokersThatAreUp) {
  EXPECT_EQ(brokers_up(R"({"name":"x","brokers":{
      "a:9092/1":{"nodeid":1,"source":"learned","state":"UP"},
      "b:9092/2":{"nodeid":2,"source":"learned","state":"DOWN"},
      "c:9092/bootstrap":{"nodeid":-1,"source":"configured","state":"UP"}}})"),
            2U);
}

TEST(Statistics, CountsNoBookkeepingEntry) {
  EXPECT_EQ(brokers_up(R"({"brokers":{
      ":0/internal":{"nodeid":-1,"source":"internal","state":"UP"},
      "GroupCoordinator":{"nodeid":1,"source":"logical","state":"UP"}}})"),
            0U);
}

TEST(Statistics, TellsADocumentItDoesNotUnderstand) {
  EXPECT_EQ(brokers_up("{}"), std::nullopt);
  EXPECT_EQ(brokers_up("{\"brokers\":"), std::nullopt);
  EXPECT_EQ(brokers_up(""), std::nullopt);
}

}  // namespace
}  // namespace hubferry::kafka
