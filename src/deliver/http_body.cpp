#include "deliver/http_body.h"

#include "deliver/event_facts.h"
#include "deliver/event_line.h"

namespace hubferry::deliver {
namespace {

constexpr std::size_t kAroundAnEvent = 384;  // bytes of JSON besides key and value, about

}  // namespace

std::string BatchBody::part(std::size_t from, std::size_t to) const {
  const std::size_t begin = begins_[from];
  const std::size_t end = to < begins_.size() ? begins_[to] : text_.size();
  if (!array_) return text_.substr(begin, end - begin);
  // Behind the last event stands a comma or the array's end.
  return '[' + text_.substr(begin, end - 1 - begin) + ']';
}

BatchBody BatchWriter::write(const std::vector<Delivery>& deliveries) {
  BatchBody body;
  body.array_ = format_ != config::HttpFormat::kNdjson;
  std::size_t bytes = 2;
  for (const Delivery& delivery : deliveries) {
    const event::Record& record = *delivery.record;
    bytes += kAroundAnEvent + record.key.value_or("").size() + record.value.value_or("").size();
  }
  body.text_.reserve(bytes);
  body.begins_.reserve(deliveries.size());
  if (body.array_) body.text_ += '[';
  for (const Delivery& delivery : deliveries) {
    body.begins_.push_back(body.text_.size());
    if (format_ == config::HttpFormat::kCloudEvents) {
      append_structured_event(delivery, names_, json_, body.text_);
    } else {
      append_envelope(delivery, body.text_);
    }
    body.text_ += body.array_ ? ',' : '\n';
  }
  if (body.array_) body.text_.back() = ']';
  return body;
}

void BatchWriter::append_envelope(const Delivery& delivery, std::string& to) {
  const event::Record& record = *delivery.record;
  const EventFacts facts = facts_of(record);
  to += '{';
  append_delivery_members(delivery, facts, to);
  to += ',';
  append_place_members(record, to);
  append_header_member(record, to);
  append_event_members(record, facts, record.value && json_.valid(*record.value), to);
  to += '}';
}

}  // namespace hubferry::deliver
