# SPDX-License-Identifier: Apache-2.0
"""What machine this is, and what ran on it."""
import os
import platform
import subprocess
import time


def output(*command):
    """The first line that a command prints, or "unknown"."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
        return done.stdout.splitlines()[0].strip()
    except (OSError, subprocess.SubprocessError, IndexError):
        return "unknown"


def field(path, name):
    """What stands behind "name :" in a file of /proc."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            key, _, value = line.partition(":")
            if key.strip() == name:
                return value.strip()
    return "unknown"


def package(name):
    return output("dpkg-query", "-W", "-f", "${Version}", name)


def load_average():
    """Processes that wanted a processor within the last minute."""
    return os.getloadavg()[0]


def stolen_seconds():
    """Time that the hypervisor kept from us since the machine started, of all processors."""
    with open("/proc/stat", encoding="utf-8") as file:
        return int(file.readline().split()[8]) / os.sysconf("SC_CLK_TCK")


def machine():
    memory_kib = int(field("/proc/meminfo", "MemTotal").split()[0])
    return {
        "kernel": platform.release(),
        "processor": field("/proc/cpuinfo", "model name"),
        "processors": len(os.sched_getaffinity(0)),
        "memory": f"{memory_kib / 2**20:.1f} GiB",
        "virtualization": output("systemd-detect-virt"),
        "portgauge": output("build/portgauge", "--version"),
        "commit": output("git", "describe", "--always", "--dirty"),
        "libbpf-tools": package("libbpf-tools"),
        "bpftrace": package("bpftrace"),
        "iproute2": package("iproute2"),
    }


def utc():
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
