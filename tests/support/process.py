"""Child processes and temporary folders that do not outlive the test, however it ends."""

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time

_running = set()


class Child:
    """A process in its own process group whose output goes to a file. The kernel kills it when the thread that started
    it ends (setpriv --pdeathsig), so start children from the main thread; `detached` children live on."""

    def __init__(
        self, name, command, output, environment=None, detached=False, error_output=None, input=subprocess.DEVNULL
    ):
        self.name = name
        guard = [] if detached else ["setpriv", "--pdeathsig", "KILL", "--"]
        with open(output, "ab") as out, open(error_output or output, "ab") as err:
            self.process = subprocess.Popen(
                guard + command, stdin=input, stdout=out, stderr=err, env=environment, start_new_session=True
            )
        self.pid = self.process.pid
        if not detached:
            _running.add(self)

    def alive(self):
        return self.process.poll() is None

    def send(self, number):
        """Sends a signal to the process; one that has ended is left alone."""
        if self.alive():
            self.process.send_signal(number)

    def wait(self, seconds):
        """The exit code (negative: the signal that ended it). Raises TimeoutError."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{self.name} (pid {self.pid}) still runs after {seconds:.0f} s") from None
        _running.discard(self)
        return code

    def kill(self):
        """Kills the whole process group and waits."""
        if self.alive():
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return self.wait(30)


def stop_all():
    for child in list(_running):
        child.kill()


atexit.register(stop_all)


def end_on_signals():
    """Turns SIGTERM and SIGHUP into SystemExit, so that clean-up code runs as it does on Ctrl-C."""

    def leave(number, _frame):
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, leave)


def _start_time(pid):
    with open(f"/proc/{pid}/stat", encoding="latin-1") as stat:
        return stat.read().rpartition(")")[2].split()[19]


def temporary_folder(prefix):
    """A new folder named prefix-PID-STARTTIME-random. Folders of that prefix whose owner is gone are removed first."""
    base = tempfile.gettempdir()
    for name in os.listdir(base):
        owner = name[len(prefix) + 1 :].split("-")
        if not name.startswith(prefix + "-") or len(owner) < 3:
            continue
        if os.path.exists(os.path.join(base, name, "keep")):
            continue
        try:
            stale = _start_time(int(owner[0])) != owner[1]
        except (OSError, ValueError):
            stale = owner[0].isdigit()
        if stale:
            shutil.rmtree(os.path.join(base, name), ignore_errors=True)
    return tempfile.mkdtemp(prefix=f"{prefix}-{os.getpid()}-{_start_time(os.getpid())}-", dir=base)


def keep_folder(folder):
    """Saves the folder from the clean-up above, because somebody wants to read what is in it."""
    with open(os.path.join(folder, "keep"), "w", encoding="utf-8"):
        pass


def wait_until(what, condition, seconds, interval=0.05):
    """Polls `condition` until it gives something true and returns that. Raises TimeoutError naming `what`, which may be
    a function, called then."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s for {what() if callable(what) else what}")
        time.sleep(interval)
