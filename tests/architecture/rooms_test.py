#!/usr/bin/env python3
"""Tests rooms.py: small trees with one violation each, which must be the only thing reported."""
import tempfile
import unittest
from pathlib import Path

from rooms import MAX_LINES, Check

LINKS = """
hubferry_room(base LIBRARIES tl::expected)
hubferry_room(kafka ROOMS base)
hubferry_room(http ROOMS base)
hubferry_room(transfer ROOMS base)
hubferry_room(spool ROOMS base)
hubferry_room(ingest ROOMS base http spool
  LIBRARIES Boost::json)
hubferry_room(produce ROOMS base kafka spool)
hubferry_room(deliver ROOMS base http)
hubferry_room(consume ROOMS base kafka deliver)
hubferry_room(console ROOMS base http)
"""


def header(*lines):
    return "\n".join(["#pragma once", *lines, ""])


GOOD = {
    "src/CMakeLists.txt": LINKS,
    "src/main.cpp": '#include "ingest/ingest.h"\n#include "consume/consume.h"\n',
    "src/base/result.h": header("#include <tl/expected.hpp>"),
    "src/kafka/producer.h": header('#include "base/result.h"'),
    "src/kafka/producer.cpp": '#include <librdkafka/rdkafka.h>\n#include "kafka/producer.h"\n',
    "src/http/server.h": header("#include <boost/asio.hpp>", "#include <boost/beast/http.hpp>"),
    "src/transfer/transfer.h": header('#include "base/result.h"'),
    "src/transfer/transfer.cpp": '#include <curl/curl.h>\n#include "transfer/transfer.h"\n',
    "src/spool/spool.h": header('#include "base/result.h"'),
    "src/ingest/ingest.h": header('#include "http/server.h"', '#include "spool/spool.h"'),
    "src/produce/pump.h": header('#include "kafka/producer.h"'),
    "src/deliver/handler.h": header('#include "http/server.h"'),
    "src/consume/consume.h": header('#include "deliver/handler.h"'),
    "src/console/console.h": header('#include "http/server.h"'),
    "tests/support/broker.h": header("#include <librdkafka/rdkafka.h>"),
    "tests/benchmark/bare.h": header("#include <librdkafka/rdkafka.h>"),
    "tests/unit/ingest/x_test.cpp": '#include "ingest/ingest.h"\n#include "support/broker.h"\n#include "shared.h"\n',
    "tests/unit/ingest/shared.h": header(),
    "tests/component/kafka/producer_test.cpp": "#include <librdkafka/rdkafka.h>\n",
}

# (what, files on top of GOOD, words of the one expected line)
BAD = [
    ("a room below", {"src/base/x.h": header('#include "spool/spool.h"')}, "src/base/x.h:2: spool comes after base"),
    ("kafka to http", {"src/http/x.h": header('#include "kafka/producer.h"')}, "src/http/x.h:2: http must not know"),
    ("transfer to http", {"src/transfer/x.cpp": '#include "http/server.h"'}, "src/transfer/x.cpp:1: transfer must not"),
    ("http to transfer", {"src/http/x.cpp": '#include "transfer/transfer.h"'}, "src/http/x.cpp:1: transfer comes"),
    ("produce to http", {"src/produce/x.cpp": '#include "http/server.h"'}, "src/produce/x.cpp:1: produce must not"),
    ("consume to http", {"src/consume/x.cpp": '#include "http/server.h"'}, "src/consume/x.cpp:1: consume must not"),
    ("deliver to spool", {"src/deliver/x.cpp": '#include "spool/spool.h"'}, "src/deliver/x.cpp:1: deliver must not know"),
    ("ingest to kafka", {"src/ingest/x.cpp": '#include "kafka/producer.h"'}, "src/ingest/x.cpp:1: must not know"),
    ("ingest to produce", {"src/ingest/x.cpp": '#include "produce/pump.h"'}, "src/ingest/x.cpp:1: produce comes"),
    ("one road to the other", {"src/consume/x.cpp": '#include "produce/pump.h"'}, "src/consume/x.cpp:1: must not"),
    ("console to a road", {"src/console/x.cpp": '#include "produce/pump.h"'}, "src/console/x.cpp:1: must not know"),
    ("not linked", {"src/console/x.cpp": '#include "base/result.h"',
                    "src/CMakeLists.txt": LINKS.replace("console ROOMS base http", "console ROOMS http")},
     "src/console/x.cpp:1: does not link console to base"),
    ("forbidden link", {"src/CMakeLists.txt": LINKS + "hubferry_room(event ROOMS base spool)"},
     "src/CMakeLists.txt:1: spool comes after event"),
    ("librdkafka", {"src/spool/x.cpp": "#include <librdkafka/rdkafkacpp.h>"}, "src/spool/x.cpp:1: only kafka may"),
    ("librdkafka in main", {"src/main.cpp": "# include <librdkafka/rdkafka.h>"}, "src/main.cpp:1: only kafka may"),
    ("Asio", {"src/deliver/x.cpp": "#include <boost/asio/post.hpp>"}, "src/deliver/x.cpp:1: only http may"),
    ("Beast", {"src/ingest/x.cpp": "#include <boost/beast.hpp>"}, "src/ingest/x.cpp:1: only http may"),
    ("curl", {"src/deliver/x.cpp": "#include <curl/curl.h>"}, "src/deliver/x.cpp:1: only transfer may"),
    ("curl in another room's test", {"tests/unit/ingest/x.cpp": "#include <curl/curl.h>"},
     "tests/unit/ingest/x.cpp:1: only transfer may"),
    ("simdjson", {"src/spool/x.cpp": "#include <simdjson.h>"}, "src/spool/x.cpp:1: <simdjson.h>: only"),
    ("Boost.JSON", {"src/spool/x.cpp": "#include <boost/json.hpp>"}, "src/spool/x.cpp:1: <boost/json.hpp>: only"),
    ("librdkafka in another room's test", {"tests/unit/ingest/x.cpp": "#include <librdkafka/rdkafka.h>"},
     "tests/unit/ingest/x.cpp:1: only kafka may"),
    ("relative", {"src/spool/x.cpp": '#include "../base/result.h"'}, "src/spool/x.cpp:1: no file of src/"),
    ("not rooted", {"src/spool/x.cpp": '#include "spool.h"'}, "src/spool/x.cpp:1: no file of src/"),
    ("not rooted in a test", {"tests/unit/ingest/x.cpp": '#include "ingest.h"'},
     "tests/unit/ingest/x.cpp:1: no file of src/ or tests/"),
    ("own header in <>", {"src/spool/x.cpp": "#include <base/result.h>"}, "src/spool/x.cpp:1: belongs in quotes"),
    ("pragma once", {"src/base/x.h": "int x();"}, "src/base/x.h:1: #pragma once"),
    ("too long", {"src/base/x.cpp": "\n" * (MAX_LINES + 1)}, f"src/base/x.cpp:{MAX_LINES + 1}: at most {MAX_LINES}"),
    ("unknown room", {"src/attic/x.cpp": ""}, "src/attic/x.cpp:1: attic is no room"),
    ("stray file", {"src/util.cpp": ""}, "src/util.cpp:1: only ctl_main.cpp, main.cpp lies outside"),
]


class RoomsTest(unittest.TestCase):
    def violations(self, files):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return Check(folder).run()

    def test_a_good_tree_passes(self):
        self.assertEqual(self.violations(GOOD), [])

    def test_a_file_of_exactly_the_limit_passes(self):
        self.assertEqual(self.violations({**GOOD, "src/base/x.cpp": "\n" * MAX_LINES}), [])

    def test_every_violation_is_caught_alone(self):
        for what, files, words in BAD:
            with self.subTest(what):
                found = self.violations({**GOOD, **files})
                self.assertEqual(len(found), 1, found)
                place, _, rest = words.partition(": ")
                self.assertIn(place + ":", found[0])
                self.assertIn(rest, found[0])


if __name__ == "__main__":
    unittest.main()
