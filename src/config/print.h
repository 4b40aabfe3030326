#pragma once
#include <string>
#include <vector>

#include "config/client_properties.h"
#include "config/source.h"

namespace hubferry::config {

// Every command-line option and every key of the schema with default and description.
std::string help_text();

// An INI file that means the same; above every value its source. Secrets, and what a file cannot hold, are comments.
// `assignments` holds every key of the schema that has a value, sections together.
std::string config_text(const std::vector<Assignment>& assignments, const ClientProperties& properties);

}  // namespace hubferry::config
