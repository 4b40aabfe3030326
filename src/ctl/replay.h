#pragma once
#include "ctl/command.h"

namespace hubferry::ctl {

// The command dead-letter replay.
int dead_letter_replay(const Options& options, Session& session);

}  // namespace hubferry::ctl
