"""What a process may use: the tightest limit of the machine, its containers and itself, whatever the system's files hold."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt.errors import MinigptError
from minigpt.machine import MOST_DEPTH, MOST_THREADS, require_threads, usable_cores
from minigpt.run.room import Room, free_room, whole_memory

MB = 10**6
linux = pytest.mark.skipif(sys.platform != "linux", reason="no such limits there")


def tree(root: Path, group: str, files: dict[str, object]) -> Path:
    """A made-up system: what /proc/self/cgroup says, and files below /sys/fs/cgroup."""
    for name, content in {"proc/self/cgroup": group, **{f"sys/fs/cgroup/{name}": content for name, content in files.items()}}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n")
    return root


def available() -> int:
    """The bytes that are free on the machine, on Linux as the kernel says it."""
    if sys.platform != "linux":
        return psutil.virtual_memory().available
    return 1024 * int(re.search(r"MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text())[1])


def test_without_limits_the_machine_is_what_there_is(tmp_path: Path) -> None:
    """An empty system, one whose limits say that there are none, and this one."""
    none = {"memory.max": "max", "memory.high": "max", "memory.current": 10**9, "cpu.max": "max 100000"}
    v1 = {"memory/memory.limit_in_bytes": 9223372036854771712, "cpu/cpu.cfs_quota_us": -1, "cpu/cpu.cfs_period_us": 100000}
    for root in (tmp_path / "nothing", tree(tmp_path / "v2", "0::/", none), tree(tmp_path / "v1", "4:memory:/\n1:cpu,cpuacct:/", v1)):
        assert free_room(root).where == ""
        assert free_room(root).size == pytest.approx(available(), abs=0.02 * psutil.virtual_memory().total)  # others come and go
        assert whole_memory(root) == (psutil.virtual_memory().total, "this machine")
        assert usable_cores(root) == usable_cores(tmp_path)
    assert 0 < free_room().size <= min(whole_memory()[0], available() + 0.1 * psutil.virtual_memory().total)


@pytest.mark.parametrize(
    ("group", "files", "free"),
    [
        ("0::/", {"memory.max": 300 * MB, "memory.current": 100 * MB}, 200),
        ("0::/", {"memory.max": "max", "memory.high": 300 * MB, "memory.current": 100 * MB}, 200),
        ("0::/", {"memory.max": 300 * MB, "memory.current": 280 * MB, "memory.stat": f"anon 5\ninactive_file {80 * MB}"}, 100),
        ("0::/", {"memory.max": 300 * MB, "memory.current": 400 * MB}, 0),
        ("0::/", {"memory.max": 0}, 0),
        (  # the group that takes most is not the one with the least room
            "0::/app/inner",
            {"app/inner/memory.max": 400 * MB, "app/memory.max": 300 * MB, "app/memory.current": 250 * MB, "memory.max": 900 * MB},
            50,
        ),
        ("0::/gone/away", {"memory.max": 300 * MB}, 300),  # the container shows its own group as the root
        ("0::/../../elsewhere", {"memory.max": 300 * MB, "elsewhere/memory.max": 100 * MB}, 300),
        (
            "4:memory:/docker/1\n0::/",
            {"memory/docker/1/memory.limit_in_bytes": 300 * MB, "memory/docker/1/memory.usage_in_bytes": 120 * MB},
            180,
        ),
        (
            "4:hugetlb,memory:/\n0::/",
            {
                "hugetlb,memory/memory.limit_in_bytes": 300 * MB,
                "hugetlb,memory/memory.usage_in_bytes": 200 * MB,
                "hugetlb,memory/memory.stat": f"inactive_file 7\ntotal_inactive_file {50 * MB}",
            },
            150,
        ),
        ("9:name=systemd:/\n0::/", {"unified/memory.max": 300 * MB}, 300),
    ],
)
def test_a_containers_memory_is_what_it_has_left(tmp_path: Path, group: str, files: dict[str, object], free: int) -> None:
    """Versions 1 and 2, alone or together, nested; memory that only caches files counts as free."""
    root = tree(tmp_path, group, files)
    assert free_room(root) == Room(free * MB, "in this container")
    assert str(free_room(root)) == f"{free} MB are free in this container"
    assert whole_memory(root)[1] == "this container"


@pytest.mark.parametrize(
    ("group", "files", "cores"),
    [
        ("0::/", {"cpu.max": "50000 100000"}, 1),
        ("0::/", {"cpu.max": "100000 100000"}, 1),
        ("0::/a", {"a/cpu.max": "max 100000", "cpu.max": "20000 100000"}, 1),
        ("3:cpu,cpuacct:/b", {"cpu,cpuacct/b/cpu.cfs_quota_us": 1000, "cpu,cpuacct/b/cpu.cfs_period_us": 100000}, 1),
        ("3:cpuacct,cpu:/b", {"cpu/b/cpu.cfs_quota_us": 90000, "cpu/b/cpu.cfs_period_us": 100000}, 1),
        ("0::/", {"cpu.max": "100000000 100000"}, math.inf),
    ],
)
def test_a_quota_of_processor_time_limits_the_cores(tmp_path: Path, group: str, files: dict[str, object], cores: float) -> None:
    assert usable_cores(tree(tmp_path, group, files)) == min(cores, usable_cores(tmp_path / "nothing"))


def test_a_part_of_a_core_counts_as_one(tmp_path: Path) -> None:
    """A quota of 1.5 cores gives two workers, if there are two cores."""
    root = tree(tmp_path, "0::/", {"cpu.max": "150000 100000"})
    assert usable_cores(root) == min(2, usable_cores(tmp_path / "nothing"))


FILES = ["memory.max", "memory.high", "memory.current", "memory.stat", "cpu.max", "memory/memory.limit_in_bytes", "cpu/cpu.cfs_quota_us"]


@settings(max_examples=30)
@given(
    group=st.one_of(st.binary(max_size=60), st.sampled_from([b"0::/\0", b"0::" + b"/a" * 9000, b"4:memory:\n4:cpu:/\n0::/"])),
    contents=st.lists(st.one_of(st.binary(max_size=40), st.just(b"9" * 5000), st.just(b"inactive_file " + b"9" * 5000)), max_size=7),
)
def test_whatever_the_systems_files_hold_there_is_an_answer(
    tmp_path_factory: pytest.TempPathFactory, group: bytes, contents: list[bytes]
) -> None:
    root = tree(tmp_path_factory.mktemp("root"), "", dict.fromkeys(FILES, ""))
    (root / "proc/self/cgroup").write_bytes(group)
    for name, content in zip(FILES, contents, strict=False):
        (root / "sys/fs/cgroup" / name).write_bytes(content)
    assert free_room(root).size >= 0
    assert usable_cores(root) >= 1


def test_reading_is_bounded(tmp_path: Path) -> None:
    """Only the beginning of an endless file is read, and only the outer of endlessly nested groups count."""
    root = tree(tmp_path, "0::" + "/a" * 2 * MOST_DEPTH, {"memory.max": 300 * MB})
    (root / "sys/fs/cgroup/memory.stat").symlink_to("/dev/zero" if Path("/dev/zero").exists() else root)
    assert free_room(root).size == 300 * MB


def ask(code: str) -> str:
    """The output of a separate process."""
    mine = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60, env=mine).stdout.strip()


@linux
def test_the_processs_own_limits_count() -> None:
    """Less what the process has taken; the tighter one is named."""
    found = ask(
        "import resource, psutil; from minigpt.run.room import free_room\n"
        "taken = psutil.Process().memory_info().vms\n"
        "resource.setrlimit(resource.RLIMIT_AS, (taken + 50 * 10**6, resource.RLIM_INFINITY)); print(free_room())\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (5 * 10**6, resource.RLIM_INFINITY)); print(free_room())"
    ).splitlines()
    assert found[0] in {f"{size} MB are free under ulimit -v" for size in range(40, 51)}
    assert found[1] == "0 MB are free under ulimit -d"


@linux
def test_where_no_thread_can_be_started_numpy_comes_without_blas_threads() -> None:
    """OpenBLAS would interrupt the process. The variable that prevents it is removed again; a program's own choice stays."""
    code = """
import os, threading
from minigpt import machine
threading.stack_size(2**46)  # more than there are addresses
assert not machine._can_start(1)
machine.spare_blas()
threading.stack_size(0)
assert "OPENBLAS_NUM_THREADS" not in os.environ
from threadpoolctl import threadpool_info
print([library["num_threads"] for library in threadpool_info()])
"""
    assert ask(code) == "[1]"


def test_a_sensible_number_of_threads() -> None:
    """As many as a large machine has: a run started there may be continued on a smaller one."""
    for fine in (None, 1, MOST_THREADS):
        require_threads("--threads", fine)
    assert type(require_threads("--threads", np.int8(2))) is int
    with pytest.raises(MinigptError, match=r"--threads=1025 is too many: 1,024 at most; this machine has [\d,]+ cores?"):
        require_threads("--threads", MOST_THREADS + 1)
    for wrong in (0, -1, 1.5, "2", True):
        with pytest.raises(MinigptError, match=r"--threads=.* must be a whole number of at least 1"):
            require_threads("--threads", wrong)
