#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "config/load.h"

namespace hubferry::config {

// Loads from a file with the given text, a command line and an environment; owns the file.
class Loading : public testing::Test {
 protected:
  static constexpr const char* kProduce = "[kafka]\nbootstrap.servers = k:9092\n[produce.orders]\ntopic = orders\n";
  static constexpr const char* kConsume =
      "[consume.billing]\ntopic = orders\ngroup = billing\nhandler = http://127.0.0.1:9000/events\n";
  static constexpr const char* kKey = "c2VjcmV0LWtleS1vZi10aGUtdGVzdA==";
  static constexpr const char* kBroker = "--kafka.bootstrap.servers=k:9092";
  static constexpr const char* kRoute = "--produce.orders.topic=orders";

  Loading() {
    std::string name = std::filesystem::temp_directory_path() / "hubferry-config-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~Loading() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  std::string write(const std::string& name, const std::string& text, mode_t mode = 0600) const {
    const std::string path = folder_ / name;
    std::ofstream(path, std::ios::binary) << text;
    ::chmod(path.c_str(), mode);
    return path;
  }

  std::string conf() const { return folder_ / "hubferry.conf"; }

  Result<Invocation> load_file(const std::string& text, std::vector<std::string> arguments = {},
                               const std::vector<std::string>& environment = {}) const {
    write("hubferry.conf", text);
    arguments.insert(arguments.begin(), {"--config", conf()});
    return load(arguments, environment);
  }

  // The settings; a failure of the test if there are none.
  Settings good(const std::string& text, const std::vector<std::string>& arguments = {},
                const std::vector<std::string>& environment = {}) const {
    return settings_of(load_file(text, arguments, environment));
  }
  static Settings settings_of(const Result<Invocation>& result) {
    EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().message);
    return result ? result->settings : Settings();
  }

  // The message; a failure of the test if it was accepted.
  std::string bad(const std::string& text, const std::vector<std::string>& arguments = {},
                  const std::vector<std::string>& environment = {}) const {
    return message_of(load_file(text, arguments, environment));
  }
  static std::string message_of(const Result<Invocation>& result) {
    EXPECT_FALSE(result.has_value()) << "accepted";
    return result ? std::string() : result.error().message;
  }
  static std::string bad_arguments(const std::vector<std::string>& arguments) {
    return message_of(load(arguments, {}));
  }

  static std::string connection_string(const std::string& host = "ns.servicebus.windows.net") {
    return "Endpoint=sb://" + host + "/;SharedAccessKeyName=send;SharedAccessKey=" + kKey;
  }
  static std::string connection_variable(const std::string& text = connection_string()) {
    return "HUBFERRY_EVENT_HUBS_CONNECTION_STRING=" + text;
  }

  std::filesystem::path folder_;
};

}  // namespace hubferry::config
