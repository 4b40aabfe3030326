#include "config/control_checks.h"

#include "loading.h"

namespace hubferry::config {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class ControlChecks : public Loading {
 protected:
  const std::string routes_ = std::string(kProduce) + kConsume + "dead-letter = orders.dead\n";
  static constexpr const char* kShared = "--control.topic=hubferry.control";
};

TEST_F(ControlChecks, EveryKeyOfABreakerReachesItsSetting) {
  const std::string lines =
      "breaker.enabled = false\nbreaker.threshold = 1\nbreaker.window = 2s\nbreaker.consecutive = 3\n"
      "breaker.unavailable-for = 4s\nbreaker.quorum = 5\nbreaker.probe-events = 6\nbreaker.cool-down = 7s\n";
  const ConsumeRoute route = good(routes_ + lines, {kShared}).consume.at(0);
  EXPECT_FALSE(route.breaker);
  const BreakerRules& rules = route.breaker_rules;
  EXPECT_EQ(rules.threshold, 1U);
  EXPECT_EQ(rules.window.count(), 2'000);
  EXPECT_EQ(rules.consecutive, 3U);
  EXPECT_EQ(rules.unavailable_for.count(), 4'000);
  EXPECT_EQ(rules.quorum, 5U);
  EXPECT_EQ(rules.probe_events, 6U);
  EXPECT_EQ(rules.cool_down.count(), 7'000);
}

TEST_F(ControlChecks, RulesHaveRangesAndNoughtThatMeansNever) {
  const BreakerRules rules =
      good(routes_ + "breaker.consecutive = 0\nbreaker.unavailable-for = 0ms\n").consume.at(0).breaker_rules;
  EXPECT_EQ(rules.consecutive, 0U);
  EXPECT_EQ(rules.unavailable_for.count(), 0);
  EXPECT_THAT(bad(routes_ + "breaker.threshold = 0\n"), HasSubstr("1..1000000"));
  EXPECT_THAT(bad(routes_ + "breaker.window = 0ms\n"), HasSubstr("1s..1h"));
  EXPECT_THAT(bad(routes_ + "breaker.quorum = 0\n"), HasSubstr("1..1000"));
  EXPECT_THAT(bad(routes_ + "breaker.probe-events = 0\n"), HasSubstr("1..1000"));
  EXPECT_THAT(bad(routes_ + "breaker.cool-down = 25h\n"), HasSubstr("0ms..24h"));
}

TEST_F(ControlChecks, AnInstanceHasANameOrThatOfTheHost) {
  const auto name = [this](const char* text) {
    return good(routes_, {kShared, std::string("--control.instance=") + text}).control.instance;
  };
  EXPECT_EQ(name("pod-1"), "pod-1");
  EXPECT_EQ(good(routes_, {kShared}).control.instance, host_name());
  EXPECT_EQ(name("hostname"), host_name());
  EXPECT_THAT(host_name(), AllOf(Not(IsEmpty()), Not("hostname")));
  EXPECT_EQ(name(std::string(200, 'x').c_str()).size(), 200U);
  EXPECT_THAT(bad(routes_, {"--control.instance=" + std::string(201, 'x')}), HasSubstr("at most 200"));
  EXPECT_THAT(bad(routes_, {"--control.instance=a b"}), HasSubstr("white space"));
}

TEST_F(ControlChecks, AQuorumNeedsTheControlTopic) {
  const std::string quorum = routes_ + "breaker.quorum = 2\n";
  EXPECT_THAT(good(quorum).warnings,
              Contains(AllOf(HasSubstr("consume.billing.breaker.quorum = 2"), HasSubstr("control.topic"))));
  EXPECT_THAT(good(quorum, {kShared}).warnings, IsEmpty());
  EXPECT_THAT(good(quorum + "breaker.enabled = false\n").warnings, IsEmpty());
  EXPECT_THAT(good(routes_).warnings, IsEmpty());
}

TEST_F(ControlChecks, TheControlTopicIsNothingElse) {
  const auto error = [this](const std::string& topic) { return bad(routes_, {"--control.topic=" + topic}); };
  EXPECT_THAT(error("orders"), AllOf(HasSubstr("control.topic = orders"), HasSubstr("produce.orders.topic")));
  EXPECT_THAT(error("orders.dead"), HasSubstr("consume.billing.dead-letter"));
  const std::string forward =
      "[kafka]\nbootstrap.servers = k:1\n[consume.a]\ntopic = t\ngroup = g\nhandler = topic:copy\ndead-letter = d\n";
  EXPECT_THAT(bad(forward, {"--control.topic=t"}), HasSubstr("consume.a.topic"));
  EXPECT_THAT(bad(forward, {"--control.topic=copy"}), HasSubstr("consume.a.handler"));
  EXPECT_THAT(good(forward, {"--control.topic=c"}).warnings, IsEmpty());
}

TEST_F(ControlChecks, RightsForOneEventHubDoNotReachTheControlTopic) {
  const Settings settings = settings_of(load({kRoute, kShared, "--kafka.ssl.ca.location=/ca.crt"},
                                             {connection_variable(connection_string() + ";EntityPath=orders")}));
  EXPECT_THAT(settings.warnings, Contains(HasSubstr("control (topic hubferry.control)")));
}

}  // namespace
}  // namespace hubferry::config
