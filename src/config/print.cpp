#include "config/print.h"

#include <algorithm>

#include "config/client_defaults.h"
#include "config/schema.h"

namespace hubferry::config {
namespace {

constexpr const char* kIntroduction =
    "hubferryd " HUBFERRY_VERSION
    R"( carries events to and from Azure Event Hubs, or any Kafka cluster, and loses none.

Usage: hubferryd [--config FILE] [--check] [--print-config] [--embedded-broker] [--help] [--version]
                 [--SECTION.KEY=VALUE ...]

  --config FILE        read this INI file; also HUBFERRY_CONFIG in the environment
  --check              check the configuration, then end
  --print-config       show the effective configuration with the source of every value, then end
  --embedded-broker    run a Kafka broker in this process's memory, to try HubFerry out
  --help, --version    show this text, the version

A setting is SECTION.KEY: --ingest.listen=VALUE on the command line, HUBFERRY_INGEST_LISTEN in the environment
(capital letters, _ for . and -), [ingest] and listen = VALUE in the file. The first that has it wins, in this order.
Durations are 500ms, 30s, 5m, 1h; sizes are bytes or 64KiB, 16MiB, 10GiB (powers of 1024), 64KB, 16MB (of 1000).
A comment starts with # or ; at the start of a line or behind white space. NAME is of a-z, 0-9 and -.
)";

// What a line `key = value` would not give back.
bool file_can_hold(std::string_view value) {
  if (value != trimmed(value)) return false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (static_cast<unsigned char>(value[i]) < 0x20 || value[i] == 0x7F) return false;
    const bool mark = value[i] == '#' || value[i] == ';';
    if (mark && (i == 0 || value[i - 1] == ' ')) return false;
  }
  return true;
}

void add_line(std::string& text, const Assignment& assignment, const std::string& name) {
  const bool secret = is_secret(assignment.key);
  const std::string value = shown_whole(assignment.value, secret);
  text += "# " + assignment.origin.text + "\n";
  if (value != assignment.value || !file_can_hold(value)) text += "# ";
  text += name + (value.empty() ? " =" : " = ") + value + "\n";
}

std::string key_help(const Key& key) {
  std::string text = "  " + std::string(key.name);
  if (key.use == Use::kRequired) {
    text += " (required)";
  } else if (!key.default_value.empty()) {
    text += " = " + std::string(key.default_value);
  }
  if (!key.choices.empty()) text += "   (" + std::string(key.choices) + ")";
  if (key.range.max != 0) text += "   (" + range_text(key.kind, key.range) + ")";
  return text + "\n      " + std::string(key.description) + "\n";
}

}  // namespace

std::string help_text() {
  std::string text = kIntroduction;
  std::string_view section;
  for (const Key& key : schema()) {
    if (key.section != section) {
      section = key.section;
      std::string title(section);
      if (title.ends_with('*')) title.replace(title.size() - 1, 1, "NAME");
      text += "\n[" + title + "]\n";
    }
    text += key_help(key);
  }
  text +=
      "\n[kafka]\n  PROPERTY\n      Any property of librdkafka, for producers and consumers alike; bootstrap.servers "
      "is required "
      "without Event\n      Hubs or embedded broker. Properties the daemon depends on are refused. Its own defaults:\n";
  for (const ClientDefault& row : client_defaults()) {
    text +=
        "  " + std::string(row.property) + " = " + std::string(row.value) + "\n      " + std::string(row.reason) + "\n";
  }
  return text;
}

std::string config_text(const std::vector<Assignment>& assignments, const ClientProperties& properties) {
  std::string text;
  std::string section;
  for (const Assignment& assignment : assignments) {
    const bool family = assignment.key.starts_with("produce.") || assignment.key.starts_with("consume.");
    const auto first = assignment.key.find('.');
    const auto dot = family ? assignment.key.find('.', first + 1) : first;
    if (assignment.key.substr(0, dot) != section) {
      section = assignment.key.substr(0, dot);
      text += (text.empty() ? "[" : "\n[") + section + "]\n";
    }
    add_line(text, assignment, assignment.key.substr(dot + 1));
  }
  text += "\n[kafka]\n";
  for (const auto& [property, assignment] : properties) add_line(text, assignment, property);
  return text;
}

}  // namespace hubferry::config
