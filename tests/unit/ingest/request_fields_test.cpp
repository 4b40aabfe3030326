#include "ingest/request_fields.h"

#include <gtest/gtest.h>

#include <string>

namespace hubferry::ingest {
namespace {

using Form = RequestFields::Form;

std::string text(const std::vector<event::Header>& headers) {
  std::string text;
  for (const auto& h : headers) text += std::string(h.name) + "=" + std::string(h.value.value_or("(none)")) + ";";
  return text;
}

TEST(RequestFields, FindsTheNativeFieldsInAnyCase) {
  RequestFields fields;
  fields.begin(Form::kNative);
  for (const auto& [name, value] :
       std::initializer_list<std::pair<std::string_view, std::string_view>>{{"Host", "h"},
                                                                            {"CONTENT-TYPE", "text/plain"},
                                                                            {"x-event-key", "k"},
                                                                            {"Idempotency-key", "i"},
                                                                            {"X-Event-Header-Trace", "t"},
                                                                            {"x-event-header-", "no name"},
                                                                            {"Ce-Id", "1"},
                                                                            {"CE-customExtension", "2"},
                                                                            {"Custom", "not in the native form"},
                                                                            {"BrokerProperties", "{}"},
                                                                            {"Content-Type", "second"}}) {
    fields.add(name, value);
  }
  EXPECT_EQ(fields.content_type(), "text/plain");
  EXPECT_EQ(fields.event_key(), "k");
  EXPECT_EQ(fields.idempotency_key(), "i");
  EXPECT_EQ(fields.broker_properties(), std::nullopt);
  EXPECT_EQ(text(fields.headers()), "Trace=t;");
  EXPECT_EQ(text(fields.properties()), "");
  EXPECT_FALSE(fields.cloud_event().empty());
  const auto finished = fields.cloud_event().finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(text(fields.cloud_event().headers()), "ce_id=1;ce_customextension=2;");
  fields.begin(Form::kNative);
  EXPECT_TRUE(fields.cloud_event().empty());
  EXPECT_EQ(fields.content_type(), "");
  EXPECT_EQ(fields.event_key(), std::nullopt);
  EXPECT_EQ(text(fields.headers()), "");
}

// The names of the REST reference of Event Hubs' "Send event", and what clients and proxies add.
TEST(RequestFields, TakesWhatIsNotHttpsOwnForAPropertyOfAnEventHubsEvent) {
  RequestFields fields;
  fields.begin(Form::kEventHubs);
  for (const char* name :
       {"Authorization", "Content-Type", "Host", "Content-Length", "User-Agent", "Accept", "Accept-Encoding",
        "Connection", "Expect", "Transfer-Encoding", "traceparent", "X-Request-Id", "x-ms-retrypolicy",
        "X-Forwarded-For", "Idempotency-Key", "X-Event-Key", "Cookie", "Via", "Date"}) {
    fields.add(name, "v");
  }
  EXPECT_EQ(text(fields.properties()), "");
  fields.add("BrokerProperties", "{\"PartitionKey\":\"p\"}");
  fields.add("Alert", "Strong Wind");
  fields.add("Quoted", "\"Strong \\\"Wind\\\"\"");
  fields.add("Empty", "\"\"");
  fields.add("Half", "\"x");
  fields.add("x-custom", "1");
  fields.add("ce-id", "1");
  fields.add("X-Event-Header-Name", "named");
  EXPECT_EQ(text(fields.properties()), "Alert=Strong Wind;Quoted=Strong \"Wind\";Empty=;Half=\"x;x-custom=1;ce-id=1;");
  EXPECT_EQ(text(fields.headers()), "Name=named;");
  EXPECT_EQ(fields.broker_properties(), "{\"PartitionKey\":\"p\"}");
  EXPECT_TRUE(fields.cloud_event().empty());
}

}  // namespace
}  // namespace hubferry::ingest
