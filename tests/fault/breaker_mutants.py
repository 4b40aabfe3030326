#!/usr/bin/env python3
"""Takes one rule after another out of the shared breaker and shows that the tests notice: each mutant of src/control must
fail the tests of tests/unit/control (the simulation with HUBFERRY_SEEDS seeds, and the others). One command, a table.

  tests/fault/breaker_mutants.py [--build DIR] [--seeds N] [--only WORD]

Needs a compiler and the packages of conf/install-packages.sh build test; --build (default: a temporary folder) keeps
object files."""

import argparse
import concurrent.futures
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOURCES = [
    *(f"src/control/{name}.cpp" for name in "record json_fields breaker fold snapshot member member_records".split()),
    "src/base/circuit.cpp",
    "src/base/ids.cpp",
    "src/observe/json_text.cpp",
    *(f"tests/unit/control/{name}.cpp" for name in "simulation simulation_test breaker_test fold_test member_test".split()),
]
# (what is taken out, file, text, what stands there instead)
MUTANTS = [
    ("a repeated record counts once", "fold", "if (!added && record.author.nonce <= instance.nonce) return false;", ""),
    ("log time never steps back", "fold", "now_ms_ = std::max(now_ms_, timestamp_ms);", "now_ms_ = timestamp_ms;"),
    ("a restart ends the incarnation before it", "fold", "other.seen_ms = std::min(other.seen_ms, now_ms_ - kLease.count());", ""),
    ("what is held is applied after a snapshot", "fold", "take(held.offset, held.timestamp_ms, held.record);", ""),
    ("a snapshot must cover the first record read", "fold", "snapshot->upto >= begun_ && ", ""),
    ("an unknown history begins anew only when nobody is there", "fold", "return held.record.author.incarnation == author.incarnation || held.timestamp_ms <= before;", "return true;"),
    ("who reads too little cannot know that nobody is there", "fold", "if (held_.empty() || held_.front().timestamp_ms > before) return false;", ""),
    ("records of another generation are refused", "breaker", "if (record.generation == breaker.generation) return std::nullopt;", "return std::nullopt;"),
    ("the window", "breaker", "std::erase_if(share.failures, [begin](const auto& each) { return each.first <= begin; });", ""),
    ("failures carry their age", "breaker", "around.now_ms - age.count();\n    if", "around.now_ms;\n    if"),
    ("the threshold", "breaker", "if (total <= breaker.rules.threshold) return std::nullopt;", ""),
    ("the quorum", "breaker", "if (needed_witnesses > 1 && witnesses.size() < needed_witnesses) return std::nullopt;", ""),
    ("a success ends a run", "breaker", "    breaker.run = 0;\n    breaker.run_by.clear();\n  }\n  if (tally", "  }\n  if (tally"),
    ("a run must last", "breaker", "if (around.now_ms - breaker.run_since_ms < Breaker::kRunMustLast.count()) return std::nullopt;", ""),
    ("time before the closing is no time without a handler", "breaker", "std::max(around.now_ms - tally.unavailable_for.count(), breaker.since_ms)", "around.now_ms - tally.unavailable_for.count()"),
    ("the claim of another instance is respected", "breaker", "if (breaker.notifier && !mine && around", "if (false && around"),
    ("people are told once", "breaker", 'if (breaker.notified) return "people were told";', ""),
    ("a used link is refused", "breaker", 'if (token->used) return "this link was used already";', ""),
    ("a link is for one opening", "breaker", "if (token->generation != generation || state == State::kClosed) {", "if (false) {"),
    ("a link expires", "breaker", "if (now_ms >= token->expires_ms)", "if (false)"),
    ("only one instance tries", "breaker", "if (breaker.prober && !mine && around", "if (false && around"),
    ("only the prober says how it went", "breaker", "if (breaker.state != Breaker::State::kHalfOpen || !mine) return", "if (breaker.state != Breaker::State::kHalfOpen) return"),
    ("the cool-down", "breaker", "if (!end || around.now_ms < *end) return", "if (!end) return"),
    ("a new generation when it closes", "breaker", "closed.generation = breaker.generation + 1;", "closed.generation = breaker.generation;"),
    ("a new generation when a try fails", "breaker", "  } else {\n    ++breaker.generation;", "  } else {"),
    ("a record that is not read back is tried again", "member_records", "if (now < under_way_->again) return std::nullopt;", "return std::nullopt;"),
    ("an attempt to tell people needs a fresh claim", "member", "|| now - *own.claim_written >= kNoticeMayTake) continue;", ") continue;"),
    ("what is open stays so when the log begins anew", "member", "own.held_open = breaker.reason;", ""),
    ("events die only when their tally was read back", "member", "own.released = ended.finals;", "own.released = own.pending.state.finals;"),
    ("a tally is early when it could open the breaker", "member_records", "return breaker.failures(fold_.now_ms()) + sum(pending.failures) > breaker.rules.threshold;", "return false;"),
    ("successes of the others end a run", "member_records", "const bool objects = breaker.run != 0 && own.successes_since_run != 0;", "const bool objects = false;"),
    ("whoever asks for a snapshot gets one", "member_records", "const bool wanted = fold_.wanted_ms() >= 0 &&", "const bool wanted = false &&"),
]


def compile_one(source, target, flags, text=None):
    command = ["g++", "-std=c++20", "-O1", "-c", "-o", target, *flags]
    if text is None:
        command.append(os.path.join(ROOT, source))
    else:
        command += ["-x", "c++", "-"]
    done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"{source} does not compile:\n{done.stderr[-3000:]}")


def link(objects, target):
    libraries = ["-lgmock", "-lgtest", "-lgtest_main", "-lboost_json", "-lpthread"]
    subprocess.run(["g++", "-o", target, *objects, *libraries], check=True)


def tests_pass(program, seeds):
    done = subprocess.run(
        [program, "--gtest_brief=1"],
        env={**os.environ, "HUBFERRY_SEEDS": str(seeds)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    failed = [line.split("]")[1].split(",")[0].split("(")[0].strip() for line in done.stdout.splitlines() if "FAILED  ]" in line]
    return done.returncode == 0, sorted(set(failed))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build")
    parser.add_argument("--seeds", type=int, default=2000)
    parser.add_argument("--only", default="", help="mutants whose name contains this")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hubferry-mutants-") as temporary:
        folder = options.build or temporary
        os.makedirs(folder, exist_ok=True)
        flags = ["-I", os.path.join(ROOT, "src"), "-I", os.path.join(ROOT, "tests")]
        objects = {source: os.path.join(folder, source.replace("/", "_") + ".o") for source in SOURCES}
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda source: compile_one(source, objects[source], flags), SOURCES))
        program = os.path.join(folder, "tests")
        link(objects.values(), program)
        passed, failed = tests_pass(program, options.seeds)
        if not passed:
            sys.exit(f"the tests fail without any change: {failed}")
        survived = 0
        for name, file, old, new in MUTANTS:
            if options.only not in name:
                continue
            source = f"src/control/{file}.cpp"
            with open(os.path.join(ROOT, source), encoding="utf-8") as text:
                original = text.read()
            if original.count(old) != 1:
                sys.exit(f"{name}: its text is {original.count(old)} times in {source}")
            mutant = os.path.join(folder, "mutant.o")
            compile_one(source, mutant, flags, original.replace(old, new))
            link([*(path for each, path in objects.items() if each != source), mutant], program)
            passed, failed = tests_pass(program, options.seeds)
            survived += passed
            print(f"{'SURVIVED' if passed else 'noticed':9} {name}: {len(failed)} tests, {', '.join(failed[:2])}", flush=True)
    sys.exit(1 if survived else 0)


if __name__ == "__main__":
    main()
