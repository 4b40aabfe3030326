#include "http/client.h"

#include <algorithm>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <deque>
#include <thread>

#include "base/thread.h"
#include "http/client_connection.h"
#include "http/mailbox.h"
#include "http/tls_files.h"
#include "http/url.h"

namespace hubferry::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Executor = asio::io_context::executor_type;
using Timer = asio::basic_waitable_timer<SteadyClock, asio::wait_traits<SteadyClock>, Executor>;

constexpr Milliseconds kSweepPeriod{20};    // how exact timeouts are
constexpr Milliseconds kIdleLimit{60'000};  // below the 4 minutes after which Azure's load balancer forgets a flow
constexpr Milliseconds kAddressesLive{1'000};

class ClientImpl final : public Client, public ConnectionOwner {
 public:
  ClientImpl(const Url& url, const ClientOptions& options, std::unique_ptr<TlsFiles> tls);
  ~ClientImpl() override;

  void post(ClientRequest request, Done done) override { put({"POST", std::move(request), std::move(done)}); }
  void get(ClientRequest request, Done done) override {
    request.body = {};
    put({"GET", std::move(request), std::move(done)});
  }

 private:
  using Connection = std::shared_ptr<ClientConnection>;
  struct Told {
    Done done;
    Result<ClientResponse> result;
  };

  void finished(const Connection& connection, Job job, Result<ClientResponse> result) override;
  void send_again(const Connection& connection, Job job) override;
  void lost(const Connection& connection) override;

  void put(Job job);
  void tell();
  void take_posted();
  void assign(Job job);
  void open(Job job);
  void remove(const Connection& connection);
  void look_up(const Connection& connection);
  void looked_up(const error_code& error, const tcp::resolver::results_type& found);
  void sweep();
  void close_all();

  asio::io_context io_{1};
  asio::executor_work_guard<Executor> work_{io_.get_executor()};
  const Url url_;
  const ClientOptions options_;
  const std::unique_ptr<TlsFiles> tls_;  // for https
  ClientConnection::Target target_;
  Mailbox<Job> posted_;
  std::vector<Job> batch_;  // being taken from `posted_`

  std::deque<Job> waiting_;
  std::vector<Connection> connections_;
  std::vector<Connection> idle_;  // the most recently used at the end
  std::size_t busy_ = 0;
  std::vector<Told> to_tell_;
  std::vector<Told> telling_;
  Timer sweep_{io_};
  bool sweeping_ = false;

  asio::ip::basic_resolver<tcp, Executor> resolver_{io_};
  ClientConnection::Endpoints addresses_;
  Instant addresses_until_;
  std::vector<Connection> need_addresses_;

  std::thread thread_;
};

ClientImpl::ClientImpl(const Url& url, const ClientOptions& options, std::unique_ptr<TlsFiles> tls)
    : url_(url), options_(options), tls_(std::move(tls)) {
  target_.name = host_port_text(url.host, url.port);
  const bool usual_port = url.port == (tls_ ? 443 : 80);
  const std::string host = usual_port ? target_.name.substr(0, target_.name.rfind(':')) : target_.name;
  target_.head = " " + url.target + " HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: hubferry/" HUBFERRY_VERSION "\r\n" +
                 options.headers;
  target_.max_response_bytes = options.max_response_bytes;
  target_.host = url.host;
  target_.authorities = options.tls_ca_file.empty() ? "the system's" : options.tls_ca_file.string();
  target_.tls = tls_.get();
  error_code error;
  if (const auto address = asio::ip::make_address(url.host, error); !error) {
    addresses_ = {tcp::endpoint(address, url.port)};
    addresses_until_ = Instant::max();
  }
  thread_ = std::thread([this] {
    name_thread("http-client");
    io_.run();
  });
}

ClientImpl::~ClientImpl() {
  asio::post(io_, [this] { close_all(); });
  thread_.join();
}

void ClientImpl::put(Job job) {
  switch (posted_.put(job)) {
    case Mailbox<Job>::Put::kWake:
      asio::post(io_, [this] { take_posted(); });
      break;
    case Mailbox<Job>::Put::kQueued:
      break;
    case Mailbox<Job>::Put::kClosed:
      job.done(fail(ErrorCode::kClosed, "the HTTP client stops", Disposition::kRetry));
  }
}

void ClientImpl::take_posted() {
  posted_.take(batch_);
  for (Job& job : batch_) assign(std::move(job));
  batch_.clear();
}

void ClientImpl::assign(Job job) {
  const Instant now = SteadyClock::now();
  while (!idle_.empty()) {
    const Connection connection = std::move(idle_.back());
    idle_.pop_back();
    if (now - connection->idle_since() > kIdleLimit) {
      connection->close();
      remove(connection);
      continue;
    }
    job.deadline = now + job.request.timeout;
    ++busy_;
    connection->send(std::move(job));
    return sweep();
  }
  if (connections_.size() >= options_.max_connections) {
    waiting_.push_back(std::move(job));
    return;
  }
  job.deadline = now + job.request.timeout;
  open(std::move(job));
}

void ClientImpl::open(Job job) {
  auto connection = std::make_shared<ClientConnection>(io_, *this, target_);
  connection->place = connections_.size();
  connections_.push_back(connection);
  ++busy_;
  connection->open(std::move(job), SteadyClock::now() + options_.connect_timeout);
  sweep();
  look_up(connection);
}

void ClientImpl::remove(const Connection& connection) {
  const std::size_t place = connection->place;
  connections_[place] = connections_.back();
  connections_[place]->place = place;
  connections_.pop_back();
}

// One look-up serves all connections that are opened within kAddressesLive.
void ClientImpl::look_up(const Connection& connection) {
  if (SteadyClock::now() < addresses_until_) return connection->connect(addresses_);
  need_addresses_.push_back(connection);
  if (need_addresses_.size() > 1) return;
  resolver_.async_resolve(
      url_.host, std::to_string(url_.port), tcp::resolver::numeric_service,
      [this](const error_code& error, const tcp::resolver::results_type& found) { looked_up(error, found); });
}

void ClientImpl::looked_up(const error_code& error, const tcp::resolver::results_type& found) {
  if (!error) {
    addresses_.clear();
    for (const auto& entry : found) addresses_.push_back(entry.endpoint());
    addresses_until_ = SteadyClock::now() + kAddressesLive;
  }
  const auto waiting = std::exchange(need_addresses_, {});
  for (const Connection& connection : waiting) {
    error ? connection->fail_to_connect(error.message()) : connection->connect(addresses_);
  }
}

void ClientImpl::finished(const Connection& connection, Job job, Result<ClientResponse> result) {
  --busy_;
  if (connection->idle()) {
    idle_.push_back(connection);
  } else {
    remove(connection);
  }
  if (!waiting_.empty()) {
    Job next = std::move(waiting_.front());
    waiting_.pop_front();
    assign(std::move(next));
  }
  // Behind what else has come by now, so that one who waits for the answers is woken once for all of them.
  if (to_tell_.empty()) asio::post(io_, [this] { tell(); });
  to_tell_.push_back({std::move(job.done), std::move(result)});
}

void ClientImpl::tell() {
  telling_.swap(to_tell_);
  for (Told& told : telling_) told.done(std::move(told.result));
  telling_.clear();
}

void ClientImpl::send_again(const Connection& connection, Job job) {
  --busy_;
  remove(connection);
  open(std::move(job));
}

void ClientImpl::lost(const Connection& connection) {
  idle_.erase(std::find(idle_.begin(), idle_.end(), connection));
  remove(connection);
}

// Ends overdue exchanges, again and again while there are any.
void ClientImpl::sweep() {
  if (sweeping_ || busy_ == 0) return;
  sweeping_ = true;
  sweep_.expires_after(kSweepPeriod);
  sweep_.async_wait([this](const error_code& cancelled) {
    sweeping_ = false;
    if (cancelled) return;
    const Instant now = SteadyClock::now();
    const auto connections = connections_;
    for (const Connection& connection : connections) connection->expire(now);
    sweep();
  });
}

void ClientImpl::close_all() {
  std::vector<Job> jobs;
  posted_.close(jobs);
  for (Job& job : waiting_) jobs.push_back(std::move(job));
  waiting_.clear();
  resolver_.cancel();
  sweep_.cancel();
  const auto connections = connections_;
  for (const Connection& connection : connections) connection->shut_down();
  connections_.clear();
  idle_.clear();
  tell();
  for (Job& job : jobs) job.done(fail(ErrorCode::kClosed, "the HTTP client stops", Disposition::kRetry));
  work_.reset();
}

}  // namespace

Result<std::unique_ptr<Client>> Client::create(const Url& url, const ClientOptions& options) {
  std::unique_ptr<TlsFiles> tls;
  if (url.scheme == "https") {
    auto files = TlsFiles::open_for_client(options.tls_ca_file, options.tls_certificate_file, options.tls_key_file,
                                           SteadyClock::now());
    if (!files) return tl::make_unexpected(std::move(files.error()));
    tls = std::move(*files);
  }
  return std::make_unique<ClientImpl>(url, options, std::move(tls));
}

}  // namespace hubferry::http
