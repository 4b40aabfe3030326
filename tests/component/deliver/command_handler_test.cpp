#include "deliver/command_handler.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "component/deliver/answers.h"
#include "event/json_event.h"

namespace hubferry::deliver {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kAnswerAll = R"(while IFS= read -r line; do echo '{"ok":true}'; done)";

class CommandHandlerTest : public testing::Test {
 protected:
  CommandHandlerTest() {
    std::signal(SIGPIPE, SIG_IGN);  // as the daemon does
    route_.name = "billing";
    route_.handler.scheme = config::HandlerScheme::kCommand;
  }

  // The handler that runs this shell script in the test's folder, with its folder as the argument.
  std::unique_ptr<Handler> run(const std::string& script) {
    const std::string program = write_program("handler", "#!/bin/sh\ncd \"$1\"\n" + script + "\n");
    route_.handler.target = "command:" + program + " \t" + folder_.path().string();
    return make();
  }
  std::string write_program(const std::string& name, const std::string& text) {
    std::ofstream(folder_.file(name)) << text;
    ::chmod(folder_.file(name).c_str(), 0755);
    return folder_.file(name);
  }
  std::unique_ptr<Handler> make() {
    auto handler = make_handler(route_, {}, answers_);
    EXPECT_TRUE(handler) << handler.error().message;
    return std::move(*handler);
  }
  // Delivers until the process is up again and has done it.
  bool deliver_until_done(Handler& handler, const EventText& text) {
    const Instant end = SteadyClock::now() + kPatience;
    while (SteadyClock::now() < end) {
      const std::size_t before = answers_.all().size();
      deliver_one(handler, text);
      if (!answers_.wait(before + 1)) return false;
      const Outcome outcome = answers_.of(text.offset);
      if (outcome.verdict == Verdict::kDone) return true;
      std::this_thread::sleep_for(std::min(outcome.retry_after, Milliseconds(50)));  // as a handler's user waits
    }
    return false;
  }
  bool appears(const std::string& name, std::size_t lines = 1) const {
    const Instant end = SteadyClock::now() + kPatience;
    while (folder_.lines(name).size() < lines) {
      if (SteadyClock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }
  pid_t number_in(const std::string& name) const { return static_cast<pid_t>(std::stol(folder_.content(name))); }

  Folder folder_;
  config::ConsumeRoute route_;
  AnswerRecorder answers_;
};

TEST_F(CommandHandlerTest, GivesEachEventAsALineAndTakesItsAnswer) {
  const auto handler = run(R"(while IFS= read -r line; do
    printf '%s\n' "$line" >> input
    case "$line" in
      *'"value":"fail"'*) echo '{"ok":false,"reason":"no such customer"}';;
      *'"value":"reject"'*) echo '{"ok":false,"reason":"not for me","retry":false}';;
      *'"value":"later"'*) echo '{"ok":false,"unavailable":true,"retry_after":2}';;
      *) echo '{"ok":true}';;
    esac
  done)");
  Delivery delivery = delivery_of({0, "k", "\"\xc3\xa4\""});
  delivery.attempt = 3;
  delivery.last_attempt = true;
  std::vector<Delivery> one;
  one.push_back(std::move(delivery));
  handler->deliver(std::move(one));
  deliver_one(*handler, {1, "k", R"("fail")"});
  deliver_one(*handler, {2, "k", R"("reject")"});
  deliver_one(*handler, {3, "k", R"("later")"});
  ASSERT_TRUE(answers_.wait(4));
  EXPECT_EQ(answers_.of(0).verdict, Verdict::kDone);
  EXPECT_EQ(answers_.of(1).verdict, Verdict::kFailed);
  EXPECT_EQ(answers_.of(1).reason, "no such customer");
  EXPECT_EQ(answers_.of(2).verdict, Verdict::kRejected);
  EXPECT_EQ(answers_.of(3).verdict, Verdict::kUnavailable);
  EXPECT_EQ(answers_.of(3).retry_after, Milliseconds(2000));
  const auto lines = folder_.lines("input");
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_THAT(lines[0], AllOf(HasSubstr("\"attempt\":3,\"last_attempt\":true"), HasSubstr("\"value\":\"\xc3\xa4\"")));
}

TEST_F(CommandHandlerTest, TakesAnswersInAnyOrderById) {
  const auto handler = run(R"(
    IFS= read -r a; IFS= read -r b
    id() { printf '%s' "$1" | sed 's/.*"id":\([0-9]*\),.*/\1/'; }
    echo "{\"id\":$(id "$b"),\"ok\":true}"
    echo "{\"id\":$(id "$a"),\"ok\":false}"
    cat > /dev/null)");
  deliver_one(*handler, {1});
  deliver_one(*handler, {2});
  ASSERT_TRUE(answers_.wait(2));
  EXPECT_EQ(answers_.all()[0].first, 2);
  EXPECT_EQ(answers_.of(2).verdict, Verdict::kDone);
  EXPECT_EQ(answers_.of(1).verdict, Verdict::kFailed);
}

TEST_F(CommandHandlerTest, KeepsAKeyWithOneProcessAndInOrder) {
  route_.handler.processes = 3;
  const auto handler = run(R"(while IFS= read -r line; do
    printf '%s\n' "$line" >> "input$HUBFERRY_PROCESS"; echo '{"ok":true}'; done)");
  for (int i = 0; i < 300; ++i) deliver_one(*handler, {i, "key" + std::to_string(i % 20)});
  ASSERT_TRUE(answers_.wait(300));
  std::map<std::string, std::set<int>> processes;
  std::map<std::string, std::int64_t> last;
  for (int process = 0; process < 3; ++process) {
    for (const std::string& line : folder_.lines("input" + std::to_string(process))) {
      const auto at = line.find("\"key\":\"") + 7;
      const std::string key = line.substr(at, line.find('"', at) - at);
      const std::int64_t offset = std::stoll(line.substr(line.find("\"offset\":") + 9));
      processes[key].insert(process);
      EXPECT_TRUE(!last.contains(key) || last[key] < offset) << key << " " << offset;
      last[key] = offset;
    }
  }
  ASSERT_EQ(processes.size(), 20U);
  std::set<int> used;
  for (const auto& [key, where] : processes) {
    EXPECT_EQ(where.size(), 1U) << key;
    used.insert(*where.begin());
  }
  EXPECT_EQ(used.size(), 3U);
}

TEST_F(CommandHandlerTest, KeepsAPartitionWithOneProcessIfThatIsTheOrder) {
  route_.handler.processes = 2;
  route_.order = config::Order::kPartition;
  const auto handler = run(R"(while IFS= read -r line; do
    printf '%s\n' "$line" >> "input$HUBFERRY_PROCESS"; echo '{"ok":true}'; done)");
  for (int i = 0; i < 40; ++i) {
    EventText text{i, "key" + std::to_string(i)};
    text.partition = i / 20;
    deliver_one(*handler, text);
  }
  ASSERT_TRUE(answers_.wait(40));
  EXPECT_EQ(folder_.lines("input0").size(), 20U);
  for (const std::string& line : folder_.lines("input1")) EXPECT_THAT(line, HasSubstr("\"partition\":1,"));
}

TEST_F(CommandHandlerTest, BlamesTheOldestEventForADeadProcessAndStartsItAgain) {
  // sh reads no further than its line, so what it has seen is certain.
  const auto handler = run(R"(while IFS= read -r line; do
    case "$line" in *'"value":"die"'*) exit 3;; esac; echo '{"ok":true}'; done)");
  deliver_one(*handler, {1, "a"});
  deliver_one(*handler, {2, "b", "\"die\""});
  deliver_one(*handler, {3, "c"});
  ASSERT_TRUE(answers_.wait(3));
  EXPECT_EQ(answers_.of(1).verdict, Verdict::kDone);
  EXPECT_EQ(answers_.of(2).verdict, Verdict::kFailed);
  EXPECT_THAT(answers_.of(2).reason, HasSubstr("exited with status 3"));
  EXPECT_EQ(answers_.of(3).verdict, Verdict::kUnavailable);
  EXPECT_GT(answers_.of(3).retry_after.count(), 0);
  EXPECT_TRUE(deliver_until_done(*handler, {3, "c"}));
}

TEST_F(CommandHandlerTest, PutsOffWhatADeadProcessHadReadBehindTheOldest) {
  const auto handler = run(R"(IFS= read -r a; IFS= read -r b; kill -9 $$)");
  deliver_one(*handler, {1});
  deliver_one(*handler, {2});
  ASSERT_TRUE(answers_.wait(2));
  EXPECT_EQ(answers_.of(1).verdict, Verdict::kFailed);
  EXPECT_THAT(answers_.of(1).reason, HasSubstr("SIGKILL"));
  EXPECT_EQ(answers_.of(2).verdict, Verdict::kUnavailable);
}

TEST_F(CommandHandlerTest, BlamesNoEventForAProgramThatFailsBeforeItReads) {
  const auto handler = run("echo started >> starts; exit 4");
  const Instant end = SteadyClock::now() + kPatience;
  Outcome outcome;
  for (std::size_t sent = 1; folder_.lines("starts").size() < 3 || outcome.reason.find("status 4") == std::string::npos;
       ++sent) {
    ASSERT_LT(SteadyClock::now(), end) << outcome.reason;
    deliver_one(*handler, {1});
    ASSERT_TRUE(answers_.wait(sent));
    outcome = answers_.of(1);
    EXPECT_EQ(outcome.verdict, Verdict::kUnavailable);
    EXPECT_GE(outcome.retry_after, Milliseconds(200));
    std::this_thread::sleep_for(Milliseconds(1));  // as a handler's user waits
  }
}

TEST_F(CommandHandlerTest, GivesTheEventsOfADeadProcessToOthers) {
  route_.handler.processes = 2;
  const auto handler = run(R"([ "$HUBFERRY_PROCESS" = 1 ] && exit 1
    while IFS= read -r line; do echo '{"ok":true}'; done)");
  for (int i = 0; i < 20; ++i) deliver_one(*handler, {i, "key" + std::to_string(i)});
  ASSERT_TRUE(answers_.wait(20));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(answers_.of(i).verdict, Verdict::kDone) << answers_.of(i).reason;
}

TEST_F(CommandHandlerTest, KillsAProcessThatHangsWithAllItsChildren) {
  route_.handler.timeout = Milliseconds(200);
  const auto handler = run(R"(trap '' TERM
    while IFS= read -r line; do
      case "$line" in *'"value":"hang"'*)
        sleep 1000 & echo $! > sleeper; IFS= read -r next; echo 1 > both; wait; sleep 1000;;
      esac
      echo '{"ok":true}'
    done)");
  deliver_one(*handler, {1, "a", "\"hang\""});
  deliver_one(*handler, {2, "b"});
  ASSERT_TRUE(appears("both"));
  ASSERT_TRUE(answers_.wait(2));
  EXPECT_EQ(answers_.of(1).verdict, Verdict::kFailed);
  EXPECT_THAT(answers_.of(1).reason, AllOf(HasSubstr("did not answer within 200 ms"), HasSubstr("SIGKILL")));
  EXPECT_EQ(answers_.of(2).verdict, Verdict::kUnavailable);
  const Instant end = SteadyClock::now() + kPatience;
  const std::string state = "/proc/" + std::to_string(number_in("sleeper")) + "/stat";
  const auto alive = [&] {
    std::ifstream in(state);
    std::string text;
    return std::getline(in, text) && text.find(") Z") == std::string::npos;
  };
  while (alive()) ASSERT_LT(SteadyClock::now(), end);
  EXPECT_TRUE(deliver_until_done(*handler, {2, "b"}));
}

TEST_F(CommandHandlerTest, CountsTimeForTheOldestEventOnly) {
  route_.handler.timeout = Milliseconds(1'000);
  const auto handler = run(R"(while IFS= read -r line; do sleep 0.2; echo '{"ok":true}'; done)");
  for (int i = 0; i < 8; ++i) deliver_one(*handler, {i});  // 1.6 s for all
  ASSERT_TRUE(answers_.wait(8));
  for (int i = 0; i < 8; ++i) EXPECT_EQ(answers_.of(i).verdict, Verdict::kDone) << answers_.of(i).reason;
}

TEST_F(CommandHandlerTest, KillsAProcessWhoseAnswersMakeNoSense) {
  for (const auto& [output, reason] :
       {std::pair{"echo working", "not JSON"}, std::pair{R"(echo '{"ok":true,"id":999}')", "has not got"},
        std::pair{R"(head -c 100000 /dev/zero | tr '\0' x)", "more than 65536 bytes"}}) {
    const auto handler = run(std::string("IFS= read -r line; ") + output + "; sleep 1000");
    const std::size_t before = answers_.all().size();
    deliver_one(*handler, {1});
    ASSERT_TRUE(answers_.wait(before + 1)) << output;
    EXPECT_EQ(answers_.of(1).verdict, Verdict::kFailed);
    EXPECT_THAT(answers_.of(1).reason, HasSubstr(reason));
  }
}

TEST_F(CommandHandlerTest, LetsItsProcessesFinishWhenItEnds) {
  auto handler = run(R"(IFS= read -r line; echo $$ > started
    while IFS= read -r line; do :; done
    echo '{"ok":true}'; echo bye > bye)");
  deliver_one(*handler, {1});
  ASSERT_TRUE(appears("started"));
  const pid_t process = number_in("started");
  handler.reset();
  EXPECT_EQ(answers_.of(1).verdict, Verdict::kDone);
  EXPECT_EQ(folder_.content("bye"), "bye\n");
  EXPECT_EQ(::kill(process, 0), -1) << "reaped";
}

TEST_F(CommandHandlerTest, BlamesNothingWhenItEnds) {
  auto handler = run("IFS= read -r line; echo 1 > started; cat > /dev/null; exit 1");
  deliver_one(*handler, {1});
  ASSERT_TRUE(appears("started"));
  handler.reset();
  EXPECT_EQ(answers_.of(1).verdict, Verdict::kUnavailable);
}

TEST_F(CommandHandlerTest, TakesItsProcessesAlongWhenTheDaemonIsKilled) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const pid_t daemon = ::fork();
  if (daemon == 0) {
    const auto handler = run("echo $$ > started; exec sleep 1000");
    for (;;) ::pause();
  }
  ASSERT_TRUE(appears("started"));
  ::kill(daemon, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(daemon, &status, 0), daemon);
  const pid_t process = number_in("started");
  const Instant end = SteadyClock::now() + kPatience;
  pid_t ended = 0;
  while ((ended = ::waitpid(process, &status, WNOHANG)) == 0 && SteadyClock::now() < end) std::this_thread::yield();
  EXPECT_TRUE(ended == process && WIFSIGNALED(status));
  if (ended == 0) ::kill(process, SIGKILL);
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

TEST_F(CommandHandlerTest, KeepsTheDaemonsEnvironmentSecretsAndDescriptorsToItself) {
  ::setenv("HUBFERRY_EVENT_HUBS_CONNECTION_STRING", "secret", 1);
  ::setenv("NOTIFY_SOCKET", "/run/systemd/notify", 1);
  ::setenv("ORDINARY", "1", 1);
  const int leaked = ::open("/dev/null", O_RDONLY);  // NOLINT(android-cloexec-open): as a library might
  const auto handler =
      run("env > environment; ls /proc/$$/fd > descriptors; echo 1 > done; " + std::string(kAnswerAll));
  ASSERT_TRUE(appears("done"));
  ::close(leaked);
  EXPECT_THAT(folder_.content("environment"),
              AllOf(Not(HasSubstr("secret")), Not(HasSubstr("NOTIFY_SOCKET")), HasSubstr("ORDINARY=1"),
                    HasSubstr("HUBFERRY_ROUTE=billing\n"), HasSubstr("HUBFERRY_PROCESS=0\n")));
  for (const std::string& descriptor : folder_.lines("descriptors")) {
    EXPECT_TRUE(descriptor.size() > 1 || descriptor < "3") << descriptor;
  }
}

TEST_F(CommandHandlerTest, SaysWhatIsWrongWithAProgram) {
  route_.handler.target = "command:" + folder_.file("none");
  EXPECT_THAT(make_handler(route_, {}, answers_).error().message, HasSubstr("check its path"));
  std::ofstream(folder_.file("plain")) << "x";
  route_.handler.target = "command:" + folder_.file("plain");
  EXPECT_FALSE(make_handler(route_, {}, answers_));
  route_.handler.target = "command:" + write_program("odd", "#!/none/interpreter\n");
  const auto handler = make();
  deliver_one(*handler, {1});
  ASSERT_TRUE(answers_.wait(1));
  EXPECT_EQ(answers_.of(1).verdict, Verdict::kUnavailable);
  EXPECT_THAT(answers_.of(1).reason, AllOf(HasSubstr("cannot start"), HasSubstr("interpreter")));
}

TEST_F(CommandHandlerTest, CarriesMoreThanPipesHold) {
  const auto handler = run("exec python3 -u -c 'import sys\nfor line in sys.stdin: print(\"{\\\"ok\\\":true}\")'");
  const std::string large = '"' + std::string(1'000'000, 'x') + '"';
  for (int i = 0; i < 20; ++i) deliver_one(*handler, {i, std::nullopt, large});
  ASSERT_TRUE(answers_.wait(20));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(answers_.of(i).verdict, Verdict::kDone) << answers_.of(i).reason;
}

TEST_F(CommandHandlerTest, PutsSomeOfStandardErrorIntoTheLog) {
  const auto before = spdlog::default_logger();
  std::ostringstream text;
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text)));
  {
    const auto handler = run(R"(IFS= read -r line
      i=0; while [ $i -lt 500 ]; do i=$((i+1)); echo "noise $i" >&2; done; echo '{"ok":true}'; printf 'no end' >&2)");
    deliver_one(*handler, {1});
    ASSERT_TRUE(answers_.wait(1));
  }
  spdlog::set_default_logger(before);
  EXPECT_THAT(text.str(), HasSubstr("route billing, command " + folder_.file("handler") + ": noise 1\n"));
  EXPECT_THAT(text.str(), Not(HasSubstr("noise 400\n")));
}

}  // namespace
}  // namespace hubferry::deliver
