#pragma once
#include <string>
#include <vector>

namespace hubferry::kafka {

// The known defects of a librdkafka version, given as rd_kafka_version() writes it (0xMMmmrrpp).
std::vector<std::string> defects_of_version(int version);

}  // namespace hubferry::kafka
