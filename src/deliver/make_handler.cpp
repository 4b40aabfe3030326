#include <string>
#include <utility>

#include "deliver/command_handler.h"
#include "deliver/discard_handler.h"
#include "deliver/file_handler.h"
#include "deliver/handler.h"
#include "deliver/http_handler.h"
#include "deliver/topic_handler.h"

namespace hubferry::deliver {
namespace {

// A created object as what it implements.
template <class T>
Result<std::unique_ptr<Handler>> as_handler(Result<std::unique_ptr<T>> made) {
  if (!made) return tl::make_unexpected(std::move(made).error());
  return std::unique_ptr<Handler>(std::move(*made));
}

}  // namespace

Result<std::unique_ptr<Handler>> make_handler(const config::ConsumeRoute& route,
                                              const config::KafkaProperties& producer_properties, Answers& answers) {
  switch (route.handler.scheme) {
    case config::HandlerScheme::kFile:
      return as_handler(FileHandler::open(route, answers));
    case config::HandlerScheme::kCommand:
      return as_handler(CommandHandler::create(route, answers));
    case config::HandlerScheme::kTopic:
      return as_handler(TopicHandler::create(route, producer_properties, answers));
    case config::HandlerScheme::kDiscard:
      return std::make_unique<DiscardHandler>(answers);
    case config::HandlerScheme::kHttp:
      break;
  }
  return make_http_handler(route, answers);
}

}  // namespace hubferry::deliver
