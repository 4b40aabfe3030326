#include "control/notice_text.h"

#include <spdlog/fmt/fmt.h>

#include <boost/json.hpp>

#include "base/human_text.h"

namespace hubferry::control {
namespace {

std::string who_stopped(const NoticeContext& context) {
  return context.shared ? "All instances have stopped delivering."
                        : "Instance " + context.instance + " has stopped delivering; the others go on.";
}

}  // namespace

std::string resume_link(const NoticeContext& context, const std::string& token) {
  return context.public_url + "/breaker/" + context.route + "/resume?token=" + token;
}

std::string cloud_event(const Notice& notice, const NoticeContext& context) {
  boost::json::array reasons;
  for (const auto& [text, count] : notice.state.reasons) {
    reasons.push_back(boost::json::object{{"reason", text}, {"count", count}});
  }
  boost::json::object data{{"route", context.route},
                           {"group", context.group},
                           {"state", notice.state.state_name()},
                           {"scope", context.shared ? "all instances" : "one instance"},
                           {"instance", context.instance},
                           {"generation", notice.generation},
                           {"incident", notice.state.incident},
                           {"failed_probes", notice.state.failed_probes},
                           {"reason", notice.state.reason},
                           {"errors", std::move(reasons)},
                           {"opened", time_text(notice.state.since_ms)},
                           {"resume_link", resume_link(context, notice.token)},
                           {"link_valid_until", time_text(notice.log_ms + context.link_valid_for.count())}};
  if (notice.state.lag >= 0) data["lag_events"] = notice.state.lag;
  const boost::json::object event{
      {"specversion", "1.0"},
      {"id", fmt::format("{}/{}/{}", notice.breaker, notice.generation, notice.state.since_ms)},
      {"source", "/hubferry/" + context.group},
      {"type", "io.hubferry.breaker.opened"},
      {"subject", context.route},
      {"time", time_text(notice.state.since_ms)},
      {"datacontenttype", "application/json"},
      {"data", std::move(data)}};
  return boost::json::serialize(event);
}

std::string mail_subject(const Notice& notice, const NoticeContext& context) {
  return fmt::format("HubFerry stopped route {}: {}", context.route, notice.state.reason);
}

std::string mail_text(const Notice& notice, const NoticeContext& context) {
  std::string text = fmt::format(
      "The circuit breaker of the consume route {} (group {}) is open since {}.\n"
      "Reason: {}\n\n"
      "{} No event is lost: what failed is not committed,\n"
      "and delivery goes on from the checkpoint, in order.\n",
      context.route, context.group, time_text(notice.state.since_ms), notice.state.reason, who_stopped(context));
  if (!notice.state.reasons.empty()) text += "\nWhat the handler answered:\n";
  for (const auto& [reason, count] : notice.state.reasons) text += fmt::format("  {} times: {}\n", count, reason);
  if (notice.state.lag >= 0) text += fmt::format("\nEvents that wait: {} or more\n", notice.state.lag);
  if (notice.state.failed_probes != 0) {
    text += fmt::format("\nAttempts to go on that failed: {}\n", notice.state.failed_probes);
  }
  text += fmt::format(
      "\nWhen the handler works again, resume here (asks once more; valid until {}, once):\n  {}\n"
      "A few events are tried first; if they fail, the breaker opens again and you get another mail.\n",
      time_text(notice.log_ms + context.link_valid_for.count()), resume_link(context, notice.token));
  return text;
}

}  // namespace hubferry::control
