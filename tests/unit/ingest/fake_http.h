#pragma once
#include <algorithm>
#include <cctype>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/server.h"
#include "http/url.h"

namespace hubferry::ingest::test {

// One request as the server's session shows it to a handler.
class FakeRequest : public http::Request {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  FakeRequest(std::string query, Fields fields, std::string body, std::map<std::string, std::string> parameters)
      : query_(std::move(query)),
        fields_(std::move(fields)),
        body_(std::move(body)),
        parameters_(std::move(parameters)) {
    body_.reserve(body_.size() + http::kBodyPadding);
  }

  std::string_view method() const override { return "POST"; }
  std::string_view path() const override { return "/"; }
  std::optional<std::string> query(std::string_view name) const override { return http::query_value(query_, name); }
  std::optional<std::string_view> header(std::string_view name) const override {
    const auto same = [](char a, char b) {
      return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
    };
    for (const auto& [field, value] : fields_) {
      if (std::equal(field.begin(), field.end(), name.begin(), name.end(), same)) return value;
    }
    return std::nullopt;
  }
  std::size_t header_count() const override { return fields_.size(); }
  std::pair<std::string_view, std::string_view> header_at(std::size_t index) const override { return fields_[index]; }
  std::string_view query_text() const override { return query_; }
  std::string_view body() const override { return body_; }
  std::string_view parameter(std::string_view name) const override {
    const auto found = parameters_.find(std::string(name));
    return found == parameters_.end() ? std::string_view() : std::string_view(found->second);
  }

 private:
  std::string query_;
  Fields fields_;
  std::string body_;
  std::map<std::string, std::string> parameters_;
};

// Keeps the handlers, for the test to call.
class FakeServer : public http::Server {
 public:
  using http::Server::route;
  void route(std::string, std::string pattern, http::Handler handler, http::Access) override {
    handlers[std::move(pattern)] = std::move(handler);
  }
  Status start() override { return {}; }
  std::uint16_t port() const override { return 0; }
  void reload() override {}
  void shed_connections() override {}
  void stop_accepting() override {}
  void stop(Milliseconds) override {}

  std::map<std::string, http::Handler> handlers;
};

// Where one answer goes.
struct FakeTarget : http::Responder::Target {
  void respond(http::Response given) override { answers.push_back(std::move(given)); }
  std::vector<http::Response> answers;
};

}  // namespace hubferry::ingest::test
