// breaker, pause and resume against the console's real endpoints.
#include <gmock/gmock.h>

#include <atomic>

#include "component/console/desk_fixture.h"
#include "component/ctl/fake_cluster.h"
#include "console/route_switches.h"

namespace hubferry::ctl {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class ToDaemon : public FakeClusterTest {
 protected:
  void SetUp() override { start({.listen = "127.0.0.1:0"}); }

  void start(const http::ServerOptions& options) {
    auto server = http::Server::create(options);
    ASSERT_TRUE(server);
    server_ = std::move(*server);
    console::add_breakers(*server_, desk_.desk());
    console::add_route_switches(
        *server_, {{"billing", [this](bool paused) { paused_ = paused; }, [this] { return paused_.load(); }}});
    ASSERT_TRUE(server_->start());
    configure("[ingest]\nlisten = 127.0.0.1:" + std::to_string(server_->port()) +
              "\n[consume.billing]\ntopic = orders\ngroup = billing-group\nhandler = discard:\n");
  }

  console::FakeDesk desk_;
  std::atomic<bool> paused_ = false;
  std::unique_ptr<http::Server> server_;
};

using BreakerCommand = ToDaemon;
using PauseCommand = ToDaemon;

TEST_F(BreakerCommand, StatusShowsEachAndWhetherAllAreClosed) {
  auto closed = console::FakeDesk::billing();
  closed.route = "audit";
  closed.state = "closed";
  closed.scope = "this instance";
  closed.reason.clear();
  closed.lag = -1;
  closed.since_ms = 0;
  closed.trouble = "unread";
  auto open = console::FakeDesk::billing();
  open.reason = "it answered";
  desk_.rows({open, closed});
  const auto found = call({"breaker", "status"});
  EXPECT_EQ(found.code, kFound);
  EXPECT_EQ(found.out, R"(
ROUTE    STATE   SCOPE              SINCE                     FAILURES          LAG  REASON       REMARKS
billing  open    all instances (3)  2026-11-21T10:00:00.000Z  3 of 100 in 30s  1234  it answered  -
audit    closed  this instance      -                         3 of 100 in 30s     -  -            may be old: unread
)" + 1);
  EXPECT_EQ(call({"breaker", "status", "--route", "audit"}).code, kSound);
  EXPECT_THAT(call({"breaker", "status", "--route", "other"}).error, HasSubstr("no breaker of a consume route other"));
  const auto json = call({"breaker", "status", "--json"});
  EXPECT_EQ(json.code, kFound);
  EXPECT_THAT(json.out, AllOf(HasSubstr(R"({"route":"billing","state":"open",)"),
                              HasSubstr("\n{\"route\":\"audit\",\"state\":\"closed\",")));
  desk_.rows({closed});
  EXPECT_EQ(call({"breaker", "status"}).code, kSound);
  desk_.rows({});
  EXPECT_EQ(call({"breaker", "status"}).code, kUnusable);
}

TEST_F(BreakerCommand, OpenSaysWhomItStopsAndAsks) {
  const auto refused = call({"breaker", "open", "--route", "billing"});
  EXPECT_EQ(refused.code, kUnusable);
  EXPECT_THAT(refused.error, AllOf(HasSubstr("ALL instances (3 now) will deliver nothing"), HasSubstr("--yes")));
  EXPECT_EQ(call({"breaker", "open"}, "n").code, kFound);
  EXPECT_THAT(desk_.asked(), IsEmpty());
  const auto done = call({"breaker", "open", "--reason", "main\"tenance"}, "y");
  EXPECT_EQ(done.code, kSound) << done.error;
  EXPECT_THAT(done.out, HasSubstr("the breaker is open, ALL instances"));
  auto alone = console::FakeDesk::billing();
  alone.scope = "this instance";
  desk_.rows({alone});
  EXPECT_THAT(call({"breaker", "open", "--yes"}).error, AllOf(HasSubstr("this one instance"), Not(HasSubstr("ALL"))));
  EXPECT_THAT(desk_.asked(), ElementsAre("open|billing|hubferryctl|main\"tenance", "open|billing|hubferryctl|"));
}

TEST_F(BreakerCommand, CloseAsksAndProbeDoesNot) {
  EXPECT_EQ(call({"breaker", "close"}).code, kUnusable);
  const auto closed = call({"breaker", "close", "--yes"});
  EXPECT_EQ(closed.code, kSound);
  EXPECT_THAT(closed.error, HasSubstr("without trying a few events first"));
  const auto probed = call({"breaker", "probe"});
  EXPECT_EQ(probed.code, kSound);
  EXPECT_THAT(probed.out, HasSubstr("a few events are tried now"));
  EXPECT_THAT(desk_.asked(), ElementsAre("close|billing|hubferryctl|", "probe|billing|hubferryctl|"));
}

TEST_F(BreakerCommand, TellsTheDaemonsRefusal) {
  desk_.answer_with("it is not open");
  const auto refused = call({"breaker", "probe"});
  EXPECT_EQ(refused.code, kUnusable);
  EXPECT_THAT(refused.error, HasSubstr("answered 409: The breaker of route billing was not tried: it is not open."));
  EXPECT_THAT(call({"breaker", "open", "--yes", "--reason", std::string(501, 'x')}).error, HasSubstr("500 bytes"));
  desk_.rows({});
  EXPECT_THAT(call({"breaker", "probe"}).error, HasSubstr("no breaker of a consume route billing"));
  EXPECT_THAT(call({"breaker", "probe", "--route", "other"}).error, HasSubstr("no section [consume.other]"));
  EXPECT_EQ(desk_.asked().size(), 1U);
}

TEST_F(BreakerCommand, ShowsTheDaemonItsToken) {
  const std::string tokens = (folder_ / "tokens").string();
  std::ofstream(tokens) << "secret\n";
  start({.listen = "127.0.0.1:0", .bearer_token_file = tokens});
  EXPECT_THAT(call({"breaker", "status"}).error, HasSubstr("--token-file"));
  EXPECT_EQ(call({"breaker", "status", "--token-file", tokens}).code, kFound);
  EXPECT_EQ(call({"breaker", "probe", "--token-file", tokens}).code, kSound);
}

TEST_F(BreakerCommand, WaitsForADaemonOnlySoLong) {
  desk_.hold();
  const auto late = call({"breaker", "probe", "--timeout", "1s"});
  EXPECT_EQ(late.code, kUnusable);
  EXPECT_THAT(late.error, HasSubstr("no complete answer within 1000 ms"));
  const auto done = desk_.held();
  ASSERT_TRUE(done);
  done(std::nullopt);  // to nobody
  server_->stop(Milliseconds(0));
  const auto away = call({"breaker", "status"});
  EXPECT_EQ(away.code, kUnusable);
  EXPECT_THAT(away.error, AllOf(HasSubstr("no answer from http://127.0.0.1:"), HasSubstr("is the daemon running")));
}

TEST_F(PauseCommand, PausesAndResumesTheRoute) {
  const auto paused = call({"pause"});
  EXPECT_EQ(paused.code, kSound) << paused.error;
  EXPECT_THAT(paused.out, HasSubstr("billing is paused in this instance"));
  EXPECT_TRUE(paused_);
  EXPECT_EQ(call({"resume", "--route", "billing"}).code, kSound);
  EXPECT_FALSE(paused_);
}

}  // namespace
}  // namespace hubferry::ctl
