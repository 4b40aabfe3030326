#include "config/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <cerrno>
#include <cstring>
#include <map>
#include <sstream>

#include "base/unique_fd.h"
#include "config/environment.h"
#include "config/kafka_properties.h"
#include "config/schema.h"
#include "config/values.h"

namespace hubferry::config {
namespace {

constexpr std::size_t kLargestFile = 1024 * 1024;

// Boost's reader takes everything behind '#' for a comment, also inside a value. It never sees one: '#' travels as this
// control character, which lines may not contain.
constexpr char kHash = '\x01';

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
}

// A comment's position behind white space, or npos.
std::size_t comment_start(std::string_view line) {
  for (std::size_t i = 1; i < line.size(); ++i) {
    if ((line[i] == '#' || line[i] == ';') && (line[i - 1] == ' ' || line[i - 1] == '\t')) return i;
  }
  return std::string_view::npos;
}

// One file on its way to Boost: lines it can read, and where they stood.
class Filter {
 public:
  explicit Filter(const std::string& name) : name_(name) {}

  Status add(std::string_view line) {
    ++number_;
    if (number_ == 1 && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);  // byte order mark
    line = trimmed(line);
    if (line.empty() || line.front() == '#' || line.front() == ';') return {};
    if (std::any_of(line.begin(), line.end(), is_control)) {
      return error("a control character; a value of several lines can only come from the environment");
    }
    return line.front() == '[' ? section(line) : assignment(line);
  }

  const std::string& lines() const { return lines_; }
  Origin origin(std::size_t assignment) const {
    return {Source::kFile, name_ + ":" + std::to_string(numbers_.at(assignment))};
  }

 private:
  tl::unexpected<Error> error(std::string_view what) const {
    return fail(ErrorCode::kInvalid, name_ + ":" + std::to_string(number_) + ": " + std::string(what),
                Disposition::kFatal);
  }

  Status section(std::string_view line) {
    line = trimmed(line.substr(0, comment_start(line)));
    const std::string_view name = line.ends_with(']') ? line.substr(1, line.size() - 2) : std::string_view();
    if (name.empty() || name.find_first_of("[]#;= \t") != std::string_view::npos) {
      return error("is no section: expected [NAME], such as [ingest] or [produce.orders]");
    }
    section_ = std::string(name) + ".";
    lines_.append(line).push_back('\n');
    return {};
  }

  Status assignment(std::string_view line) {
    const auto equals = line.find('=');
    const std::string_view key = trimmed(line.substr(0, equals));
    if (equals == std::string_view::npos || key.empty() || key.find_first_of("#; \t") != std::string_view::npos) {
      return error("expected key = value, [section], or a comment that starts with # or ;");
    }
    const auto comment = comment_start(line);
    if (comment != std::string_view::npos && comment > equals) {
      if (is_secret(section_ + std::string(key))) {
        return error(std::string(key) +
                     ": a comment behind a secret could be a part of it: put the comment on a line of its own, or a "
                     "secret with white space before # or ; into the environment");
      }
      line = trimmed(line.substr(0, comment));
    }
    const auto start = lines_.size();
    lines_.append(line).push_back('\n');
    std::replace(lines_.begin() + static_cast<std::ptrdiff_t>(start), lines_.end(), '#', kHash);
    numbers_.push_back(number_);
    return {};
  }

  const std::string& name_;
  std::size_t number_ = 0;
  std::string section_;
  std::string lines_;
  std::vector<std::size_t> numbers_;
};

Status check_assignment(const Assignment& assignment, std::map<std::string, std::string>& seen) {
  const auto match = find_key(assignment.key);
  if (!match)
    return fail(ErrorCode::kInvalid,
                assignment.origin.text + ": " + shown(assignment.key, false) + ": " + match.error());
  if (match->key != nullptr && match->key->use == Use::kEnvironmentOnly) {
    return tl::make_unexpected(
        option_error(assignment, "a secret is not accepted here: use " + std::string(match->key->name) +
                                     "-file, or the environment variable HUBFERRY_" + variable_name(assignment.key)));
  }
  if (assignment.value == "(hidden)" && is_secret(assignment.key)) {
    return tl::make_unexpected(option_error(assignment, "is what --print-config shows, not the secret itself"));
  }
  const std::string unique = match->key == nullptr ? "kafka." + match->property : assignment.key;
  const auto [first, added] = seen.emplace(unique, assignment.origin.text);
  if (!added) return tl::make_unexpected(option_error(assignment, "was already given at " + first->second));
  return {};
}

}  // namespace

Result<std::string> read_text_file(const std::string& path, std::string_view purpose) {
  const std::string what = "cannot read the " + std::string(purpose) + " " + shown_whole(path, false) + ": ";
  const auto because = [&](const std::string& reason) {
    return fail(ErrorCode::kInvalid, what + reason, Disposition::kFatal);
  };
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return because(std::strerror(errno));
  std::string text;
  char buffer[16384];
  for (;;) {
    const ssize_t count = ::read(file.get(), buffer, sizeof buffer);
    if (count == 0) return text;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return because(std::strerror(errno));
    text.append(buffer, static_cast<std::size_t>(count));
    if (text.size() > kLargestFile) return because("it is larger than 1 MiB");
  }
}

bool readable_by_others(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

Result<std::vector<Assignment>> parse_file(const std::string& text, const std::string& name) {
  Filter filter(name);
  for (std::size_t from = 0; from < text.size();) {
    const auto to = std::min(text.find('\n', from), text.size());
    if (auto status = filter.add(std::string_view(text).substr(from, to - from)); !status) {
      return tl::make_unexpected(status.error());
    }
    from = to + 1;
  }
  std::istringstream lines(filter.lines());
  const boost::program_options::options_description none;
  const auto parsed = boost::program_options::parse_config_file(lines, none, true);

  std::vector<Assignment> assignments;
  std::map<std::string, std::string> seen;
  for (const auto& option : parsed.options) {
    Assignment assignment{option.string_key, option.value.at(0), filter.origin(assignments.size())};
    std::replace(assignment.value.begin(), assignment.value.end(), kHash, '#');
    if (auto status = check_assignment(assignment, seen); !status) return tl::make_unexpected(status.error());
    assignments.push_back(std::move(assignment));
  }
  return assignments;
}

}  // namespace hubferry::config
