#include "deliver/send_window.h"

#include <algorithm>
#include <utility>

namespace hubferry::deliver {

void SendWindow::add(Outgoing outgoing, Instant now) {
  entries_.push_back({std::move(outgoing), now, true});
}

Instant SendWindow::progress_at() const {
  return std::max(entries_.front().since, answered_at_);
}

const Outgoing* SendWindow::next() {
  while (next_ < entries_.size() && !entries_[next_].open) ++next_;
  if (next_ == entries_.size()) return nullptr;
  if (careful() && in_flight_ != 0) return nullptr;
  return &entries_[next_].outgoing;
}

void SendWindow::sent() {
  ++next_;
  ++in_flight_;
}

SendWindow::Answer SendWindow::settle(std::size_t index, Status status, Instant now) {
  Entry& entry = entries_[index];
  entry.open = false;
  answered_at_ = now;
  Answer answer{std::move(entry.outgoing), std::move(status)};
  trim();
  return answer;
}

void SendWindow::trim() {
  while (!entries_.empty() && !entries_.front().open) {
    entries_.pop_front();
    ++first_ticket_;
    if (next_ != 0) --next_;
  }
}

std::optional<SendWindow::Answer> SendWindow::acknowledged(std::uint64_t ticket, Instant now) {
  if (ticket < first_ticket_ || ticket - first_ticket_ >= next_ || !entries_[ticket - first_ticket_].open) {
    return std::nullopt;
  }
  if (in_flight_ != 0) --in_flight_;
  return settle(ticket - first_ticket_, {}, now);
}

SendWindow::Answer SendWindow::refuse_next(Error error, Instant now) {
  return settle(next_, tl::make_unexpected(std::move(error)), now);
}

void SendWindow::failed(std::uint64_t ticket, const Error& error) {
  if (in_flight_ != 0) --in_flight_;
  if (error.disposition == Disposition::kReject) {
    refused_.push_back({ticket, error});
  } else if (error.disposition == Disposition::kRetry && error.code != ErrorCode::kClosed) {
    if (!passing_) passing_ = error;
  } else {
    lost_ = true;  // it was behind one that failed, or the client gave up
  }
}

std::vector<SendWindow::Answer> SendWindow::give_up(Instant now) {
  std::vector<Answer> answers;
  if (!refused_.empty()) {
    const bool alone = refused_.size() == 1 && in_flight_ == 0 && !passing_ && !lost_;
    for (Refused& refused : std::exchange(refused_, {})) {
      const bool to_blame = alone && refused.ticket >= first_ticket_ && refused.ticket <= careful_until_;
      if (to_blame) {
        answers.push_back(settle(refused.ticket - first_ticket_, tl::make_unexpected(std::move(refused.error)), now));
      } else {
        careful_until_ = std::max(careful_until_, refused.ticket);
      }
    }
  } else if (passing_) {
    return give_up_all(Error(*passing_));
  }
  passing_.reset();
  lost_ = false;
  next_ = 0;
  in_flight_ = 0;
  return answers;
}

std::vector<SendWindow::Answer> SendWindow::give_up_all(const Error& error) {
  std::vector<Answer> answers;
  for (Entry& entry : entries_) {
    if (entry.open) answers.push_back({std::move(entry.outgoing), tl::make_unexpected(error)});
  }
  first_ticket_ += entries_.size();
  entries_.clear();
  refused_.clear();
  passing_.reset();
  lost_ = false;
  next_ = 0;
  in_flight_ = 0;
  return answers;
}

}  // namespace hubferry::deliver
