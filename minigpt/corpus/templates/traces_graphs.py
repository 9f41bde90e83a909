"""Writes worked examples of algorithms on graphs and trees."""

from __future__ import annotations

import heapq
import random
from collections import deque

from minigpt.corpus.english import join_and
from minigpt.corpus.templates.traces import Trace, numbers, times


def graph(rng: random.Random, size: int) -> dict[str, dict[str, int]]:
    """A connected weighted graph: every node is joined to an earlier one, plus two more edges."""
    nodes = sorted(rng.sample("BCDEFGHKLMNPRSTW", size))
    edges: dict[str, dict[str, int]] = {node: {} for node in nodes}
    pairs = [(nodes[i], nodes[rng.randrange(i)]) for i in range(1, size)] + [tuple(rng.sample(nodes, 2)) for _ in range(2)]
    for one, two in pairs:
        edges[one][two] = edges[two][one] = edges[one].get(two, rng.randint(1, 9))
    return edges


def edge_list(edges: dict[str, dict[str, int]], weights: bool) -> str:
    """ "A-B, A-C", or "A-B 3, A-C 5" with weights."""
    return ", ".join(f"{a}-{b}" + f" {w}" * weights for a in edges for b, w in sorted(edges[a].items()) if a < b)


def breadth_first(rng: random.Random) -> str:
    edges = graph(rng, rng.choice((5, 6)))
    start = next(iter(edges))
    far, waiting, text = {start: 0}, deque([start]), f"the edges are {edge_list(edges, weights=False)}. Start at {start}."
    while waiting:
        node = waiting.popleft()
        new = [other for other in sorted(edges[node]) if other not in far]
        far |= {other: far[node] + 1 for other in new}
        waiting.extend(new)
        text += f" Visit {node}" + (f" and add {join_and(new)}." if new else ".")
    most = max(far.values())
    last = [node for node in far if far[node] == most]
    return f"{text} Farthest from {start} {'is' if len(last) == 1 else 'are'} {join_and(last)}, with {times(most, 'edge')} on the way."


def depth_first(rng: random.Random) -> str:
    edges = graph(rng, rng.choice((5, 6)))
    start = next(iter(edges))
    order: list[str] = []
    stack, text = [start], f"the edges are {edge_list(edges, weights=False)}. Push {start}."
    while stack:
        node = stack.pop()
        if node in order:
            text += f" Pop {node}, which was visited before."
            continue
        order.append(node)
        new = [other for other in sorted(edges[node], reverse=True) if other not in order]
        stack += new
        text += f" Pop {node}" + (f" and push {join_and(new)}." if new else ".")
    return f"{text} The order of the visits is {' '.join(order)}."


def dijkstra(rng: random.Random) -> str:
    edges = graph(rng, rng.choice((5, 6)))
    start, end = min(edges), max(edges)
    done: dict[str, int] = {}
    heap, text = [(0, start)], f"the edges with their lengths are {edge_list(edges, weights=True)}. Find the way from {start} to {end}."
    while end not in done:
        length, node = heapq.heappop(heap)
        if node in done:
            continue
        done[node] = length
        text += f" Settle {node} at distance {length}."
        for other, weight in edges[node].items():
            heapq.heappush(heap, (length + weight, other))
    return f"{text} So the shortest way from {start} to {end} has length {done[end]}."


def topological_sort(rng: random.Random) -> str:
    tasks = rng.sample(("plan", "design", "buy", "build", "paint", "test", "pack", "ship", "review", "print"), 5)
    before = {task: set(rng.sample(tasks[:i], min(i, rng.choice((1, 2))))) for i, task in enumerate(tasks)}
    rules = [f"{one} before {two}" for two in tasks for one in sorted(before[two])]
    order, text = list[str](), f"the rules are {', '.join(rules)}."
    while before:
        free = min(task for task in before if not before[task] - set(order))
        del before[free]
        order.append(free)
        text += f" Nothing that is left stands before {free}, so take it."
    return f"{text} The order is {', '.join(order)}."


def tree_insert(rng: random.Random) -> str:
    items = numbers(rng, sizes=(5, 6))
    root, *rest = items
    children: dict[int, dict[str, int]] = {root: {}}
    text = f"insert {join_and([str(i) for i in items])} into an empty tree. {root} is the root."
    for item in rest:
        node, turns = root, []
        while True:
            side = "left" if item < node else "right"
            turns.append(f"{side} of {node}")
            if side not in children[node]:
                break
            node = children[node][side]
        children[node][side], children[item] = item, {}
        text += f" {item} goes {', then '.join(turns)}."
    return f"{text} Read from left to right, the tree holds {sorted(items)}."


def heap_push(rng: random.Random) -> str:
    items = numbers(rng, sizes=(5, 6))
    heap: list[int] = []
    text = f"push {join_and([str(i) for i in items])} onto an empty heap."
    for item in items:
        heapq.heappush(heap, item)
        text += f" After {item}: {heap}."
    return f"{text} The smallest number, {heap[0]}, stands at the front."


GRAPHS: tuple[Trace, ...] = (breadth_first, depth_first, dijkstra, topological_sort, tree_insert, heap_push)
