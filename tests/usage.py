"""What a process uses: memory, processor time, descriptors and threads, from /proc; 0 where there is no /proc."""

import os
from pathlib import Path

IS_KNOWN = Path("/proc/self/stat").exists()


def memory(pid: int) -> float:
    """Resident MiB of a process."""
    return _status(pid, "VmRSS") / 1024


def threads(pid: int) -> int:
    return _status(pid, "Threads")


def descriptors(pid: int) -> int:
    """How many files and sockets it has open."""
    folder = Path(f"/proc/{pid}/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


def cpu_seconds(pid: int) -> float:
    """Seconds that its threads have run on a processor since its start."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # user and system time


def _status(pid, name):
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text(encoding="utf-8", errors="replace").splitlines() if status.exists() else ()
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)
