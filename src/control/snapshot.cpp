#include "control/snapshot.h"

#include <boost/json.hpp>
#include <charconv>

#include "base/ids.h"
#include "control/json_fields.h"

namespace hubferry::control {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;

constexpr std::int64_t kVersion = 1;
constexpr std::size_t kMany = 100'000;

// What is missing or wrong spoils the whole image: members are read one after another, and `well` is asked in the end.
class Reader {
 public:
  Reader(const value* from, bool& well) : object_(from == nullptr ? nullptr : from->if_object()), well_(well) {
    well_ = well_ && object_ != nullptr;
  }

  const value* member(std::string_view name) const { return object_ == nullptr ? nullptr : object_->if_contains(name); }
  void read(std::string_view name, std::int64_t& number) const {
    const value* found = member(name);
    check(found != nullptr && found->is_int64());
    if (well_) number = found->get_int64();
  }
  template <class Unsigned>
  void read(std::string_view name, Unsigned& number) const {
    std::int64_t read_number = 0;
    read(name, read_number);
    check(read_number >= 0 && std::in_range<Unsigned>(read_number));
    number = static_cast<Unsigned>(read_number);
  }
  void read(std::string_view name, bool& flag) const {
    const value* found = member(name);
    check(found != nullptr && found->is_bool());
    if (well_) flag = found->get_bool();
  }
  void read(std::string_view name, std::string& text) const {
    const value* found = member(name);
    check(found != nullptr && found->is_string());
    if (well_) text = found->get_string();
  }
  void read(std::string_view name, std::vector<Reason>& reasons) const {
    auto found = reasons_from(member(name), kMany);
    check(found.has_value());
    if (well_) reasons = std::move(*found);
  }
  template <class Strings>
  void read_texts(std::string_view name, Strings& texts) const {
    for (const value& each : list(name)) {
      check(each.is_string());
      if (well_) texts.insert(texts.end(), std::string(each.get_string()));
    }
  }
  const array& list(std::string_view name) const {
    static const array none;
    const value* found = member(name);
    const auto* array = found == nullptr ? nullptr : found->if_array();
    check(array != nullptr && array->size() <= kMany);
    return well_ ? *array : none;
  }
  void check(bool right) const { well_ = well_ && right; }
  bool well() const { return well_; }

 private:
  const object* object_;
  bool& well_;
};

template <class Strings>
array texts(const Strings& from) {
  array out;
  for (const std::string& each : from) out.emplace_back(each);
  return out;
}

std::optional<std::uint64_t> id_of(std::string_view text) {
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

void read_id(const Reader& in, std::string_view name, std::uint64_t& id) {
  std::string text;
  in.read(name, text);
  const auto read = id_of(text);
  in.check(read.has_value());
  id = read.value_or(0);
}

value write(const std::optional<Breaker::Claim>& claim) {
  if (!claim) return nullptr;
  return object{{"inc", id_text(claim->incarnation)}, {"at", claim->at_ms}, {"partition", claim->partition}};
}

std::optional<Breaker::Claim> read_claim(const Reader& from, std::string_view name, bool& well) {
  const value* found = from.member(name);
  from.check(found != nullptr);
  if (found == nullptr || found->is_null()) return std::nullopt;
  const Reader in(found, well);
  Breaker::Claim claim;
  std::int64_t partition = 0;
  read_id(in, "inc", claim.incarnation);
  in.read("at", claim.at_ms);
  in.read("partition", partition);
  in.check(partition >= -1 && partition <= INT32_MAX);
  claim.partition = static_cast<std::int32_t>(partition);
  return claim;
}

using Counts = std::vector<std::pair<std::int64_t, std::uint64_t>>;

array write(const Counts& counts) {
  array out;
  for (const auto& [at, count] : counts) out.push_back(array{at, count});
  return out;
}

void read_counts(const Reader& in, std::string_view name, Counts& counts) {
  for (const value& each : in.list(name)) {
    const auto* pair = each.if_array();
    in.check(pair != nullptr && pair->size() == 2 && pair->at(0).is_int64() && count_of(&pair->at(1)));
    if (!in.well()) return;
    counts.emplace_back(pair->at(0).get_int64(), static_cast<std::uint64_t>(pair->at(1).get_int64()));
  }
}

object write(std::uint64_t incarnation, const Breaker::Share& share) {
  return {{"inc", id_text(incarnation)},
          {"inst", share.instance},
          {"failures", write(share.failures)},
          {"successes", write(share.successes)},
          {"run", share.run},
          {"unavailable_since", share.unavailable_since_ms},
          {"reasons", to_json(share.reasons)},
          {"lag", share.lag}};
}

void read_share(const value& from, Breaker& breaker, bool& well) {
  const Reader in(&from, well);
  std::uint64_t incarnation = 0;
  read_id(in, "inc", incarnation);
  Breaker::Share share;
  in.read("inst", share.instance);
  read_counts(in, "failures", share.failures);
  read_counts(in, "successes", share.successes);
  in.read("run", share.run);
  in.read("unavailable_since", share.unavailable_since_ms);
  in.read("reasons", share.reasons);
  in.read("lag", share.lag);
  breaker.shares.emplace(incarnation, std::move(share));
}

object write(const Breaker& breaker) {
  array shares;
  for (const auto& [incarnation, share] : breaker.shares) shares.push_back(write(incarnation, share));
  array tokens;
  for (const Breaker::Token& token : breaker.tokens) {
    tokens.push_back(
        object{{"hash", token.hash}, {"gen", token.generation}, {"expires", token.expires_ms}, {"used", token.used}});
  }
  return {{"rules", to_json(breaker.rules)},
          {"state", breaker.state_name()},
          {"gen", breaker.generation},
          {"since", breaker.since_ms},
          {"since_offset", breaker.since_offset},
          {"shares", std::move(shares)},
          {"run", breaker.run},
          {"run_since", breaker.run_since_ms},
          {"run_by", texts(breaker.run_by)},
          {"incident", breaker.incident},
          {"opened", breaker.opened_ms},
          {"reason", breaker.reason},
          {"reasons", to_json(breaker.reasons)},
          {"lag", breaker.lag},
          {"failed_probes", breaker.failed_probes},
          {"notified", breaker.notified},
          {"notifier", write(breaker.notifier)},
          {"prober", write(breaker.prober)},
          {"tokens", std::move(tokens)}};
}

Breaker read_breaker(const value& from, bool& well) {
  const Reader in(&from, well);
  Breaker breaker;
  const auto rules = rules_from(in.member("rules"));
  in.check(rules.has_value());
  if (rules) breaker.rules = *rules;
  std::string state;
  in.read("state", state);
  in.check(state == "closed" || state == "open" || state == "half-open");
  breaker.state = state == "open"        ? Breaker::State::kOpen
                  : state == "half-open" ? Breaker::State::kHalfOpen
                                         : Breaker::State::kClosed;
  in.read("gen", breaker.generation);
  in.read("since", breaker.since_ms);
  in.read("since_offset", breaker.since_offset);
  for (const value& each : in.list("shares")) read_share(each, breaker, well);
  in.read("run", breaker.run);
  in.read("run_since", breaker.run_since_ms);
  in.read_texts("run_by", breaker.run_by);
  in.read("incident", breaker.incident);
  in.read("opened", breaker.opened_ms);
  in.read("reason", breaker.reason);
  in.read("reasons", breaker.reasons);
  in.read("lag", breaker.lag);
  in.read("failed_probes", breaker.failed_probes);
  in.read("notified", breaker.notified);
  breaker.notifier = read_claim(in, "notifier", well);
  breaker.prober = read_claim(in, "prober", well);
  for (const value& each : in.list("tokens")) {
    const Reader token(&each, well);
    Breaker::Token read;
    token.read("hash", read.hash);
    token.read("gen", read.generation);
    token.read("expires", read.expires_ms);
    token.read("used", read.used);
    breaker.tokens.push_back(std::move(read));
  }
  return breaker;
}

object write(std::uint64_t incarnation, const Fold::Instance& instance) {
  return {{"inc", id_text(incarnation)},
          {"inst", instance.name},
          {"nonce", instance.nonce},
          {"seen", instance.seen_ms},
          {"breakers", texts(instance.breakers)}};
}

}  // namespace

std::string encode_image(const Image& image) {
  array instances;
  for (const auto& [incarnation, instance] : image.instances) instances.push_back(write(incarnation, instance));
  object breakers;
  for (const auto& [name, breaker] : image.breakers) breakers[name] = write(breaker);
  return boost::json::serialize(object{{"v", kVersion},
                                       {"now", image.now_ms},
                                       {"snapshot", image.snapshot_ms},
                                       {"wanted", image.wanted_ms},
                                       {"instances", std::move(instances)},
                                       {"breakers", std::move(breakers)}});
}

std::optional<Image> decode_image(std::string_view text) {
  boost::system::error_code error;
  const value parsed = boost::json::parse(text, error);
  if (error) return std::nullopt;
  bool well = true;
  const Reader in(&parsed, well);
  Image image;
  std::int64_t version = 0;
  in.read("v", version);
  in.check(version == kVersion);
  in.read("now", image.now_ms);
  in.read("snapshot", image.snapshot_ms);
  in.read("wanted", image.wanted_ms);
  for (const value& each : in.list("instances")) {
    const Reader one(&each, well);
    std::uint64_t incarnation = 0;
    Fold::Instance instance;
    read_id(one, "inc", incarnation);
    one.read("inst", instance.name);
    one.read("nonce", instance.nonce);
    one.read("seen", instance.seen_ms);
    one.read_texts("breakers", instance.breakers);
    image.instances.emplace(incarnation, std::move(instance));
  }
  const value* breakers = in.member("breakers");
  in.check(breakers != nullptr && breakers->is_object());
  if (!well) return std::nullopt;
  for (const auto& [name, each] : breakers->get_object()) image.breakers.emplace(name, read_breaker(each, well));
  return well ? std::optional(std::move(image)) : std::nullopt;
}

}  // namespace hubferry::control
