#include "ingest/media_type.h"

#include <algorithm>

namespace hubferry::ingest {
namespace {

constexpr std::string_view kCloudEvents = "application/cloudevents";
constexpr std::string_view kCloudEventsBatch = "application/cloudevents-batch";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// "Application/JSON; charset=utf-8" -> "Application/JSON"
std::string_view media_type(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  return type;
}

bool ends_with_name(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() && same_name(text.substr(text.size() - suffix.size()), suffix);
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

bool starts_with_name(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && same_name(text.substr(0, prefix.size()), prefix);
}

Shape shape_of(std::string_view content_type) {
  const std::string_view type = media_type(content_type);
  if (type.empty() || same_name(type, "application/json")) return Shape::kJson;
  const bool json = ends_with_name(type, "+json");
  if (starts_with_name(type, kCloudEventsBatch)) return json ? Shape::kCloudEventBatch : Shape::kForeignBatch;
  if (starts_with_name(type, kCloudEvents)) return json ? Shape::kCloudEvent : Shape::kForeignCloudEvent;
  if (json) return Shape::kJson;
  if (same_name(type, "application/x-ndjson") || same_name(type, "application/jsonl")) return Shape::kLines;
  return Shape::kBytes;
}

bool is_service_bus_batch(std::string_view content_type) {
  return same_name(media_type(content_type), "application/vnd.microsoft.servicebus.json");
}

}  // namespace hubferry::ingest
