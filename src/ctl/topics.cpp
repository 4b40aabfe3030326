#include <algorithm>
#include <limits>
#include <map>
#include <ostream>
#include <set>

#include "ctl/command.h"
#include "ctl/table.h"
#include "ctl/topic_help.h"
#include "kafka/log_topic.h"

namespace hubferry::ctl {
namespace {

constexpr const char* kCreateHelp =
    "Usage: hubferryctl topics create --config FILE [--topic NAME]... [--dead-letter] [--control] [OPTIONS]\n"
    "\n"
    "Creates topics (event hubs) that the configuration names and the cluster lacks: those of --topic, with\n"
    "--dead-letter the dead-letter topics of all consume routes, and with --control the control topic: one partition,\n"
    "record times by the brokers, kept for 7 days. What exists stays as it is. Without these it only lists the topics\n"
    "of the configuration. The daemon itself never creates a topic.\n"
    "Exit code: 0 all named topics exist and will do, 1 some do not, 2 wrong usage or no answer.\n";

struct Wishes {
  std::optional<std::int32_t> partitions;
  std::int16_t replication = -1;
  std::optional<Milliseconds> retention;
};

Result<Wishes> wishes_of(const Options& options) {
  const auto partitions = options.number("partitions", 1, 10'000);
  if (!partitions) return tl::make_unexpected(partitions.error());
  const auto replication = options.number("replication", 1, std::numeric_limits<std::int16_t>::max());
  if (!replication) return tl::make_unexpected(replication.error());
  const auto retention = options.duration("retention");
  if (!retention) return tl::make_unexpected(retention.error());
  Wishes wishes;
  if (*partitions) wishes.partitions = static_cast<std::int32_t>(**partitions);
  wishes.replication = static_cast<std::int16_t>(replication->value_or(-1));
  wishes.retention = *retention;
  return wishes;
}

struct Use {
  std::string like;      // the topic whose partition count it takes when none is said; empty: none
  bool control = false;  // it has one partition
};
using Named = std::map<std::string, Use>;

Named route_topics(const config::Settings& settings) {
  Named topics;
  for (const auto& route : settings.produce) topics[route.topic];
  for (const auto& route : settings.consume) {
    topics[route.topic];
    constexpr std::string_view kTopic = "topic:";
    if (route.handler.target.starts_with(kTopic)) topics[route.handler.target.substr(kTopic.size())].like = route.topic;
  }
  return topics;
}

Named dead_letter_topics(const config::Settings& settings) {
  Named topics;
  for (const auto& route : settings.consume) {
    if (!route.dead_letter.empty()) topics.emplace(route.dead_letter, Use{route.topic});
  }
  return topics;
}

Named control_topic(const config::Settings& settings) {
  Named topics;
  if (!settings.control.topic.empty()) topics[settings.control.topic].control = true;
  return topics;
}

Result<Named> chosen(const config::Settings& settings, const Options& options) {
  Named known = route_topics(settings);
  const Named dead_letters = dead_letter_topics(settings);
  known.insert(dead_letters.begin(), dead_letters.end());
  const Named control = control_topic(settings);
  known.insert(control.begin(), control.end());
  if (options.has("control") && control.empty()) {
    return options.wrong("no control topic is configured: give control.topic a name, such as hubferry.control");
  }
  Named topics;
  if (options.has("dead-letter")) topics = dead_letters;
  if (options.has("control")) topics.insert(control.begin(), control.end());
  for (const auto& name : options.all("topic")) {
    const auto found = known.find(name);
    if (found == known.end()) {
      std::string list;
      for (const auto& [topic, use] : known) list += (list.empty() ? "" : ", ") + topic;
      return options.wrong("--topic " + name + ": the configuration names no such topic (it names " + list + ")");
    }
    topics.insert(*found);
  }
  if (topics.empty() && options.has("dead-letter")) {
    return options.wrong("no consume route has a dead-letter topic: give it consume.NAME.dead-letter");
  }
  return topics.empty() ? known : topics;
}

Status check_partitions(const Options& options, const Wishes& wishes, const Named& topics, bool wanted) {
  const bool control =
      std::any_of(topics.begin(), topics.end(), [](const auto& named) { return named.second.control; });
  if (!wanted || !control || wishes.partitions.value_or(1) == 1) return {};
  return options.wrong("--partitions: the control topic has exactly one; create it on its own");
}

class Creation {
 public:
  Creation(Desk& desk, const Wishes& wishes, Output& output) : desk_(desk), wishes_(wishes), output_(output) {}

  // Whether the topic exists afterwards and will do; an error: the cluster does not answer.
  Result<bool> ensure(const std::string& name, const Use& use, bool create) {
    const auto there = desk_.admin->describe_topic(name, desk_.timeout);
    if (there) return show(name, "exists", static_cast<std::int32_t>(there->size()), use);
    if (there.error().code != ErrorCode::kNotFound) return tl::make_unexpected(there.error());
    if (!create) {
      missing_ = true;
      table_.add({name, "missing", {}, {}});
      return false;
    }
    return make(name, use);
  }
  bool missing() const { return missing_; }
  void write() const { table_.write(output_.out, desk_.json); }

 private:
  Result<bool> make(const std::string& name, const Use& use) {
    kafka::Admin::NewTopic topic = use.control ? kafka::log_topic(name) : kafka::Admin::NewTopic{name, 0, -1, {}};
    topic.replication = wishes_.replication;
    if (auto status = choose_partitions(topic, use); !status) return tl::make_unexpected(status.error());
    if (wishes_.retention) topic.config["retention.ms"] = std::to_string(wishes_.retention->count());
    const auto made = desk_.admin->create_topic(topic, desk_.timeout);
    if (made || made.error().code == ErrorCode::kConflict) return shown(topic, made.has_value(), use);
    if (made.error().code != ErrorCode::kInvalid) return tl::make_unexpected(made.error());
    table_.add({name, "refused", {}, {}});
    output_.error << "hubferryctl: " << made.error().message << "\nWhat does the same:\n"
                  << create_commands(topic, desk_.settings.consumer_properties);
    return false;
  }

  // `created`: here; else somebody else was quicker, or the cluster did not show it yet.
  Result<bool> shown(const kafka::Admin::NewTopic& topic, bool created, const Use& use) {
    if (auto status = wait_for_partitions(desk_, topic.name, created ? topic.partitions : 1); !status) {
      return tl::make_unexpected(status.error());
    }
    const auto partitions = desk_.admin->describe_topic(topic.name, desk_.timeout);
    if (!partitions) return tl::make_unexpected(partitions.error());
    return show(topic.name, created ? "created" : "exists", static_cast<std::int32_t>(partitions->size()), use);
  }

  // Whether it will do.
  bool show(const std::string& name, const char* state, std::int32_t partitions, const Use& use) {
    std::optional<std::string> fault;
    if (use.control) {
      // A cluster that does not tell its settings: the daemon goes by the records then.
      const auto config = desk_.admin->topic_config(name, desk_.timeout).value_or(std::map<std::string, std::string>());
      fault = kafka::log_topic_fault(name, partitions, config, false, desk_.settings.consumer_properties);
    }
    table_.add({name, state, std::int64_t{partitions}, known(fault.value_or(""))});
    return !fault;
  }

  Status choose_partitions(kafka::Admin::NewTopic& topic, const Use& use) const {
    if (use.control) return {};
    if (!wishes_.partitions && !use.like.empty()) {
      const auto model = desk_.admin->describe_topic(use.like, desk_.timeout);
      if (model) topic.partitions = static_cast<std::int32_t>(model->size());
    }
    topic.partitions = wishes_.partitions.value_or(topic.partitions);
    if (topic.partitions > 0) return {};
    return fail(ErrorCode::kInvalid,
                "topic " + topic.name +
                    " does not exist: say --partitions N. Choose with room to grow, because adding "
                    "partitions later moves keys to others");
  }

  Desk& desk_;
  const Wishes& wishes_;
  Output& output_;
  bool missing_ = false;  // a topic was only looked for, and not found
  Table table_{{"topic", "state", "partitions", "remarks"}};
};

int create(const Options& options, Session& session) {
  const auto wishes = wishes_of(options);
  if (!wishes) return complain(session.output, wishes.error());
  auto desk = open_desk(options, session);
  if (!desk) return complain(session.output, desk.error());
  const auto topics = chosen(desk->settings, options);
  if (!topics) return complain(session.output, topics.error());
  const bool wanted = options.has("topic") || options.has("dead-letter") || options.has("control");
  if (auto status = check_partitions(options, *wishes, *topics, wanted); !status) {
    return complain(session.output, status.error());
  }
  Creation creation(*desk, *wishes, session.output);
  bool all = true;
  for (const auto& [name, use] : *topics) {
    const auto exists = creation.ensure(name, use, wanted);
    if (!exists) {
      creation.write();
      return complain(session.output, exists.error());
    }
    all = all && *exists;
  }
  creation.write();
  if (creation.missing()) {
    session.output.error << "nothing was created: name topics with --topic, or say --dead-letter or --control\n";
  }
  return all ? kSound : kFound;
}

}  // namespace

const Family& topics_family() {
  static const Family family{"topics",
                             "Topics that the configuration names: which exist, create missing ones",
                             {{"create",
                               kCreateHelp,
                               {kConfigOption,
                                {"topic", "NAME", "a topic of a route to create; may be given again", true},
                                {"dead-letter", nullptr, "the dead-letter topics of the consume routes"},
                                {"control", nullptr, "the control topic, by which instances share their breakers"},
                                {"partitions", "N", "default: as many as the topic whose events it takes up"},
                                {"replication", "N", "default: the cluster's"},
                                {"retention", "TIME", "such as 7d (default: the cluster's; of the control topic 7d)"},
                                kTimeoutOption,
                                kJsonOption},
                               create}}};
  return family;
}

}  // namespace hubferry::ctl
