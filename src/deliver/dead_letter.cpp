#include "deliver/dead_letter.h"

#include <algorithm>
#include <array>
#include <random>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "deliver/dead_letter_headers.h"
#include "deliver/topic_writer.h"

namespace hubferry::deliver {
namespace {

class Writer final : public DeadLetterWriter {
 public:
  Writer(const config::ConsumeRoute& route, std::unique_ptr<TopicWriter> writer)
      : route_(route.name), group_(route.group), random_(random_id()), writer_(std::move(writer)) {}

  void write(DeadLetter letter) override {
    std::vector<Outgoing> one;
    one.push_back(dead_letter_event(std::move(letter), route_, group_, wall_clock_ms(), random_()));
    writer_->write(std::move(one));
  }

 private:
  const std::string route_;
  const std::string group_;
  std::mt19937_64 random_;
  std::unique_ptr<TopicWriter> writer_;
};

Status answer_of(const std::string& topic, const Status& status) {
  if (status || status.error().code != ErrorCode::kNotFound) return status;
  return fail(ErrorCode::kNotFound,
              "there is no dead-letter topic " + topic + "; create it, for example with hubferryctl topics create");
}

}  // namespace

Result<std::unique_ptr<DeadLetterWriter>> DeadLetterWriter::create(const config::ConsumeRoute& route,
                                                                   const config::KafkaProperties& producer_properties,
                                                                   DeadLetterAnswers& answers) {
  auto writer =
      TopicWriter::create({"route " + route.name + ", dead letters to " + route.dead_letter, route.dead_letter,
                           producer_properties, route.handler.timeout, route.retry_initial, route.retry_max},
                          [&answers, topic = route.dead_letter](const WorkId& id, const Status& status) {
                            answers.dead_letter_written(id, answer_of(topic, status));
                          });
  if (!writer) return tl::make_unexpected(std::move(writer).error());
  return std::make_unique<Writer>(route, std::move(*writer));
}

}  // namespace hubferry::deliver
