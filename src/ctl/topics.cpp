#include <algorithm>
#include <limits>
#include <map>
#include <ostream>
#include <set>

#include "ctl/command.h"
#include "ctl/table.h"
#include "ctl/topic_help.h"

namespace hubferry::ctl {
namespace {

constexpr const char* kCreateHelp =
    "Usage: hubferryctl topics create --config FILE [--topic NAME]... [--dead-letter] [OPTIONS]\n"
    "\n"
    "Creates topics (event hubs) that the configuration names and the cluster lacks: those of --topic, and with\n"
    "--dead-letter the dead-letter topics of all consume routes. What exists stays as it is. Without --topic and\n"
    "--dead-letter it only lists the topics of the configuration. The daemon itself never creates a topic.\n"
    "Exit code: 0 all named topics exist, 1 some do not, 2 wrong usage or no answer.\n";

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

// Topic -> the topic whose partition count it takes when none is said; empty: none.
using Named = std::map<std::string, std::string>;

Named route_topics(const config::Settings& settings) {
  Named topics;
  for (const auto& route : settings.produce) topics[route.topic];
  for (const auto& route : settings.consume) {
    topics[route.topic];
    constexpr std::string_view kTopic = "topic:";
    if (route.handler.target.starts_with(kTopic)) topics[route.handler.target.substr(kTopic.size())] = route.topic;
  }
  return topics;
}

Named dead_letter_topics(const config::Settings& settings) {
  Named topics;
  for (const auto& route : settings.consume) {
    if (!route.dead_letter.empty()) topics.emplace(route.dead_letter, route.topic);
  }
  return topics;
}

Result<Named> chosen(const config::Settings& settings, const Options& options) {
  Named known = route_topics(settings);
  const Named dead_letters = dead_letter_topics(settings);
  known.insert(dead_letters.begin(), dead_letters.end());
  Named topics;
  if (options.has("dead-letter")) topics = dead_letters;
  for (const auto& name : options.all("topic")) {
    const auto found = known.find(name);
    if (found == known.end()) {
      std::string list;
      for (const auto& [topic, like] : known) list += (list.empty() ? "" : ", ") + topic;
      return options.wrong("--topic " + name + ": the configuration names no such topic (it names " + list + ")");
    }
    topics.insert(*found);
  }
  if (topics.empty() && options.has("dead-letter")) {
    return options.wrong("no consume route has a dead-letter topic: give it consume.NAME.dead-letter");
  }
  return topics.empty() ? known : topics;
}

class Creation {
 public:
  Creation(Desk& desk, const Wishes& wishes, Output& output) : desk_(desk), wishes_(wishes), output_(output) {}

  // Whether the topic exists afterwards; an error: the cluster does not answer.
  Result<bool> ensure(const std::string& name, const std::string& like, bool create) {
    const auto there = desk_.admin->describe_topic(name, desk_.timeout);
    if (there) {
      table_.add({name, "exists", static_cast<std::int64_t>(there->size())});
      return true;
    }
    if (there.error().code != ErrorCode::kNotFound) return tl::make_unexpected(there.error());
    if (!create) {
      table_.add({name, "missing", {}});
      return false;
    }
    return make(name, like);
  }
  void write() const { table_.write(output_.out, desk_.json); }

 private:
  Result<bool> make(const std::string& name, const std::string& like) {
    kafka::Admin::NewTopic topic{name, 0, wishes_.replication, {}};
    if (auto status = choose_partitions(topic, like); !status) return tl::make_unexpected(status.error());
    if (wishes_.retention) topic.config["retention.ms"] = std::to_string(wishes_.retention->count());
    const auto made = desk_.admin->create_topic(topic, desk_.timeout);
    if (made || made.error().code == ErrorCode::kConflict) return shown(topic, made.has_value());
    if (made.error().code != ErrorCode::kInvalid) return tl::make_unexpected(made.error());
    table_.add({name, "refused", {}});
    output_.error << "hubferryctl: " << made.error().message << "\nWhat does the same:\n"
                  << create_commands(topic, desk_.settings.consumer_properties);
    return false;
  }

  // `created`: here; else somebody else was quicker, or the cluster did not show it yet.
  Result<bool> shown(const kafka::Admin::NewTopic& topic, bool created) {
    if (auto status = wait_for_partitions(desk_, topic.name, created ? topic.partitions : 1); !status) {
      return tl::make_unexpected(status.error());
    }
    const auto partitions = desk_.admin->describe_topic(topic.name, desk_.timeout);
    if (!partitions) return tl::make_unexpected(partitions.error());
    table_.add({topic.name, created ? "created" : "exists", static_cast<std::int64_t>(partitions->size())});
    return true;
  }

  Status choose_partitions(kafka::Admin::NewTopic& topic, const std::string& like) const {
    if (!wishes_.partitions && !like.empty()) {
      const auto model = desk_.admin->describe_topic(like, desk_.timeout);
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
  Table table_{{"topic", "state", "partitions"}};
};

int create(const Options& options, Session& session) {
  const auto wishes = wishes_of(options);
  if (!wishes) return complain(session.output, wishes.error());
  auto desk = open_desk(options, session);
  if (!desk) return complain(session.output, desk.error());
  const auto topics = chosen(desk->settings, options);
  if (!topics) return complain(session.output, topics.error());
  const bool wanted = options.has("topic") || options.has("dead-letter");
  Creation creation(*desk, *wishes, session.output);
  bool all = true;
  for (const auto& [name, like] : *topics) {
    const auto exists = creation.ensure(name, like, wanted);
    if (!exists) {
      creation.write();
      return complain(session.output, exists.error());
    }
    all = all && *exists;
  }
  creation.write();
  if (!all && !wanted) {
    session.output.error << "nothing was created: name topics with --topic, or say --dead-letter\n";
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
                                {"partitions", "N", "default: as many as the topic whose events it takes up"},
                                {"replication", "N", "default: the cluster's"},
                                {"retention", "TIME", "such as 7d (default: the cluster's)"},
                                kTimeoutOption,
                                kJsonOption},
                               create}}};
  return family;
}

}  // namespace hubferry::ctl
