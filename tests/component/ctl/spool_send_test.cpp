// hubferryctl spool send with librdkafka's mock cluster.
#include <gmock/gmock.h>
#include <signal.h>

#include <thread>

#include "component/ctl/spool_folder.h"
#include "kafka/embedded_broker.h"

namespace hubferry::ctl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class SpoolSend : public SpoolFolder {
 protected:
  SpoolSend() {
    auto broker = kafka::EmbeddedBroker::start({{"orders", 2}, {"elsewhere", 1}});
    EXPECT_TRUE(broker);
    broker_ = std::move(*broker);
    configure(broker_->bootstrap_servers());
  }

  void configure(const std::string& servers, const std::string& route = "orders") {
    std::ofstream(config_path()) << "[kafka]\nbootstrap.servers = " << servers << "\n[produce." << route
                                 << "]\ntopic = orders\nretry.initial = 20ms\nretry.max = 100ms\n";
  }
  std::string config_path() const { return (base_ / "hubferry.conf").string(); }
  Called send(std::vector<std::string> options = {}) {
    options.insert(options.begin(), {"--config", config_path()});
    return spool("send", options);
  }

  std::unique_ptr<kafka::EmbeddedBroker> broker_;
};

TEST_F(SpoolSend, EmptiesAnOrphanedSpool) {
  append(60);
  acknowledge_to(10);
  stop();
  const auto called = send();
  EXPECT_EQ(called.code, kSound) << called.error;
  EXPECT_THAT(called.error, AllOf(HasSubstr("50 events of " + directory_.string() + " go to topic orders"),
                                  HasSubstr("0 of 50 events left"), HasSubstr("the spool is empty")));
  EXPECT_THAT(spool("verify").out, HasSubstr("unacknowledged  0\n"));
  const auto again = send();
  EXPECT_EQ(again.code, kSound);
  EXPECT_THAT(again.error, HasSubstr("the spool is empty"));
}

TEST_F(SpoolSend, IsRefusedWhileADaemonRuns) {
  append(3);
  const auto called = send();
  EXPECT_EQ(called.code, kUnusable);
  EXPECT_THAT(called.error, HasSubstr("stop it first"));
  EXPECT_EQ(spool_->statistics().unacknowledged, 3U);
}

TEST_F(SpoolSend, SaysHowManyAreLeftAndWhyAtTheDeadline) {
  append(3);
  stop();
  configure("127.0.0.1:1");
  const auto called = send({"--deadline", "300ms"});
  EXPECT_EQ(called.code, kFound);
  EXPECT_THAT(called.error, AllOf(HasSubstr("3 of 3 events are left: the deadline of 300ms passed; "),
                                  HasSubstr("Nothing is lost: run the same again")));
  EXPECT_THAT(spool("verify").out, HasSubstr("unacknowledged  3\n"));
}

TEST_F(SpoolSend, ASignalEndsItCleanly) {
  append(3);
  stop();
  configure("127.0.0.1:1");
  // Held back until the command waits for it: it blocks the signal before it can be pending.
  sigset_t held;
  sigemptyset(&held);
  sigaddset(&held, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &held, nullptr);
  ASSERT_EQ(pthread_kill(pthread_self(), SIGTERM), 0);
  const auto called = send({"--deadline", "60s"});
  pthread_sigmask(SIG_UNBLOCK, &held, nullptr);
  EXPECT_EQ(called.code, kFound);
  EXPECT_THAT(called.error, HasSubstr("3 of 3 events are left: ended by SIGTERM"));
  EXPECT_THAT(spool("verify").out, HasSubstr("unacknowledged  3\n"));
}

TEST_F(SpoolSend, NeverGuessesTheTopic) {
  append(3);
  stop();
  configure(broker_->bootstrap_servers(), "billing");
  const auto guessed = send();
  EXPECT_EQ(guessed.code, kUnusable);
  EXPECT_THAT(guessed.error, AllOf(HasSubstr("no section [produce.orders]"), HasSubstr("there are: billing")));
  EXPECT_EQ(send({"--route", "bill"}).code, kUnusable);
  EXPECT_THAT(send({"--topic", "a b"}).error, HasSubstr("--topic"));
  EXPECT_THAT(spool("verify").out, HasSubstr("unacknowledged  3\n"));
  const auto named = send({"--topic", "elsewhere"});
  EXPECT_EQ(named.code, kSound) << named.error;
  EXPECT_THAT(named.error, HasSubstr("go to topic elsewhere"));
}

TEST_F(SpoolSend, TheRouteCanBeNamed) {
  append(1);
  stop();
  configure(broker_->bootstrap_servers(), "billing");
  EXPECT_EQ(send({"--route", "billing"}).code, kSound);
}

TEST_F(SpoolSend, AWrongConfigurationIsToldAsTheDaemonTellsIt) {
  append(1);
  stop();
  std::ofstream(config_path())
      << "[kafka]\nbootstrap.servers = x:1\nno.such.property = 1\n[produce.orders]\ntopic = orders\n";
  const auto called = send();
  EXPECT_EQ(called.code, kUnusable);
  EXPECT_THAT(called.error, HasSubstr("no.such.property"));
  std::ofstream(config_path()) << "[embedded-broker]\nenabled = true\n[produce.orders]\ntopic = orders\n";
  EXPECT_THAT(send().error, HasSubstr("embedded broker"));
}

}  // namespace
}  // namespace hubferry::ctl
