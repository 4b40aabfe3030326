#include "consume/consume_road.h"

#include <utility>

#include "consume/edge.h"

namespace hubferry::consume {

ConsumeRoad::ConsumeRoad(std::unique_ptr<Edge> edge) : edge_(std::move(edge)) {}
ConsumeRoad::~ConsumeRoad() {
  stop();
}

Result<std::unique_ptr<ConsumeRoad>> ConsumeRoad::create(const config::ConsumeRoute& route,
                                                         const Connections& connections, Circuit* circuit,
                                                         observe::Metrics& metrics, observe::Health& health) {
  auto edge = std::make_unique<Edge>(route, connections, circuit, metrics, health);
  if (auto opened = edge->open(); !opened) return tl::make_unexpected(opened.error());
  health.set("consume." + route.name, observe::Health::State::kDegraded, "starting");
  return std::unique_ptr<ConsumeRoad>(new ConsumeRoad(std::move(edge)));
}

const std::string& ConsumeRoad::name() const {
  return edge_->name();
}

void ConsumeRoad::start() {
  thread_ = std::jthread([this] { edge_->run(); });
}

void ConsumeRoad::pause() {
  edge_->set_paused(true);
}

void ConsumeRoad::resume() {
  edge_->set_paused(false);
}

bool ConsumeRoad::paused() const {
  return edge_->paused();
}

void ConsumeRoad::request_stop(Instant deadline) {
  edge_->request_stop(deadline);
}

void ConsumeRoad::stop() {
  if (!thread_.joinable()) return;
  edge_->request_stop(SteadyClock::now());
  thread_.join();
}

}  // namespace hubferry::consume
