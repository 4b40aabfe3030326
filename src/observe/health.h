#pragma once
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace hubferry::observe {

// What the daemon's parts say of themselves. Thread-safe.
class Health {
 public:
  enum class State {
    kReady,
    kDegraded,  // works, but an operator should look: does not turn readiness red
    kNotReady,  // new work should go elsewhere
  };
  struct Part {
    State state = State::kNotReady;
    std::string reason;  // one line; empty when ready
  };

  void set(const std::string& part, State state, std::string reason = {});
  void remove(const std::string& part);

  // True unless a part is kNotReady.
  bool ready() const;
  std::vector<std::pair<std::string, Part>> parts() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Part> parts_;
};

}  // namespace hubferry::observe
