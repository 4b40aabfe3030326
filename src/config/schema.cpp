#include "config/schema.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "config/kafka_properties.h"

namespace hubferry::config {
namespace {

bool is_family(const Key& key) {
  return key.section.ends_with(".*");
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

// Every known key as it would read next to `word`: families with the route name that `word` has.
std::vector<std::string> candidates(std::string_view word) {
  const auto parts = split_list(word, '.');
  const std::string route = parts.size() > 2 && is_route_name(parts[1]) ? parts[1] : "NAME";
  std::vector<std::string> keys;
  for (const Key& key : schema()) keys.push_back(full_key(key, route));
  keys.emplace_back("kafka.bootstrap.servers");
  return keys;
}

// `[section]` forgotten: only the part behind the section is compared.
std::string suggestion(std::string_view word) {
  const auto keys = candidates(word);
  if (word.find('.') != std::string_view::npos) return nearest(word, keys);
  std::vector<std::string> tails;
  for (const std::string& key : keys) tails.push_back(key.substr(key.rfind('.') + 1));
  const auto best = std::find(tails.begin(), tails.end(), nearest(word, tails));
  return keys[static_cast<std::size_t>(best - tails.begin())];
}

Parsed<Match> unknown(std::string_view word) {
  return tl::make_unexpected("unknown key; the nearest known one is " + suggestion(word.substr(0, 200)));
}

}  // namespace

std::string full_key(const Key& key, std::string_view route) {
  std::string section(key.section);
  if (is_family(key)) section.replace(section.size() - 1, 1, route);
  return section + "." + std::string(key.name);
}

bool is_route_name(std::string_view name) {
  return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

std::string nearest(std::string_view word, std::span<const std::string> candidates) {
  const std::string wanted = lower(word);
  const auto best =
      std::min_element(candidates.begin(), candidates.end(), [&](const std::string& a, const std::string& b) {
        return edit_distance(wanted, lower(a)) < edit_distance(wanted, lower(b));
      });
  return best == candidates.end() ? std::string() : *best;
}

Parsed<Match> find_key(std::string_view full) {
  constexpr std::string_view kKafka = "kafka.";
  if (full.starts_with(kKafka)) {
    const std::string_view property = full.substr(kKafka.size());
    if (property.empty() ||
        property.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._") != std::string_view::npos) {
      return tl::make_unexpected(std::string("is no librdkafka property: their names have the characters a-z 0-9 . _"));
    }
    return Match{nullptr, {}, canonical_property(property)};
  }
  for (const Key& key : schema()) {
    if (!is_family(key)) {
      if (full_key(key) == full) return Match{&key, {}, {}};
      continue;
    }
    const std::string_view prefix = key.section.substr(0, key.section.size() - 1);
    if (!full.starts_with(prefix)) continue;
    const std::string_view rest = full.substr(prefix.size());
    const auto dot = rest.find('.');
    if (dot == std::string_view::npos || rest.substr(dot + 1) != key.name) continue;
    if (!is_route_name(rest.substr(0, dot))) {
      return tl::make_unexpected(std::string("is no route name: 1 or more of the characters a-z 0-9 -"));
    }
    return Match{&key, std::string(rest.substr(0, dot)), {}};
  }
  return unknown(full);
}

bool is_secret(std::string_view full) {
  const auto match = find_key(full);
  if (!match) return false;
  return match->key != nullptr ? match->key->use == Use::kEnvironmentOnly : is_secret_property(match->property);
}

}  // namespace hubferry::config
