#include "produce/produce_road.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "produce/edge.h"

namespace hubferry::produce {

ProduceRoad::ProduceRoad(std::unique_ptr<Edge> edge) : edge_(std::move(edge)) {}
ProduceRoad::~ProduceRoad() {
  stop();
}

Result<std::unique_ptr<ProduceRoad>> ProduceRoad::create(const config::ProduceRoute& route,
                                                         const Connections& connections, spool::Spool& spool,
                                                         spool::Feedback& feedback, observe::Metrics& metrics,
                                                         observe::Health& health) {
  auto edge = std::make_unique<Edge>(route, connections, spool, feedback, metrics, health);
  if (auto created = edge->create_producer(); !created) return tl::make_unexpected(created.error());
  return std::unique_ptr<ProduceRoad>(new ProduceRoad(std::move(edge)));
}

void ProduceRoad::start() {
  thread_ = std::jthread([this] { edge_->run(); });
}

void ProduceRoad::request_drain(Instant deadline) {
  edge_->request_drain(deadline);
}

void ProduceRoad::stop() {
  if (!thread_.joinable()) return;
  edge_->request_drain(SteadyClock::now());
  thread_.join();
  if (const std::uint64_t left = edge_->left(); left != 0) {
    spdlog::warn("route {}: stopped with {} events in the spool; the next start sends them", edge_->name(), left);
  }
}

}  // namespace hubferry::produce
