#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/settings.h"
#include "ctl/clients.h"
#include "ctl/ctl.h"
#include "ctl/options.h"

namespace hubferry::ctl {

// What a command works with.
struct Session {
  const std::vector<std::string>& environment;
  Output& output;
  Input input;
  Clients& clients;
};

// Writes the message and returns kUnusable.
int complain(Output& output, const Error& error);

// The daemon's settings: of the file and of HUBFERRY_... variables. `file` may be empty if variables say enough.
Result<config::Settings> load_settings(const std::string& file, const std::vector<std::string>& environment);

// What commands on a cluster begin with.
struct Desk {
  config::Settings settings;
  Milliseconds timeout{0};  // for each answer
  bool json = false;
  std::unique_ptr<kafka::Admin> admin;
};
// By the options config, timeout and json. Starts logging.
Result<Desk> open_desk(const Options& options, Session& session);

// The consume route that --route names; without it the only one. Errors name the routes there are.
Result<const config::ConsumeRoute*> consume_route(const config::Settings& settings, const Options& options);
// Those of --route, or all.
Result<std::vector<const config::ConsumeRoute*>> consume_routes(const config::Settings& settings,
                                                                const Options& options);

// A desk with the route of consume_route(), which is one of its settings.
struct RouteDesk : Desk {
  const config::ConsumeRoute* route = nullptr;
};
Result<RouteDesk> open_route(const Options& options, Session& session);

// Whether to go on: --yes, or the answer to `question` on a terminal. An error without both.
Result<bool> confirmed(const Options& options, Session& session, const std::string& question);

}  // namespace hubferry::ctl
