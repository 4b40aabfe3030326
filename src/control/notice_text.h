#pragma once
#include <string>

#include "control/member.h"

namespace hubferry::control {

// What the texts need besides the notice.
struct NoticeContext {
  std::string route;
  std::string group;
  std::string instance;    // that tells
  std::string public_url;  // links begin with it
  bool shared = true;      // the breaker of all instances; else of this one only
  Milliseconds link_valid_for{0};
};

// PUBLIC_URL/breaker/ROUTE/resume?token=TOKEN
std::string resume_link(const NoticeContext& context, const std::string& token);

// A CloudEvent 1.0 in the JSON format: type io.hubferry.breaker.opened; the same id for every attempt of one opening.
std::string cloud_event(const Notice& notice, const NoticeContext& context);

std::string mail_subject(const Notice& notice, const NoticeContext& context);
std::string mail_text(const Notice& notice, const NoticeContext& context);

}  // namespace hubferry::control
