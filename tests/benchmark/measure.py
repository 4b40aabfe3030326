"""What /proc and wrk tell of a run."""

import json
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
TICKS = os.sysconf("SC_CLK_TCK")


def _times(path):
    """(name, user and system seconds) of a stat file."""
    with open(path, encoding="latin-1") as file:
        text = file.read()
    name, fields = text[text.index("(") + 1 : text.rindex(")")], text[text.rindex(")") + 2 :].split()
    return name, (int(fields[11]) + int(fields[12])) / TICKS


def cpu_seconds(pid):
    """User and system time of the process, threads that have ended included."""
    return _times(f"/proc/{pid}/stat")[1]


def thread_seconds(pid):
    """{thread name: seconds} of the threads that live."""
    result = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            name, seconds = _times(f"/proc/{pid}/task/{thread}/stat")
        except OSError:
            continue  # it ended just now
        result[name] = result.get(name, 0) + seconds
    return result


def memory_mib(pid, what="VmRSS"):
    """A line of /proc/PID/status: VmRSS (now), VmHWM (highest), RssAnon (without files)."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(what + ":"):
                return int(line.split()[1]) / 1024
    raise KeyError(what)


def file_system(path):
    """The type of the file system that holds the path, e.g. ext4 or tmpfs."""
    path, best, kind = os.path.realpath(path), "", "unknown"
    with open("/proc/mounts", encoding="utf-8") as file:
        for line in file:
            _, point, name = line.split()[:3]
            inside = path == point or path.startswith(point.rstrip("/") + "/")
            if inside and len(point) >= len(best):
                best, kind = point, name
    return kind


def wrk(port, topic, seconds, lines=1, size=200, connections=64, threads=1):
    """Posts for so long; {"requests", "seconds", "refused", "broken", "p50_ms", "p99_ms", "max_ms"}."""
    command = ["setpriv", "--pdeathsig", "KILL", "--", "wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}"]
    command += ["--timeout", "30", "-s", os.path.join(HERE, "events.lua"), f"http://127.0.0.1:{port}", "--"]
    command += [topic, str(size), str(lines)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            return json.loads(line[len("RESULT ") :])
    raise RuntimeError(f"wrk failed ({done.returncode}):\n{done.stdout}{done.stderr}")
