// Command line of the bare programs: --name value, and librdkafka's properties as property=value.
#pragma once
#include <cstdlib>
#include <initializer_list>
#include <iostream>
#include <map>
#include <string>

#include "config/client_defaults.h"
#include "config/kafka_properties.h"

namespace bare {

using Properties = std::map<std::string, std::string>;

[[noreturn]] inline void die(const std::string& what) {
  std::cerr << what << '\n';
  std::_Exit(1);
}

// What hubferryd gives its producers, so that only the code around librdkafka differs.
inline Properties producer_defaults() {
  Properties result{{"enable.idempotence", "true"}, {"acks", "all"}};
  for (const auto& known : hubferry::config::client_defaults()) {
    if (hubferry::config::client_kind(known.property) == hubferry::config::ClientKind::kConsumer) continue;
    result.emplace(known.property, known.value);
  }
  return result;
}

// The same for consumers; the program commits what it has stored, once a second.
inline Properties consumer_defaults() {
  Properties result{{"auto.offset.reset", "earliest"},
                    {"enable.auto.offset.store", "false"},
                    {"auto.commit.interval.ms", "1000"},
                    {"partition.assignment.strategy", "cooperative-sticky"}};
  for (const auto& known : hubferry::config::client_defaults()) {
    if (hubferry::config::client_kind(known.property) == hubferry::config::ClientKind::kProducer) continue;
    result.emplace(known.property, known.value);
  }
  return result;
}

struct CommandLine {
  std::map<std::string, std::string> options;
  Properties properties;

  CommandLine(int argc, char** argv, Properties defaults, std::initializer_list<const char*> required)
      : properties(std::move(defaults)) {
    for (int i = 1; i < argc; ++i) {
      const std::string word = argv[i];
      if (word.starts_with("--") && i + 1 < argc) {
        options[word] = argv[++i];
      } else if (const auto equals = word.find('='); equals != std::string::npos) {
        properties[word.substr(0, equals)] = word.substr(equals + 1);
      } else {
        die("what is " + word + "?");
      }
    }
    for (const char* name : required) {
      if (!options.contains(name)) die(std::string(name) + " is missing");
    }
  }
  std::string& operator[](const char* name) { return options[name]; }
};

}  // namespace bare
