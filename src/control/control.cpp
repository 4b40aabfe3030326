#include "control/control.h"

#include <utility>

#include "control/edge.h"

namespace hubferry::control {

Control::Control(std::unique_ptr<Edge> edge) : edge_(std::move(edge)) {}
Control::~Control() {
  stop();
}

Result<std::unique_ptr<Control>> Control::create(Options options, const std::vector<Route>& routes,
                                                 observe::Metrics& metrics, observe::Health& health) {
  auto edge = std::make_unique<Edge>(std::move(options), routes, metrics, health);
  if (auto opened = edge->open(); !opened) return tl::make_unexpected(opened.error());
  return std::unique_ptr<Control>(new Control(std::move(edge)));
}

void Control::start() {
  thread_ = std::jthread([this] { edge_->run(); });
}

void Control::stop() {
  if (!thread_.joinable()) return;
  edge_->request_stop();
  thread_.join();
}

std::vector<BreakerView> Control::views() const {
  return edge_->views();
}

std::optional<std::string> Control::link_trouble(const std::string& route, const std::string& token) const {
  return edge_->link_trouble(route, token);
}

void Control::command(Command::Kind kind, const std::string& route, const std::string& by, const std::string& text,
                      Answer answer) {
  edge_->command(kind, route, by, text, std::move(answer));
}

}  // namespace hubferry::control
