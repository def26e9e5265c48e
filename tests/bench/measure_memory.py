# SPDX-License-Identifier: Apache-2.0
"""Memory of the agent, idle and with ever more holds."""
import host
import kernel_stats
import subjects
from figures import Budget, Row

STEPS = (10_000, 100_000, 1_000_000)
ROOM = 1_200_000
DESTINATIONS = 24
METHOD = f"""Real connections, closed by the client: what stays is TIME_WAIT, which costs the
ledger as much as any hold. {DESTINATIONS} addresses a process, tcp_tw_reuse 0, `--max-holds
{ROOM}`. Bytes a hold are resident memory beyond that of the same agent with none. The maps are
kernel memory, made for as many holds as `--max-holds` says."""
ROWS = {
    "idle": Row("resident, idle", "MiB", budget=Budget(12)),
    "anonymous": Row("of it, pages of no file", "MiB"),
    "broker": Row("the broker's, idle: what it does not share", "MiB"),
    "idle_maps": Row("BPF maps, idle, default settings", "MiB"),
    10_000: Row("bytes a hold at 10,000 holds", "bytes"),
    100_000: Row("bytes a hold at 100,000 holds", "bytes"),
    1_000_000: Row("bytes a hold at 1,000,000 holds", "bytes", budget=Budget(96)),
    "maps": Row(f"BPF maps, room for {ROOM:,} holds, 1,000,000 in it", "MiB"),
}
MIB = 2**20


def holds(agent, netns):
    return agent.metric("portgauge_destination_used_ports", netns=netns)


def grow(agent, netns, wanted):
    """Makes holds until there are so many; returns how many there are."""
    there = holds(agent, netns)
    host.load(netns, count=int(wanted - there), workers=host.PROCESSORS, destinations=DESTINATIONS, end="client")
    there = agent.settled("portgauge_allocations_total", netns=netns, path="connect") and holds(agent, netns)
    if there < 0.95 * wanted:
        raise RuntimeError(f"only {there:.0f} of {wanted} holds: TIME_WAIT ended before all were there")
    return there


def measure():
    with subjects.agent() as agent:
        agent.settled("portgauge_reconciliations_total")
        yield "idle", [kernel_stats.resident_bytes(agent.pid) / MIB]
        yield "anonymous", [kernel_stats.anonymous_bytes(agent.pid) / MIB]
        yield "broker", [sum(map(kernel_stats.private_bytes, kernel_stats.children(agent.pid))) / MIB]
        yield "idle_maps", [kernel_stats.map_bytes(agent.pid) / MIB]
    with host.namespace() as netns, subjects.agent(f"--max-holds={ROOM}") as agent:
        empty = kernel_stats.resident_bytes(agent.pid)
        for wanted in STEPS:
            there = grow(agent, netns, wanted)
            yield wanted, [(kernel_stats.resident_bytes(agent.pid) - empty) / there]
        yield "maps", [kernel_stats.map_bytes(agent.pid) / MIB]
