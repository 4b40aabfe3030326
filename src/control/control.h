#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/circuit.h"
#include "base/result.h"
#include "config/settings.h"
#include "control/member.h"
#include "observe/health.h"
#include "observe/metrics.h"

namespace hubferry::control {

// One breaker as people see it.
struct BreakerView {
  std::string route;
  bool shared = true;  // of all instances; else of this one only
  Breaker state;
  std::uint64_t failures = 0;  // within the window
  std::size_t alive = 1;       // instances
  std::int64_t now_ms = 0;     // the log's time
  std::string trouble;         // why the state may be old, or is not known; empty: it is as it says
};

// The circuit breakers of this instance's consume routes. With a control topic they are those of all instances;
// besides, each route has a breaker of this instance's own, which counts while the topic cannot be used, and when a
// quorum is asked for and only this instance sees failures. Without a topic there is only that.
//
// One thread ("control") owns the log, the members and the notifier.
class Control {
 public:
  struct Route {
    std::string name;
    std::string group;
    config::BreakerRules rules;
    Circuit* circuit = nullptr;  // must outlive the Control
  };
  struct Options {
    config::ControlSettings control;
    config::NotifySettings notify;  // with the public_url that links begin with
    config::KafkaProperties consumer_properties;
    config::KafkaProperties producer_properties;
    bool any_times = false;  // the embedded broker keeps the producers' times
  };
  // Why a command was not carried out; nothing: it was.
  using Answer = std::function<void(std::optional<std::string> trouble)>;

  // Errors name what to mend. Does not need the brokers.
  static Result<std::unique_ptr<Control>> create(Options options, const std::vector<Route>& routes,
                                                 observe::Metrics& metrics, observe::Health& health);
  ~Control();

  void start();
  // Waits until the thread ended; commands under way are answered.
  void stop();

  // Any thread. Of each route the breaker that counts: this instance's own while that is not closed, else the shared
  // one.
  std::vector<BreakerView> views() const;
  // Why a link would not resume the route now; nothing: it would.
  std::optional<std::string> link_trouble(const std::string& route, const std::string& token) const;

  // Any thread; `answer` is called once, on the control thread, when the log has it, or after about 15 s. For
  // kResumeByLink `text` is the link's token, for kOpen the reason.
  void command(Command::Kind kind, const std::string& route, const std::string& by, const std::string& text,
               Answer answer);

 private:
  class Edge;
  explicit Control(std::unique_ptr<Edge> edge);

  std::unique_ptr<Edge> edge_;
  std::jthread thread_;
};

}  // namespace hubferry::control
