#!/usr/bin/env python3
"""Checks that the rooms of src/ stay apart: rooms.py [PROJECT_ROOT]; exit code 1 and one line for each violation.

A room (a folder of src/) includes only rooms above it in ORDER, never one of its NEVER list, and links to what it
includes. The libraries in CONFINED are included only by the rooms named there. Includes in quotes are rooted at src/
(in tests also at tests/ and the own folder). Headers start with `#pragma once`. No file is longer than MAX_LINES.
"""
import re
import sys
from pathlib import Path

ORDER = ["base", "config", "event", "observe", "kafka", "http", "transfer", "spool", "ingest", "produce", "deliver",
         "consume", "control", "console", "ctl"]
PRODUCE_ROAD = {"ingest", "produce"}
CONSUME_ROAD = {"deliver", "consume"}
PROTOCOLS = {"kafka", "http", "transfer"}
# The roads meet only in main.cpp; the rooms that speak a protocol do not know one another.
NEVER = {
    "kafka": PROTOCOLS,
    "http": PROTOCOLS,
    "transfer": PROTOCOLS,
    "spool": PROTOCOLS,
    "ingest": {"kafka"} | CONSUME_ROAD | {"produce"},
    "produce": {"http", "ingest"} | CONSUME_ROAD,
    "deliver": {"spool"} | PRODUCE_ROAD,
    "consume": {"http", "spool"} | PRODUCE_ROAD,
    "control": {"http", "spool"} | PRODUCE_ROAD | CONSUME_ROAD,
    "console": {"kafka", "spool"} | PRODUCE_ROAD | CONSUME_ROAD,
}
# Tests may use a confined library in tests/TIER/ROOM of a room that may, in tests/support, and in
# tests/benchmark, whose yardsticks use the libraries bare.
CONFINED = {
    "librdkafka/": {"kafka"},
    "boost/asio": {"http"},
    "boost/beast": {"http"},
    "openssl/": {"http", "control"},  # TLS; the hash of a link's token
    "curl/": {"transfer"},
    "prometheus/": {"observe"},
    "boost/program_options": {"config", "ctl"},
    "simdjson": {"event", "kafka", "ingest", "deliver"},
    "boost/json": {"observe", "ingest", "deliver", "control", "console", "ctl"},
}
ENTRY_POINTS = {"main.cpp", "ctl_main.cpp"}
MAX_LINES = 450

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
ROOM_LINKS = re.compile(r"^hubferry_room\((\w+)([^)]*)\)", re.MULTILINE)


def linked_rooms(cmake_text):
    """{room: rooms its library links to} from the hubferry_room(NAME ROOMS ... LIBRARIES ...) lines."""
    links = {}
    for name, arguments in ROOM_LINKS.findall(cmake_text):
        rooms = re.search(r"\bROOMS\b(.*?)(?:\bLIBRARIES\b|$)", arguments, re.DOTALL)
        links[name] = set(rooms.group(1).split()) if rooms else set()
    return links


def forbidden(room, other):
    """Why `room` must not use `other`, or None."""
    if other == room:
        return None
    if other not in ORDER:
        return f"{other} is no room"
    if ORDER.index(other) > ORDER.index(room):
        return f"{other} comes after {room}"
    if other in NEVER.get(room, ()):
        return f"{room} must not know {other}"
    return None


class Check:
    def __init__(self, root):
        self.root = Path(root)
        self.src = self.root / "src"
        self.violations = []

    def report(self, path, line, message):
        self.violations.append(f"{path.relative_to(self.root)}:{line}: {message}")

    def run(self):
        cmake = self.src / "CMakeLists.txt"
        self.links = linked_rooms(cmake.read_text()) if cmake.is_file() else {}
        for room, others in self.links.items():
            for other in sorted(others):
                reason = forbidden(room, other) if room in ORDER else f"{room} is no room"
                if reason:
                    self.report(cmake, 1, f"links: {reason}")
        for path in self.files(self.src):
            self.source(path, self.room_of(path))
        for path in self.files(self.root / "tests"):
            self.test(path)
        return self.violations

    @staticmethod
    def files(folder):
        return sorted(path for path in folder.rglob("*") if path.suffix in (".h", ".cpp") and path.is_file())

    def room_of(self, path):
        """The room's name, None for an entry point."""
        inside = path.relative_to(self.src).parts
        if len(inside) == 1:
            if inside[0] not in ENTRY_POINTS:
                self.report(path, 1, f"only {', '.join(sorted(ENTRY_POINTS))} lies outside the rooms")
            return None
        if inside[0] not in ORDER:
            self.report(path, 1, f"{inside[0]} is no room")
            return None
        return inside[0]

    def source(self, path, room):
        for number, bracket, name in self.includes(path):
            if bracket == "<":
                self.library(path, number, name, room)
                continue
            if not self.rooted(path, number, name, [self.src]) or room is None:
                continue
            other = name.split("/")[0]
            reason = forbidden(room, other)
            if reason:
                self.report(path, number, f'includes "{name}": {reason}')
            elif other != room and room in self.links and other not in self.links[room]:
                self.report(path, number, f'includes "{name}", but src/CMakeLists.txt does not link {room} to {other}')

    def test(self, path):
        inside = path.relative_to(self.root / "tests").parts
        room = inside[1] if len(inside) > 2 else None
        for number, bracket, name in self.includes(path):
            if bracket == '"':
                self.rooted(path, number, name, [self.src, self.root / "tests", path.parent])
            elif inside[0] not in ("support", "benchmark"):
                self.library(path, number, name, room)

    def includes(self, path):
        """Yields (line number, bracket, name) and checks what concerns the file as a whole."""
        lines = path.read_text().splitlines()
        if len(lines) > MAX_LINES:
            self.report(path, len(lines), f"{len(lines)} lines, at most {MAX_LINES}")
        if path.suffix == ".h" and "#pragma once" not in lines:
            self.report(path, 1, "a header needs #pragma once")
        for number, line in enumerate(lines, 1):
            found = INCLUDE.match(line)
            if found:
                yield number, found.group(1), found.group(2)

    def library(self, path, number, name, room):
        if (self.src / name).is_file():
            self.report(path, number, f"own header <{name}> belongs in quotes")
        for prefix, rooms in CONFINED.items():
            if name.startswith(prefix) and room not in rooms:
                self.report(path, number, f"includes <{name}>: only {', '.join(sorted(rooms))} may")

    def rooted(self, path, number, name, roots):
        if ".." in Path(name).parts or not any((root / name).is_file() for root in roots):
            places = " or ".join(f"{root.name}/" for root in roots)
            self.report(path, number, f'includes "{name}", which is no file of {places}')
            return False
        return True


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    check = Check(root)
    violations = check.run()
    for violation in violations:
        print(violation)
    count = len(Check.files(check.src))
    print(f"architecture: {count} files of src/ checked, {len(violations)} violations")
    return 1 if violations or not count else 0


if __name__ == "__main__":
    sys.exit(main())
