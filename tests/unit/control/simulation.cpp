#include "simulation.h"

#include <algorithm>

namespace hubferry::control {
namespace {

constexpr const char* kBreaker = "billing";
constexpr Milliseconds kStep{250};
constexpr Milliseconds kLinkValid{120'000};
constexpr Milliseconds kSnapshots{40'000};
// From a final failure until its tally is in the log, with everything that can go wrong on the way.
constexpr Milliseconds kSlack{60'000};

// From many failures at once until the breaker is open, when nothing but lost appends is in the way.
constexpr Milliseconds kOpensWithin{30'000};
constexpr Milliseconds kAtOnce{8'000};

// Stands for a SHA-256.
std::string hash_of(const std::string& secret) {
  return std::string(64 - secret.size(), '0') + secret;
}

}  // namespace

Simulation::Simulation(std::uint64_t seed) : seed_(seed), random_(seed) {
  rules_.threshold = static_cast<std::uint32_t>(5 + dice(100));
  rules_.consecutive = dice(2) == 0 ? 0 : static_cast<std::uint32_t>(10 + dice(20));
  rules_.unavailable_for = Milliseconds(dice(2) == 0 ? 0 : 20'000);
  rules_.probe_events = static_cast<std::uint32_t>(1 + dice(4));
  rules_.cool_down = Milliseconds(dice(3) == 0 ? 15'000 : 0);
  instances_.resize(1 + dice(4));
  rules_.quorum = static_cast<std::uint32_t>(1 + dice(3));
  one_bad_ = instances_.size() >= 3 && rules_.quorum >= 2 && dice(2) == 0;
  calm_from_ = now_ + std::chrono::seconds(120 + dice(120));
  end_ = calm_from_ + std::chrono::seconds(600);
  reference_.begin(0);
  for (std::size_t i = 0; i < instances_.size(); ++i) {
    instances_[i].name = "pod-" + std::to_string(i);
    start(instances_[i]);
  }
}

void Simulation::broken(const std::string& why) {
  if (!failure_.empty()) return;
  failure_ = "seed " + std::to_string(seed_) + ", after " +
             std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now_ - start_).count()) + " s: " + why;
}

bool Simulation::run() {
  while (failure_.empty() && now_ < end_) {
    step();
    const bool settled = std::all_of(instances_.begin(), instances_.end(), [this](const Instance& each) {
      const auto permit = each.up ? each.member->permit(kBreaker) : std::nullopt;
      return permit && permit->kind == Permit::Kind::kClosed && each.finals == each.dead &&
             each.position == next_offset_;
    });
    if (quiet() && settled) return failure_.empty();
  }
  if (failure_.empty()) broken("the breaker does not close, or events wait for ever to die");
  return false;
}

void Simulation::step() {
  now_ += kStep;
  if (!quiet() && dice(80) == 0) {
    handler_up_ = !handler_up_;
    handler_refuses_ = dice(3) == 0;
  }
  if (quiet()) handler_up_ = true;
  if (!quiet() && dice(400) == 0) cut_log();
  if (!quiet() && dice(1'500) == 0) recreate_log();
  people();
  check_opens();
  for (Instance& instance : instances_) {
    disturb(instance);
    if (!instance.up) continue;
    arrive(instance);
    if (now_ < instance.stands_until) continue;
    read(instance);
    work(instance);
    tell(instance);
    append(instance);
    if (!failure_.empty()) return;
  }
}

void Simulation::start(Instance& instance) {
  instance.up = true;
  instance.incarnation = random_();
  Member::Options options;
  options.instance = instance.name;
  options.incarnation = instance.incarnation;
  options.notifies = true;
  options.link_valid_for = kLinkValid;
  options.snapshot_interval = kSnapshots;
  options.seed = random_();
  options.new_token = [this] {
    const std::string number = std::to_string(++tokens_);
    return Token{number, hash_of(number)};
  };
  instance.member = std::make_unique<Member>(options, std::map<std::string, config::BreakerRules>{{kBreaker, rules_}});
  instance.lineage = lineage_;
  instance.position = log_.empty() ? next_offset_ : log_.front().offset;
  instance.member->begin(instance.position, now_);
  instance.finals = instance.dead = 0;
  instance.probe_generation = 0;
  instance.telling.reset();
  instance.tickets.clear();
}

void Simulation::crash(Instance& instance) {
  ++crashes_;
  instance.up = false;
  instance.back_at = now_ + Milliseconds(1'000 + dice(40'000));
  disturbed_ = std::max(disturbed_, instance.back_at);
  // What is on the network may still arrive.
  if (dice(2) == 0) instance.appends.clear();
}

void Simulation::disturb(Instance& instance) {
  if (!instance.up) {
    while (!instance.appends.empty() && instance.appends.front().arrives <= now_) {
      if (instance.appends.front().stored) store(instance.appends.front().text);
      instance.appends.pop_front();
    }
    if (now_ >= instance.back_at) start(instance);
    return;
  }
  if (quiet()) return;
  if (dice(600) == 0) return crash(instance);
  if (dice(600) == 0) {
    instance.stands_until = now_ + Milliseconds(dice(90'000));
    disturbed_ = std::max(disturbed_, instance.stands_until);
  }
}

std::int64_t Simulation::broker_time() {
  const auto time = std::chrono::duration_cast<Milliseconds>(now_ - start_).count() + 1'000'000;
  return dice(10) == 0 ? time - static_cast<std::int64_t>(dice(2'000)) : time;
}

void Simulation::store(const std::string& text) {
  const auto record = decode(text);
  if (!record) return broken("a record cannot be read: " + record.error().message + ": " + text);
  log_.push_back({next_offset_++, broker_time(), text});
  const Breaker* found = reference_.breaker(kBreaker);
  const Breaker before = found == nullptr ? Breaker() : *found;
  const Applied applied = reference_.apply(log_.back().offset, log_.back().timestamp_ms, *record);
  judge(*record, applied, before);
}

// What may never happen, whatever was written.
void Simulation::judge(const Record& record, const Applied& applied, const Breaker& before) {
  const Breaker* after = reference_.breaker(kBreaker);
  if (after == nullptr) return;
  if (before.state == Breaker::State::kClosed && after->state == Breaker::State::kOpen) {
    ++openings_;
    const auto* tally = std::get_if<Tally>(&record.body);
    if (tally == nullptr && !std::holds_alternative<Open>(record.body)) broken("it opened without a tally");
    const auto within =
        static_cast<std::uint64_t>(std::count_if(true_failures_.begin(), true_failures_.end(), [this](Instant each) {
          return each >= now_ - rules_.window - kSlack;
        }));
    const bool by_unavailable = after->reason.find("not available") != std::string::npos;
    const bool by_run = after->reason.find("in a row") != std::string::npos;
    if (tally != nullptr && !by_unavailable) {
      if (!by_run && within <= rules_.threshold) broken("it opened after too few failures");
      if (by_run && true_failures_.size() < rules_.consecutive) broken("it opened after too short a run");
    }
    if (one_bad_ && tally != nullptr && disturbed_ + Fold::kLease + kSlack < now_) {
      broken("one bad instance opened it for all: " + after->reason);
    }
  }
  if (after->state != Breaker::State::kClosed) true_failures_.clear();
  if (before.state != Breaker::State::kHalfOpen && after->state == Breaker::State::kHalfOpen) {
    ++resumes_;
    const auto* resume = std::get_if<Resume>(&record.body);
    if (resume == nullptr) return broken("it is tried, and nobody resumed it");
    if (resume->way == Resume::Way::kLink) {
      const auto link =
          std::find_if(links_.begin(), links_.end(), [&](const Link& each) { return each.hash == resume->token_hash; });
      if (link == links_.end()) return broken("a forged link resumed");
      if (link->lineage != lineage_ || link->generation != after->generation) {
        broken("a link of another opening resumed");
      }
      if (link->used) broken("a link resumed twice");
      if (link->expires + kSlack < now_) broken("an expired link resumed");
      link->used = true;
    }
  }
  if (before.prober && after->prober && before.prober->incarnation != after->prober->incarnation &&
      before.generation == after->generation) {
    if (disturbed_ + Fold::kLease + kSlack < now_) broken("two instances try the handler");
  }
  if (applied.fate == Applied::Fate::kRepeated && !(before == *after)) broken("a repetition changed something");
}

void Simulation::arrive(Instance& instance) {
  while (!instance.appends.empty() && instance.appends.front().arrives <= now_) {
    const Append append = std::move(instance.appends.front());
    instance.appends.pop_front();
    if (append.stored) store(append.text);
    if (append.told_failed) instance.member->append_failed(now_);
  }
}

void Simulation::append(Instance& instance) {
  const auto record = instance.member->next_record(now_);
  if (!record) return;
  Append append;
  append.text = encode(*record);
  append.arrives = now_ + Milliseconds(dice(quiet() ? 300 : 3'000));
  if (!quiet()) {
    append.stored = dice(10) != 0;
    append.told_failed = !append.stored || dice(10) == 0;
    if (dice(20) == 0)
      instance.appends.push_back({append.arrives + Milliseconds(dice(40'000)), append.text, true, false});
  }
  instance.appends.push_back(append);
  std::sort(instance.appends.begin(), instance.appends.end(),
            [](const Append& a, const Append& b) { return a.arrives < b.arrives; });
}

void Simulation::read(Instance& instance) {
  const std::int64_t low = log_.empty() ? next_offset_ : log_.front().offset;
  if (instance.lineage != lineage_ || instance.position < low) {
    instance.lineage = lineage_;
    instance.position = low;
    instance.member->begin(low, now_);
  }
  std::size_t index = static_cast<std::size_t>(instance.position - low);
  for (; index < log_.size(); ++index) {
    const auto record = decode(log_[index].text);
    instance.member->record(log_[index].offset, log_[index].timestamp_ms, *record, now_);
    instance.position = log_[index].offset + 1;
    if (!quiet() && dice(50) == 0) return;  // not all at once
  }
  instance.member->reached_end(now_);
  if (instance.member->fold().known() && !(instance.member->fold() == reference_)) {
    broken(instance.name + " is in another state at offset " + std::to_string(instance.position) + ": " +
           instance.member->fold().snapshot() + " instead of " + reference_.snapshot());
  }
}

void Simulation::work(Instance& instance) {
  const bool bad = !handler_up_ && (!one_bad_ || &instance == instances_.data());
  instance.handler_works = !bad;
  RouteTally tally;
  const auto permit = instance.member->permit(kBreaker);
  const bool closed = permit && permit->kind == Permit::Kind::kClosed;
  if (closed) {
    if (!bad) {
      instance.unavailable_since.reset();
      if (dice(3) != 0) tally.succeeded(1 + dice(20));
      if (!quiet() && dice(40) == 0) {
        tally.failed(now_, "poison");
        true_failures_.push_back(now_);
        ++instance.finals;
      }
    } else if (handler_refuses_) {
      if (!instance.unavailable_since) instance.unavailable_since = now_;
    } else {
      for (std::uint64_t i = dice(6); i != 0; --i) {
        tally.failed(now_, "HTTP 500");
        true_failures_.push_back(now_);
        ++instance.finals;
      }
    }
    bury(instance, std::min(permit->released, instance.finals));
  } else if (permit && permit->kind == Permit::Kind::kOpen) {
    // What waits to die is forgiven when it closes.
    instance.dead = instance.finals;
    instance.unavailable_since.reset();
  } else if (permit) {
    if (instance.probe_generation != permit->generation) {
      instance.probe_generation = permit->generation;
      instance.probe_done = 0;
      instance.probe_failed = false;
    }
    if (dice(2) == 0) {
      if (instance.handler_works && instance.probe_done < permit->events) ++instance.probe_done;
      if (!instance.handler_works) instance.probe_failed = true;
    }
  }
  tally.state.finals = instance.finals;
  tally.state.unavailable_since = instance.unavailable_since;
  tally.state.candidate = dice(4) == 0 ? -1 : 0;
  tally.state.probe_generation = instance.probe_generation;
  tally.state.probe_done = instance.probe_done;
  tally.state.probe_idle = true;
  if (instance.probe_failed) tally.state.probe_failure = "HTTP 500";
  instance.member->tally(kBreaker, tally, now_);
}

// Final failures up to `number` go to the dead-letter topic.
void Simulation::bury(Instance& instance, std::uint64_t number) {
  if (number <= instance.dead) return;
  deaths_.emplace_back(now_, number - instance.dead);
  instance.dead = number;
  std::erase_if(deaths_, [this](const auto& each) { return each.first <= now_ - rules_.window; });
  std::uint64_t dead = 0;
  for (const auto& [at, count] : deaths_) dead += count;
  // Those of the window before may come with those of this one; a quorum takes longer.
  if (is_calm() && rules_.quorum == 1 && dead > 2 * std::uint64_t{rules_.threshold} + instances_.size()) {
    broken(std::to_string(dead) + " events died within a window");
  }
}

void Simulation::check_opens() {
  const Breaker* breaker = reference_.breaker(kBreaker);
  if (breaker == nullptr || breaker->state != Breaker::State::kClosed || !is_calm()) return;
  const Instant end = now_ - kOpensWithin;
  const auto at_once = std::count_if(true_failures_.begin(), true_failures_.end(),
                                     [end](Instant each) { return each >= end && each < end + kAtOnce; });
  // A failure here and there in a route that succeeds is no witness for a quorum.
  if (static_cast<std::uint64_t>(at_once) > rules_.threshold && rules_.quorum == 1) broken("it does not open");
}

void Simulation::tell(Instance& instance) {
  if (instance.telling && now_ >= instance.told_at) {
    const Notice notice = *std::exchange(instance.telling, std::nullopt);
    const bool ok = quiet() || dice(3) != 0;
    if (ok) {
      const auto opening = std::make_pair(lineage_, notice.generation);
      const auto before = told_.find(opening);
      if (before != told_.end() && disturbed_ < before->second - Breaker::kNotifyLease)
        broken("people were told twice");
      told_[opening] = now_;
      links_.push_back({hash_of(notice.token), notice.generation, lineage_, now_ + kLinkValid, false});
    }
    instance.member->noticed(notice.breaker, notice.generation, ok, now_);
  }
  if (instance.telling) return;
  if (auto notice = instance.member->next_notice(now_)) {
    instance.told_at = now_ + Milliseconds(dice(15'000));
    instance.telling = std::move(notice);
  }
}

// Somebody follows a link, new or old, or forges one, or goes by the console.
void Simulation::people() {
  if (dice(quiet() ? 20 : 60) != 0) return;
  Instance& instance = instances_[dice(instances_.size())];
  if (!instance.up) return;
  Command command;
  command.breaker = kBreaker;
  command.by = "somebody";
  const std::uint64_t what = dice(20);
  if (what == 0) {
    command.kind = Command::Kind::kClose;
  } else if (what == 1 || (quiet() && dice(3) == 0)) {
    command.kind = Command::Kind::kResume;
  } else {
    command.kind = Command::Kind::kResumeByLink;
    command.token_hash = links_.empty() || dice(10) == 0 ? hash_of("") : links_[dice(links_.size())].hash;
    if (!links_.empty() && dice(2) == 0) command.token_hash = links_.back().hash;
  }
  instance.member->command(command);
  instance.member->take_answers();
}

void Simulation::cut_log() {
  if (log_.size() < 5) return;
  // Retention leaves what is younger than a while, and so a snapshot, unless nobody was there to write one.
  const std::int64_t keep = log_.back().timestamp_ms - 4 * kSnapshots.count();
  const auto first =
      std::find_if(log_.begin(), log_.end(), [keep](const Entry& each) { return each.timestamp_ms >= keep; });
  log_.erase(log_.begin(), first);
}

void Simulation::recreate_log() {
  log_.clear();
  next_offset_ = 0;
  ++lineage_;
  disturbed_ = std::max(disturbed_, now_);
  reference_ = Fold();
  reference_.begin(0);
  for (Instance& instance : instances_) instance.appends.clear();  // what was on its way to the old topic
}

}  // namespace hubferry::control
