"""Was the machine quiet? What other processes took of it during a turn, and a product's rate before and after.

Implementations that are compared take turns; a turn of each is a round. Some suffer more than others from whatever else runs, as all
threads of a product may have to wait for the one whose core is taken. So a round in a noisy moment compares nothing: it is thrown away,
counted and repeated.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psutil

from minigpt.run.speed import product_peak

MOST_OTHERS = 0.1  # cores. Not a share of all: however many there are, threads that share out a product wait for the slowest of them
MOST_DRIFT = 0.1  # from the usual rate: where nothing else ran, the rates were seen to lie within 0.07 of their median
MOST_ROUNDS = 2  # for each that is wanted, so that a machine that never gets quiet costs twice the time and no more
PRODUCTS = 2  # by each core, for one rate


@dataclass(frozen=True)
class Reading:
    """Seconds so far: of the clock, and of the cores that this process may run on."""

    clock: float
    busy: float  # of all processes
    stolen: float  # by other guests of the same host, on a virtual machine
    own: float  # of this process, all of its threads

    @classmethod
    def now(cls) -> Reading:
        usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
        cores = [times for core, times in enumerate(psutil.cpu_times(percpu=True)) if core in usable]
        # By name: other fields are idle time, or counted in these already.
        busy = sum(getattr(times, name, 0.0) for times in cores for name in ("user", "nice", "system", "irq", "softirq"))
        return cls(time.perf_counter(), busy, sum(getattr(times, "steal", 0.0) for times in cores), time.process_time())

    def others(self, start: Reading) -> float:
        """The cores that others kept busy from `start` to now, on average."""
        # Some kernels count stolen time as this process's own, and some do not: neither way may it make up for what others used.
        used = max(0.0, (self.busy - start.busy) - (self.own - start.own))
        return (used + self.stolen - start.stolen) / (self.clock - start.clock)


def watched(work: Callable[[], Any]) -> tuple[Any, float]:
    """What some work of this process returns, and the cores that others kept busy meanwhile."""
    start = Reading.now()
    result = work()
    return result, Reading.now().others(start)


@dataclass(frozen=True)
class Turn:
    """What one implementation measured, and how quiet it was."""

    result: Any
    others: float  # cores that others kept busy
    load: float  # processes that wanted to run, averaged over a minute: a hint only, as earlier turns are in it
    before: float  # FLOP/s of a product
    after: float


Round = dict[str, Turn]


def play_rounds(names: Sequence[str], play: Callable[[str], tuple[Any, float]], wanted: int, threads: int) -> list[Round]:
    """Rounds, of which `wanted` are quiet if the machine allows it. `play(name)` returns a result and the cores that others kept busy."""
    rounds: list[Round] = []
    rate = product_peak(threads, PRODUCTS)
    while len(quiet(rounds)) < wanted and len(rounds) < MOST_ROUNDS * wanted:
        played: Round = {}
        for name in names:
            load, before = psutil.getloadavg()[0], rate
            result, others = play(name)
            rate = product_peak(threads, PRODUCTS)
            played[name] = Turn(result, others, load, before, rate)
        rounds.append(played)
        print(f"round {len(rounds)}: {'; '.join(complaints(played, usual_rate(rounds))) or 'quiet'}", flush=True)
    return rounds


def usual_rate(rounds: Sequence[Round]) -> float:
    """The median of a product's rates around turns that others left alone, or around all if there is none."""
    turns = [turn for played in rounds for turn in played.values()]
    alone = [turn for turn in turns if turn.others <= MOST_OTHERS]
    # Of two in the middle the higher, which was measured: the machine never ran at their mean.
    return statistics.median_high(rate for turn in alone or turns for rate in (turn.before, turn.after))


def complaints(played: Round, usual: float) -> list[str]:
    """Why a round was not quiet, if the product usually runs at this rate; empty if it was."""
    found = []
    noisiest = max(played, key=lambda name: played[name].others)
    if played[noisiest].others > MOST_OTHERS:
        found.append(f"others kept {played[noisiest].others:.2f} cores busy during {noisiest}")
    rates = [rate / usual for turn in played.values() for rate in (turn.before, turn.after)]
    if min(rates) < 1 - MOST_DRIFT or max(rates) > 1 + MOST_DRIFT:
        found.append(f"a product ran at {min(rates):.2f} to {max(rates):.2f} times its usual rate")
    return found


def quiet(rounds: Sequence[Round]) -> list[Round]:
    """The rounds without complaint, as the usual rate is known now."""
    return [played for played in rounds if not complaints(played, usual_rate(rounds))]


def to_show(rounds: Sequence[Round], wanted: int) -> tuple[list[Round], str]:
    """The quiet rounds, or all if none was quiet, and a line that says which."""
    kept = quiet(rounds)
    thrown = len(rounds) - len(kept)
    if not kept:
        return list(rounds), f"UNQUIET: none of {len(rounds)} rounds was quiet; the figures are of all of them, and no fair comparison"
    few = f", of {wanted} wanted: the machine did not get quiet" if len(kept) < wanted else ""
    return kept, f"quiet rounds: {len(kept)}{few}; thrown away: {thrown}"
