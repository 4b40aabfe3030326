"""TCP ports below the ephemeral range for servers whose port must stay the same across restarts."""

import fcntl
import os
import random
import socket
import tempfile

FIRST, LAST = 20000, 29999
_locks = {}  # port -> descriptor of its lock file; the lock lives as long as this process


def _lock(port):
    folder = os.path.join(tempfile.gettempdir(), f"hubferry-ports-{os.getuid()}")
    os.makedirs(folder, exist_ok=True)
    descriptor = os.open(os.path.join(folder, str(port)), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return descriptor
    except OSError:
        os.close(descriptor)
        return None


def _free(port):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def reserve():
    """A port that is free now and that no other user of this function gets while this process lives."""
    choice = random.SystemRandom()
    for _ in range(1000):
        port = choice.randint(FIRST, LAST)
        if port in _locks:
            continue
        descriptor = _lock(port)
        if descriptor is None:
            continue
        if _free(port):
            _locks[port] = descriptor
            return port
        os.close(descriptor)
    raise RuntimeError(f"no free TCP port between {FIRST} and {LAST}")
