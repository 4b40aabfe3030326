#include "ingest/ingest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "unit/ingest/events_of.h"
#include "unit/ingest/fake_http.h"
#include "unit/ingest/fake_spool.h"
#include "unit/spool/fault_file_system.h"

namespace hubferry::ingest {
namespace {

using namespace std::chrono_literals;
using Target = std::shared_ptr<test::FakeTarget>;
using Fields = test::FakeRequest::Fields;

constexpr const char* kNative = "/v1/topics/{topic}/events";
constexpr const char* kHub = "/{hub}/messages";
constexpr const char* kHubPartition = "/{hub}/partitions/{partition}/messages";

class IngestTest : public testing::Test {
 protected:
  IngestTest() {
    settings_.max_batch_events = 3;
    ingest_ = std::make_unique<Ingest>(settings_);
    config::ProduceRoute route;
    route.name = "orders-route";
    route.topic = "orders";
    ingest_->add_route(route, 1000, {spool_, feedback_, log_}, metrics_);
    ingest_->install(server_);
    feedback_.set_partitions(4);
  }

  Target post(const Fields& fields, const std::string& body, const std::string& query = "") {
    return send(kNative, {query, fields, body, {{"topic", "orders"}}});
  }
  Target post_hub(const Fields& fields, const std::string& body, const std::string& query = "") {
    return send(kHub, {query, fields, body, {{"hub", "orders"}}});
  }
  Target send(const char* pattern, const test::FakeRequest& request) {
    auto target = std::make_shared<test::FakeTarget>();
    server_.handlers.at(pattern)(request, http::Responder(target));
    return target;
  }
  static const http::Response& answer(const Target& target) {
    static const http::Response kNone{.status = 0, .content_type = {}, .body = "no answer", .headers = {}};
    EXPECT_EQ(target->answers.size(), 1U);
    return target->answers.empty() ? kNone : target->answers.front();
  }
  static int status(const Target& target) { return answer(target).status; }
  std::vector<test::Event> last_stored() { return test::events_of(spool_.stored().back()); }
  double refused(const std::string& reason) {
    return metrics_
        .counter("hubferry_ingest_refused_requests_total", "", {{"route", "orders-route"}, {"reason", reason}})
        .Value();
  }

  config::IngestSettings settings_;
  observe::Metrics metrics_;
  spool::test::FaultFileSystem files_;
  IdempotencyLog log_{files_, {"/spool"}, metrics_, "orders-route"};
  test::FakeSpool spool_{&log_};
  spool::Feedback feedback_;
  test::FakeServer server_;
  std::unique_ptr<Ingest> ingest_;
};

constexpr const char* kFirst = "{\"accepted\":1,\"source\":\"000000000000abcd\",\"first\":1,\"last\":1}\n";

TEST_F(IngestTest, AnswersOnceTheSpoolHasTheEvents) {
  const auto target = post({{"Content-Type", "application/x-ndjson"}, {"X-Event-Key", "k"}}, "1\n2\n");
  EXPECT_TRUE(target->answers.empty());
  spool_.commit();
  EXPECT_EQ(status(target), 202);
  EXPECT_EQ(answer(target).body, "{\"accepted\":2,\"source\":\"000000000000abcd\",\"first\":1,\"last\":2}\n");
  EXPECT_EQ(last_stored()[1].key, "k");
  EXPECT_EQ(last_stored()[1].partition, -1);
  EXPECT_EQ(last_stored()[0].note, "");
}

TEST_F(IngestTest, TellsUnknownTopicsFromDraining) {
  EXPECT_EQ(status(send(kNative, {"", {}, "1", {{"topic", "other"}}})), 404);
  ingest_->drain();
  const auto target = post({}, "1");
  EXPECT_EQ(status(target), 503);
  EXPECT_EQ(answer(target).headers.at(0).first, "Retry-After");
  EXPECT_EQ(answer(target).content_type, "application/problem+json");
  EXPECT_EQ(refused("unavailable"), 1);
  EXPECT_EQ(spool_.pending(), 0U);
}

TEST_F(IngestTest, CountsRefusalsByReason) {
  EXPECT_EQ(status(post({}, "{")), 400);
  EXPECT_EQ(status(post({{"Content-Type", "application/cloudevents-batch+avro"}}, "x")), 415);
  EXPECT_EQ(status(post({{"Content-Type", "text/plain"}}, std::string(1001, 'x'))), 413);
  const auto full = post({}, "1");
  spool_.refuse(ErrorCode::kFull);
  EXPECT_EQ(status(full), 503);
  const auto broken = post({}, "1");
  spool_.refuse(ErrorCode::kIo);
  EXPECT_EQ(status(broken), 500);
  EXPECT_EQ(refused("invalid"), 2);
  EXPECT_EQ(refused("too-large"), 1);
  EXPECT_EQ(refused("unavailable"), 1);
  EXPECT_EQ(refused("failed"), 1);
}

TEST_F(IngestTest, StoresTheNamedPartitionEvenWithAKey) {
  post({{"Content-Type", "application/x-ndjson"}, {"X-Event-Key", "k"}}, "1\n2", "partition=3");
  spool_.commit();
  EXPECT_EQ(last_stored()[0].partition, 3);
  EXPECT_EQ(last_stored()[1].partition, 3);
  EXPECT_EQ(last_stored()[1].key, "k");
}

TEST_F(IngestTest, RefusesPartitionsThatDoNotExist) {
  const auto target = post({}, "1", "partition=4");
  EXPECT_EQ(status(target), 400);
  EXPECT_NE(answer(target).body.find("4 partitions"), std::string::npos);
  feedback_.set_partitions(0);
  EXPECT_EQ(status(post({}, "1", "partition=0")), 503);
  EXPECT_EQ(spool_.pending(), 0U);
}

TEST_F(IngestTest, WaitsForTheBrokerIfAsked) {
  const auto target = post({{"Content-Type", "application/x-ndjson"}}, "1\n2\n", "ack=broker");
  spool_.commit();
  EXPECT_TRUE(target->answers.empty());
  feedback_.acknowledged(2, {3, -1});
  feedback_.acknowledged(1, {0, 17});
  EXPECT_EQ(status(target), 200);
  EXPECT_EQ(answer(target).body,
            "{\"accepted\":2,\"source\":\"000000000000abcd\",\"first\":1,\"last\":2,\"stored\":"
            "[{\"partition\":0,\"offset\":17},{\"partition\":3,\"offset\":null}]}\n");
}

TEST_F(IngestTest, SaysThatTheEventIsKeptWhenTheBrokerTakesTooLong) {
  const auto target = post({}, "1", "ack=broker");
  spool_.commit();
  feedback_.expire(SteadyClock::now() + 5s);
  EXPECT_TRUE(target->answers.empty()) << "the route's ack_timeout is 10 s";
  feedback_.expire(SteadyClock::now() + 11s);
  EXPECT_EQ(status(target), 202);
  EXPECT_NE(answer(target).body.find("\"acknowledged\":false"), std::string::npos);
}

TEST_F(IngestTest, DoesNotWaitForTheBrokerAfterARefusal) {
  const auto refused = post({}, "1", "ack=broker");
  spool_.refuse(ErrorCode::kFull);
  EXPECT_EQ(status(refused), 503);
  feedback_.acknowledged(1, {0, 1});
  const auto target = post({}, "1", "ack=broker");
  spool_.commit();
  EXPECT_TRUE(target->answers.empty()) << "the refused one was withdrawn: nothing was remembered";
  EXPECT_EQ(status(post({}, "1", "ack=disk")), 400);
}

TEST_F(IngestTest, StoresARequestWithTheSameIdempotencyKeyOnce) {
  const Fields fields = {{"Idempotency-Key", "a"}};
  const auto first = post(fields, "1");
  const auto waiting = post(fields, "1");
  EXPECT_EQ(spool_.pending(), 1U);
  spool_.commit();
  const auto repeat = post(fields, "1");
  for (const auto& target : {first, waiting, repeat}) {
    EXPECT_EQ(status(target), 202);
    EXPECT_EQ(answer(target).body, kFirst);
  }
  EXPECT_EQ(spool_.pending(), 0U);
  EXPECT_FALSE(last_stored()[0].note.empty());
}

TEST_F(IngestTest, RefusesAnotherRequestUnderTheSameIdempotencyKey) {
  post({{"Idempotency-Key", "a"}, {"X-Event-Key", "k"}, {"Content-Type", "application/json"}}, "1", "partition=1");
  spool_.commit();
  const struct {
    Fields fields;
    const char* body;
    const char* query;
    int status;
  } cases[] = {
      {{{"idempotency-key", "a"}, {"x-event-key", "k"}, {"content-type", "application/json"}}, "1", "partition=1", 202},
      {{{"X-Event-Key", "k"}, {"Content-Type", "application/json"}, {"Idempotency-Key", "a"}},
       "1",
       "ack=broker&partition=1",
       202},
      {{{"Idempotency-Key", "a"}, {"X-Event-Key", "k"}, {"Content-Type", "application/json"}}, "2", "partition=1", 422},
      {{{"Idempotency-Key", "a"}, {"X-Event-Key", "l"}, {"Content-Type", "application/json"}}, "1", "partition=1", 422},
      {{{"Idempotency-Key", "a"}, {"X-Event-Key", "k"}, {"Content-Type", "application/json"}}, "1", "partition=2", 422},
      {{{"Idempotency-Key", "a"}, {"X-Event-Key", "k"}, {"Content-Type", "application/json"}}, "1", "", 422},
      {{{"Idempotency-Key", "a"}, {"X-Event-Key", "k"}, {"Content-Type", "text/plain"}}, "1", "partition=1", 422},
      {{{"Idempotency-Key", "a"}, {"Content-Type", "application/json"}}, "1", "partition=1", 422},
  };
  for (const auto& c : cases) EXPECT_EQ(status(post(c.fields, c.body, c.query)), c.status) << c.body << c.query;
  EXPECT_EQ(refused("idempotency-conflict"), 6);
  EXPECT_EQ(spool_.pending(), 0U);
}

TEST_F(IngestTest, FreesTheIdempotencyKeyOfAFailedRequest) {
  const Fields fields = {{"Idempotency-Key", "a"}};
  const auto first = post(fields, "1");
  const auto waiting = post(fields, "1");
  spool_.refuse(ErrorCode::kFull);
  EXPECT_EQ(status(first), 503);
  EXPECT_EQ(status(waiting), 503);
  EXPECT_EQ(status(post(fields, "{")), 400) << "a malformed body does not take the key either";
  feedback_.set_partitions(0);
  EXPECT_EQ(status(post(fields, "1", "partition=1")), 503);
  feedback_.set_partitions(4);
  const auto again = post(fields, "2");
  spool_.commit();
  EXPECT_EQ(answer(again).body, kFirst);
}

TEST_F(IngestTest, AnswersARepeatThoughThePartitionCountIsNotKnown) {
  const Fields fields = {{"Idempotency-Key", "a"}};
  post(fields, "1", "partition=1");
  spool_.commit();
  feedback_.set_partitions(0);
  EXPECT_EQ(answer(post(fields, "1", "partition=1")).body, kFirst);
}

TEST_F(IngestTest, RefusesIdempotencyKeysOfBadLength) {
  EXPECT_EQ(status(post({{"Idempotency-Key", ""}}, "1")), 400);
  EXPECT_EQ(status(post({{"Idempotency-Key", std::string(256, 'a')}}, "1")), 400);
  const auto longest = post({{"Idempotency-Key", std::string(255, 'a')}}, "1");
  spool_.commit();
  EXPECT_EQ(status(longest), 202);
}

// The example of the HTTP protocol binding of CloudEvents 1.0.2, section 3.1.4.
const Fields kCloudEvent = {{"ce-specversion", "1.0"},
                            {"ce-type", "com.example.someevent"},
                            {"ce-time", "2018-04-05T03:56:24Z"},
                            {"ce-id", "1234-1234-1234"},
                            {"ce-source", "/mycontext/subcontext"},
                            {"Content-Type", "application/json; charset=utf-8"}};

TEST_F(IngestTest, MapsABinaryCloudEventToTheKafkaBinding) {
  post(kCloudEvent, "{\"message\": \"Hello World!\"}");
  spool_.commit();
  auto headers = last_stored()[0].headers;
  std::sort(headers.begin(), headers.end());
  EXPECT_EQ(headers,
            (std::vector<std::string>{"ce_id=1234-1234-1234", "ce_source=/mycontext/subcontext", "ce_specversion=1.0",
                                      "ce_time=2018-04-05T03:56:24Z", "ce_type=com.example.someevent",
                                      "content-type=application/json; charset=utf-8"}));
  EXPECT_EQ(last_stored()[0].value, "{\"message\": \"Hello World!\"}");
  EXPECT_FALSE(last_stored()[0].key);
  Fields keyed = kCloudEvent;
  keyed.emplace_back("ce-partitionkey", "p%207");
  post(keyed, "1");
  spool_.commit();
  EXPECT_EQ(last_stored()[0].key, "p 7");
  keyed.emplace_back("X-Event-Key", "wins");
  post(keyed, "1");
  spool_.commit();
  EXPECT_EQ(last_stored()[0].key, "wins");
}

TEST_F(IngestTest, KeepsExtensionsAndNamedHeadersOfARequest) {
  Fields fields = kCloudEvent;
  fields.emplace_back("CE-ComExampleExtension1", "Euro%20%E2%82%AC");
  fields.emplace_back("X-Event-Header-Tenant", "a%20b");
  fields.emplace_back("X-Event-Header-hf", "not trusted");
  fields.emplace_back("Custom", "not kept");
  post(fields, "1");
  spool_.commit();
  const auto headers = last_stored()[0].headers;
  EXPECT_EQ(headers.size(), 8U);
  EXPECT_EQ(std::count(headers.begin(), headers.end(), "ce_comexampleextension1=Euro \xE2\x82\xAC"), 1);
  EXPECT_EQ(std::count(headers.begin(), headers.end(), "Tenant=a%20b"), 1);
}

TEST_F(IngestTest, KeepsThePropertiesOfAnEventHubsEvent) {
  post_hub({{"Host", "h"}, {"Content-Type", "text/plain"}, {"Alert", "Strong Wind"}, {"hf", "not trusted"}}, "x");
  spool_.commit();
  EXPECT_EQ(last_stored()[0].headers, (std::vector<std::string>{"Alert=Strong Wind", "content-type=text/plain"}));
}

TEST_F(IngestTest, RefusesQueryParametersThatItDoesNotKnow) {
  const auto target = post({}, "1", "partitions=1");
  EXPECT_EQ(status(target), 400);
  EXPECT_NE(answer(target).body.find("partitions"), std::string::npos);
  EXPECT_EQ(spool_.pending(), 0U);
}

// What is part of the event is part of what an Idempotency-Key stands for; the order of header fields is not.
TEST_F(IngestTest, TellsCloudEventsUnderOneIdempotencyKeyApart) {
  Fields fields = kCloudEvent;
  fields.emplace_back("Idempotency-Key", "a");
  post(fields, "1");
  spool_.commit();
  std::reverse(fields.begin(), fields.end());
  EXPECT_EQ(status(post(fields, "1")), 202);
  fields.emplace_back("ce-subject", "another");
  EXPECT_EQ(status(post(fields, "1")), 422);
  fields.back() = {"X-Event-Header-Tenant", "a"};
  EXPECT_EQ(status(post(fields, "1")), 422);
}

TEST_F(IngestTest, RefusesAnIncompleteBinaryCloudEvent) {
  const auto target = post({{"ce-specversion", "1.0"}, {"ce-id", "1"}}, "1");
  EXPECT_EQ(status(target), 400);
  EXPECT_NE(answer(target).body.find("ce-source is missing"), std::string::npos) << answer(target).body;
}

TEST_F(IngestTest, ReadsAStructuredCloudEventFromItsBodyAlone) {
  const auto target = post({{"Content-Type", "application/cloudevents+json"}, {"ce-partitionkey", "header"}},
                           R"({"specversion":"1.0","type":"t","source":"/s","id":"1","partitionkey":"body"})");
  spool_.commit();
  EXPECT_EQ(status(target), 202);
  EXPECT_EQ(last_stored()[0].key, "body");
  EXPECT_EQ(last_stored()[0].headers,
            std::vector<std::string>{"content-type=application/cloudevents+json; charset=UTF-8"});
}

TEST_F(IngestTest, AnswersAsEventHubsDoes) {
  const auto target = post_hub({{"Content-Type", "application/atom+xml;type=entry;charset=utf-8"},
                                {"BrokerProperties", R"({"PartitionKey": "32119834-65f3"})"}},
                               R"({ "DeviceId":"dev-01", "Temperature":"37.0" })", "timeout=60&api-version=2014-01");
  spool_.commit();
  EXPECT_EQ(status(target), 201);
  EXPECT_EQ(answer(target).body, "");
  EXPECT_EQ(answer(target).content_type, "");
  EXPECT_EQ(last_stored()[0].key, "32119834-65f3");
  EXPECT_EQ(status(post_hub({{"BrokerProperties", "{"}}, "x")), 400);
  EXPECT_EQ(status(send(kHub, {"", {}, "x", {{"hub", "other"}}})), 404);
}

TEST_F(IngestTest, TakesTheBatchTypeOfEventHubs) {
  const auto target = post_hub({{"Content-Type", "application/vnd.microsoft.servicebus.json"}},
                               R"([{"Body":"Message1"},{"Body":"Message2","BrokerProperties":{"PartitionKey":"k"}}])");
  spool_.commit();
  EXPECT_EQ(status(target), 201);
  ASSERT_EQ(last_stored().size(), 2U);
  EXPECT_EQ(last_stored()[1].key, "k");
}

TEST_F(IngestTest, TakesTheNamedPartitionOfEventHubs) {
  const auto target = send(kHubPartition, {"", {}, "x", {{"hub", "orders"}, {"partition", "2"}}});
  spool_.commit();
  EXPECT_EQ(status(target), 201);
  EXPECT_EQ(last_stored()[0].partition, 2);
  EXPECT_EQ(status(send(kHubPartition, {"", {}, "x", {{"hub", "orders"}, {"partition", "9"}}})), 400);
}

TEST_F(IngestTest, RepeatsAnEventHubsAnswerByItsIdempotencyKey) {
  post_hub({{"Idempotency-Key", "a"}}, "x");
  spool_.commit();
  EXPECT_EQ(status(post_hub({{"Idempotency-Key", "a"}}, "x")), 201);
  EXPECT_EQ(status(post_hub({{"Idempotency-Key", "a"}}, "y")), 422);
  EXPECT_EQ(spool_.pending(), 0U);
}

}  // namespace
}  // namespace hubferry::ingest
