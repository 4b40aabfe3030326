#include "control/record.h"

#include <boost/json.hpp>
#include <charconv>
#include <limits>

#include "base/ids.h"
#include "control/json_fields.h"

namespace hubferry::control {
namespace {

using boost::json::array;
using boost::json::object;

constexpr std::int64_t kVersion = 1;
constexpr std::size_t kMostFailureAges = 1'000;
constexpr std::size_t kMostReasons = 10;

// ---- writing

object fields(const Alive& body) {
  array names;
  for (const std::string& name : body.breakers) names.emplace_back(name);
  return {{"breakers", std::move(names)}};
}
object fields(const SetRules& body) {
  return {{"rules", to_json(body.rules)}};
}
object fields(const Tally& body) {
  array failures;
  for (const auto& [age, count] : body.failures) failures.push_back(array{age.count(), count});
  object out{{"failures", std::move(failures)}, {"successes", body.successes}, {"trailing", body.trailing}};
  if (body.unavailable) out["unavailable_ms"] = body.unavailable_for.count();
  if (!body.reasons.empty()) out["reasons"] = to_json(body.reasons);
  if (body.lag >= 0) out["lag"] = body.lag;
  return out;
}
object fields(const Open& body) {
  return {{"by", body.by}, {"reason", body.reason}};
}
object fields(const NotifyClaim& body) {
  return {{"token_sha256", body.token_hash}, {"valid_ms", body.valid_for.count()}};
}
object fields(const Notified&) {
  return {};
}
object fields(const Resume& body) {
  constexpr std::array<const char*, 3> kWays{"link", "operator", "cool-down"};
  return {{"way", kWays.at(static_cast<std::size_t>(body.way))}, {"token_sha256", body.token_hash}, {"by", body.by}};
}
object fields(const ProbeClaim& body) {
  return {{"partition", body.partition}};
}
object fields(const ProbeResult& body) {
  return {{"ok", body.ok}, {"events", body.events}, {"reason", body.reason}};
}
object fields(const Close& body) {
  return {{"by", body.by}};
}
object fields(const Snapshot& body) {
  return {{"upto", body.upto}, {"state", body.state}};
}
object fields(const WantSnapshot&) {
  return {};
}
object fields(const BeginAnew&) {
  return {};
}
object fields(const Unknown&) {
  return {};
}

struct KindOf {
  const char* name;
  bool critical;  // an instance that does not know it must not go on
};
constexpr std::array<KindOf, std::variant_size_v<Body> - 1> kKinds{{
    {"alive", false},
    {"rules", true},
    {"tally", true},
    {"open", true},
    {"notify_claim", true},
    {"notified", true},
    {"resume", true},
    {"probe_claim", true},
    {"probe", true},
    {"close", true},
    {"snapshot", false},
    {"want_snapshot", false},
    {"begin_anew", true},
}};

// ---- reading

std::optional<Alive> read_alive(const Fields& in) {
  const auto* names = in.list("breakers", 1'000);
  if (names == nullptr) return std::nullopt;
  Alive body;
  for (const auto& name : *names) {
    if (!name.is_string()) return std::nullopt;
    body.breakers.emplace_back(name.get_string());
  }
  return body;
}

std::optional<SetRules> read_rules(const Fields& in) {
  const auto rules = rules_from(in.value("rules"));
  return rules ? std::optional(SetRules{*rules}) : std::nullopt;
}

std::optional<Tally> read_tally(const Fields& in) {
  Tally body;
  const auto* failures = in.list("failures", kMostFailureAges);
  const auto successes = in.number("successes");
  const auto trailing = in.number("trailing");
  if (failures == nullptr || !successes || !trailing) return std::nullopt;
  for (const auto& entry : *failures) {
    const auto* pair = entry.if_array();
    if (pair == nullptr || pair->size() != 2) return std::nullopt;
    const auto age = count_of(&pair->at(0));
    const auto count = count_of(&pair->at(1));
    if (!age || !count) return std::nullopt;
    body.failures.emplace_back(Milliseconds(*age), static_cast<std::uint64_t>(*count));
  }
  body.successes = static_cast<std::uint64_t>(*successes);
  body.trailing = static_cast<std::uint64_t>(*trailing);
  if (in.value("unavailable_ms") != nullptr) {
    const auto since = in.number("unavailable_ms");
    if (!since) return std::nullopt;
    body.unavailable = true;
    body.unavailable_for = Milliseconds(*since);
  }
  if (in.value("reasons") != nullptr) {
    auto reasons = reasons_from(in.value("reasons"), kMostReasons);
    if (!reasons) return std::nullopt;
    body.reasons = std::move(*reasons);
  }
  if (in.value("lag") != nullptr) {
    const auto lag = in.number("lag");
    if (!lag) return std::nullopt;
    body.lag = *lag;
  }
  return body;
}

std::optional<Open> read_open(const Fields& in) {
  const auto by = in.text("by");
  const auto reason = in.text("reason");
  if (!by || !reason) return std::nullopt;
  return Open{std::string(*by), std::string(*reason)};
}

bool is_hash(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::optional<NotifyClaim> read_claim(const Fields& in) {
  const auto hash = in.text("token_sha256");
  const auto valid = in.number("valid_ms");
  if (!hash || !valid || (!hash->empty() && !is_hash(*hash))) return std::nullopt;
  return NotifyClaim{std::string(*hash), Milliseconds(*valid)};
}

std::optional<Resume> read_resume(const Fields& in) {
  const auto way = in.text("way");
  const auto hash = in.text("token_sha256");
  const auto by = in.text("by");
  if (!way || !hash || !by) return std::nullopt;
  Resume body{Resume::Way::kOperator, std::string(*hash), std::string(*by)};
  if (*way == "link") {
    if (!is_hash(*hash)) return std::nullopt;
    body.way = Resume::Way::kLink;
  } else if (*way == "cool-down") {
    body.way = Resume::Way::kCoolDown;
  } else if (*way != "operator") {
    return std::nullopt;
  }
  return body;
}

std::optional<ProbeClaim> read_probe_claim(const Fields& in) {
  const auto* value = in.value("partition");
  if (value == nullptr || !value->is_int64() || value->get_int64() < -1 || value->get_int64() > INT32_MAX) {
    return std::nullopt;
  }
  return ProbeClaim{static_cast<std::int32_t>(value->get_int64())};
}

std::optional<ProbeResult> read_probe(const Fields& in) {
  const auto ok = in.flag("ok");
  const auto events = in.number("events");
  const auto reason = in.text("reason");
  if (!ok || !events || !reason) return std::nullopt;
  return ProbeResult{*ok, static_cast<std::uint64_t>(*events), std::string(*reason)};
}

std::optional<Close> read_close(const Fields& in) {
  const auto by = in.text("by");
  return by ? std::optional(Close{std::string(*by)}) : std::nullopt;
}

std::optional<Snapshot> read_snapshot(const Fields& in) {
  const auto upto = in.number("upto");
  const auto state = in.text("state");
  if (!upto || !state) return std::nullopt;
  return Snapshot{*upto, std::string(*state)};
}

template <class T>
bool store(std::optional<T> read, Body& body) {
  if (read) body = std::move(*read);
  return read.has_value();
}

// False: a member is missing or wrong.
bool read_body(std::string_view kind, const Fields& in, Body& body) {
  if (kind == "alive") return store(read_alive(in), body);
  if (kind == "rules") return store(read_rules(in), body);
  if (kind == "tally") return store(read_tally(in), body);
  if (kind == "open") return store(read_open(in), body);
  if (kind == "notify_claim") return store(read_claim(in), body);
  if (kind == "notified") return store(std::optional(Notified{}), body);
  if (kind == "resume") return store(read_resume(in), body);
  if (kind == "probe_claim") return store(read_probe_claim(in), body);
  if (kind == "probe") return store(read_probe(in), body);
  if (kind == "close") return store(read_close(in), body);
  if (kind == "snapshot") return store(read_snapshot(in), body);
  if (kind == "want_snapshot") return store(std::optional(WantSnapshot{}), body);
  if (kind == "begin_anew") return store(std::optional(BeginAnew{}), body);
  body = Unknown{std::string(kind)};
  return true;
}

tl::unexpected<Error> corrupt(std::string_view what) {
  return fail(ErrorCode::kCorrupt, "no record of a control log: " + std::string(what));
}

}  // namespace

std::string encode(const Record& record) {
  object out = std::visit([](const auto& body) { return fields(body); }, record.body);
  const bool known = record.body.index() < kKinds.size();
  out["v"] = kVersion;
  out["kind"] = known ? std::string(kKinds.at(record.body.index()).name) : std::get<Unknown>(record.body).kind;
  out["crit"] = known && kKinds.at(record.body.index()).critical;
  out["inst"] = record.author.instance;
  out["inc"] = id_text(record.author.incarnation);
  out["nonce"] = record.author.nonce;
  if (!record.breaker.empty()) {
    out["breaker"] = record.breaker;
    out["gen"] = record.generation;
  }
  return boost::json::serialize(out);
}

Result<Record> decode(std::string_view text) {
  boost::system::error_code error;
  const boost::json::value parsed = boost::json::parse(text, error);
  const auto* whole = error ? nullptr : parsed.if_object();
  if (whole == nullptr) return corrupt("not a JSON object");
  const Fields in(*whole);
  const auto version = in.number("v");
  const auto kind = in.text("kind");
  const auto critical = in.flag("crit");
  const auto instance = in.text("inst");
  const auto incarnation = in.text("inc");
  const auto nonce = in.number("nonce");
  if (!version || !kind || !critical || !instance || !incarnation || !nonce) {
    return corrupt("v, kind, crit, inst, inc or nonce is missing or wrong");
  }
  Record record;
  const char* begin = incarnation->data();  // NOLINT(bugprone-suspicious-stringview-data-usage): `end` says its size
  const char* end = begin + incarnation->size();
  const auto id = std::from_chars(begin, end, record.author.incarnation, 16);
  if (incarnation->size() != 16 || id.ec != std::errc() || id.ptr != end)
    return corrupt("inc is no 16 hexadecimal digits");
  record.author.instance = *instance;
  record.author.nonce = static_cast<std::uint64_t>(*nonce);
  if (in.value("breaker") != nullptr) {
    const auto breaker = in.text("breaker");
    const auto generation = in.number("gen");
    if (!breaker || !generation) return corrupt("breaker or gen is wrong");
    record.breaker = *breaker;
    record.generation = static_cast<std::uint64_t>(*generation);
  }
  if (*version > kVersion) {
    record.body = Unknown{std::string(*kind)};
  } else if (!read_body(*kind, in, record.body)) {
    return corrupt("a member of kind " + std::string(*kind) + " is missing or wrong");
  }
  if (*critical && std::holds_alternative<Unknown>(record.body)) {
    return fail(ErrorCode::kInvalid,
                "instance " + record.author.instance + " wrote a record of kind " + std::string(kind->substr(0, 100)) +
                    " (version " + std::to_string(*version) +
                    "), which this version of HubFerry does not know and must not skip: update this instance",
                Disposition::kFatal);
  }
  return record;
}

}  // namespace hubferry::control
