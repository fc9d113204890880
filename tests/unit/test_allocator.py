"""Memory that is free again: few arenas, and what is given back; each in a process of its own."""

import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")

PRELUDE = """
import ctypes, re, tempfile, threading
from gateway.allocator import give_back, use_few_arenas

libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.free.argtypes = libc.fclose.argtypes = [ctypes.c_void_p]
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]


def arenas():
    with tempfile.NamedTemporaryFile() as file:
        stream = libc.fopen(file.name.encode(), b"w")
        libc.malloc_info(0, stream)
        libc.fclose(stream)
        return len(re.findall(rb"<heap nr=", file.read()))


def resident():
    with open("/proc/self/statm") as told:
        return int(told.read().split()[1]) * 4096
"""
THREADS = """
held = threading.Barrier(9)


def take():
    kept = [libc.malloc(5000) for _ in range(50)]
    held.wait()  # all at once: a thread that has ended leaves its arena to the next
    for each in kept:
        libc.free(each)


threads = [threading.Thread(target=take) for _ in range(8)]
for thread in threads:
    thread.start()
held.wait()
print(arenas())
"""
PIECES = """
pieces = [libc.malloc(60_000) for _ in range(1000)]
for piece in pieces:
    ctypes.memset(piece, 1, 60_000)
last = libc.malloc(100)  # above them, so that the C library does not shrink the heap by itself
full = resident()
for piece in pieces:
    libc.free(piece)
"""


def told(script):
    """Run a script, and return the number that it prints."""
    run = subprocess.run(
        [sys.executable, "-c", PRELUDE + script], capture_output=True, text=True, timeout=60, check=True
    )
    return int(run.stdout)


def test_eight_threads_share_two_arenas_where_they_would_have_had_more():
    assert told("use_few_arenas()" + THREADS) <= 2
    assert told(THREADS) > 2


def test_what_is_free_goes_back_to_the_system_when_it_is_given_back_and_not_before():
    assert told(PIECES + "print(full - resident())") < 10_000_000
    assert told(PIECES + "give_back()\nprint(full - resident())") > 50_000_000


def test_another_c_library_is_left_alone():
    script = "import gateway.allocator as a\na._GLIBC = None\nprint(int(a.use_few_arenas() or a.give_back()))"
    assert told(script) == 0
