# SPDX-License-Identifier: Apache-2.0
"""Processes, network namespaces, and the load that runs in them. All end with their `with`."""
import json
import os
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager

LOAD = "build/tests/bench/load"
PROCESSORS = len(os.sched_getaffinity(0))
# A whole range, and TIME_WAIT that is neither reused nor cut short: each run finds the same namespace.
SETTINGS = {
    "net.ipv4.ip_local_port_range": "10000 60999",
    "net.ipv4.tcp_tw_reuse": "0",
    "net.ipv4.tcp_max_tw_buckets": "2000000",
}


def run(*command, timeout=60):
    """What it prints; its failure is an error with its own words."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode:
        words = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise RuntimeError(f"{' '.join(command[:4])}: {words[-1]}")
    return done.stdout


@contextmanager
def scratch():
    """A folder in memory."""
    with tempfile.TemporaryDirectory(prefix="portgauge-bench.", dir="/dev/shm") as path:
        yield path


@contextmanager
def process(command, **options):
    """A process that is asked to end, and then made to."""
    child = subprocess.Popen(command, stdin=options.pop("stdin", subprocess.DEVNULL), **options)
    try:
        yield child
    finally:
        end(child, signal.SIGTERM)


def end(child, sign, seconds=20):
    if child.poll() is None:
        child.send_signal(sign)
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def wait_for(what, condition, seconds=30, pause=0.02):
    """What condition returns once it is true."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(pause)


@contextmanager
def namespace(name="load", **settings):
    """A network namespace of our own, its loopback up. What is in it ends with it."""
    name = f"pgbench-{name}-{os.getpid()}"
    run("ip", "netns", "add", name)
    try:
        run("ip", "-n", name, "link", "set", "lo", "up")
        for key, value in (SETTINGS | settings).items():
            run(*enter(name), "sysctl", "-qw", f"{key}={value}")
        yield name
    finally:
        run("ip", "netns", "delete", name)
        time.sleep(0.5)  # its remnants go in the background, which the next run would pay for


def enter(netns):
    return ("nsenter", f"--net=/run/netns/{netns}")


def load_command(netns, **options):
    return [*enter(netns), LOAD, *(f"--{key}={value}" for key, value in options.items())]


def load(netns, **options):
    """Runs the load to its end: what it did, its "ns" included."""
    result = json.loads(run(*load_command(netns, **options), timeout=600))
    if result["failed"]:
        raise RuntimeError(f"the load failed after {result['done']} connections")
    return result


@contextmanager
def kept_open(netns, **options):
    """Connections that stay; yields what the load says of them."""
    command = load_command(netns, end="stay", **options)
    with process(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        line = child.stdout.readline()
        if not line:
            raise RuntimeError("the load could not keep its connections")
        try:
            yield json.loads(line)
        finally:
            child.stdin.close()
            child.wait(60)
