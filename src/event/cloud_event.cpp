#include "event/cloud_event.h"

#include <simdjson.h>

#include <algorithm>
#include <iterator>

namespace hubferry::event {
namespace {

constexpr std::string_view kPrefix = "ce_";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char letter = lower(c);
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

// Decodes text[from..] in place.
Status percent_decode(std::string& text, std::size_t from) {
  std::size_t to = from;
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] != '%') {
      text[to++] = text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return fail(ErrorCode::kInvalid, "has a '%' that no two hexadecimal digits follow");
    text[to++] = static_cast<char>(high * 16 + low);
    i += 2;
  }
  text.resize(to);
  return {};
}

// U+0000 to U+001F and U+007F to U+009F, which no attribute may have. `text` is UTF-8.
bool has_control_character(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return true;
    if (byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0) return true;
  }
  return false;
}

}  // namespace

bool valid_attribute_name(std::string_view name) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name != "data" && std::all_of(name.begin(), name.end(), allowed);
}

void append_unquoted(std::string_view text, std::string& out) {
  while (!text.empty()) {
    const std::size_t quote = text.find('"');
    out += text.substr(0, quote);
    if (quote == std::string_view::npos) return;
    text.remove_prefix(quote + 1);
    const std::size_t begin = out.size();
    std::size_t i = 0;
    for (; i < text.size() && text[i] != '"'; ++i) {
      if (text[i] == '\\' && i + 1 < text.size()) ++i;
      out += text[i];
    }
    if (i == text.size()) {
      out.resize(begin);
      out += '"';
      out += text;
      return;
    }
    text.remove_prefix(i + 1);
  }
}

Status append_attribute_value(std::string_view raw, std::string& out) {
  const std::size_t from = out.size();
  append_unquoted(raw, out);
  if (auto decoded = percent_decode(out, from); !decoded) return decoded;
  if (!simdjson::validate_utf8(out.data() + from, out.size() - from)) {
    return fail(ErrorCode::kInvalid, "is not UTF-8 after percent-decoding");
  }
  if (has_control_character(std::string_view(out).substr(from))) {
    return fail(ErrorCode::kInvalid, "has a control character after percent-decoding");
  }
  return {};
}

void BinaryCloudEvent::clear() {
  fields_.clear();
  headers_.clear();
  partition_key_.reset();
}

Status BinaryCloudEvent::finish() {
  std::size_t size = 0;
  for (const Header& field : fields_) size += kPrefix.size() + field.name.size() + field.value->size();
  text_.clear();
  text_.reserve(size);  // the views into it stay
  for (const Header& field : fields_) {
    if (auto decoded = decode(field); !decoded) return decoded;
  }
  partition_key_ = find("ce_partitionkey");
  return check_required();
}

Status BinaryCloudEvent::decode(const Header& field) {
  const auto wrong = [&](const std::string& what) {
    return fail(ErrorCode::kInvalid, "the header ce-" + std::string(field.name) + " " + what);
  };
  const std::size_t name_at = text_.size();
  text_ += kPrefix;
  std::transform(field.name.begin(), field.name.end(), std::back_inserter(text_), lower);
  const std::size_t value_at = text_.size();
  const std::string_view name = std::string_view(text_).substr(name_at, value_at - name_at);
  if (!valid_attribute_name(name.substr(kPrefix.size()))) {
    return wrong("does not name a CloudEvents attribute: only letters and digits may follow \"ce-\", and not \"data\"");
  }
  if (name == "ce_datacontenttype") return wrong("must not be sent: Content-Type stands for it");
  if (find(name)) return wrong("is there twice");
  if (auto value = append_attribute_value(*field.value, text_); !value) return wrong(value.error().message);
  headers_.push_back({name, std::string_view(text_).substr(value_at)});
  return {};
}

Status BinaryCloudEvent::check_required() const {
  for (const std::string_view name : {"ce_specversion", "ce_id", "ce_source", "ce_type"}) {
    const auto value = find(name);
    if (!value || value->empty()) {
      return fail(ErrorCode::kInvalid, "the header ce-" + std::string(name.substr(kPrefix.size())) +
                                           (value ? " is empty" : " is missing") +
                                           "; a CloudEvent has ce-specversion, ce-id, ce-source and ce-type");
    }
  }
  if (const auto version = *find("ce_specversion"); version != "1.0") {
    return fail(ErrorCode::kInvalid, "ce-specversion is \"" + std::string(version) + "\"; only \"1.0\" is understood");
  }
  return {};
}

std::optional<std::string_view> BinaryCloudEvent::find(std::string_view kafka_name) const {
  const auto found =
      std::find_if(headers_.begin(), headers_.end(), [&](const Header& h) { return h.name == kafka_name; });
  return found == headers_.end() ? std::nullopt : found->value;
}

}  // namespace hubferry::event
