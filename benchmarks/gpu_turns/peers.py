"""The same step in PyTorch on CUDA: TF32, scaled_dot_product_attention, fused AdamW, clipping.

Variants: eager; graph (eager, the whole step captured as one CUDA graph); compile;
reduce-overhead; compiled-graph (compile, the whole step captured). One variant a process: graphs
that are captured on one stream share a cuBLAS workspace, which reduce-overhead gives back.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from minigpt import ModelConfig

sys.path.insert(0, str(Path(__file__).parents[1]))
from peers.torch_gpt import GPT, load

DEVICE = "cuda"


class Peer:
    """A model in training. Calls do not wait for the device."""

    def __init__(self, config: ModelConfig, state: dict[str, np.ndarray] | None, B: int, T: int, variant: str) -> None:
        torch.set_float32_matmul_precision("high")  # TF32
        torch.manual_seed(0)
        self.variant = variant
        self.model = GPT(config)
        if state:
            load(self.model, state)
        self.model.to(DEVICE)
        groups = [
            {
                "params": [p for p in self.model.parameters() if (p.ndim > 1) == wanted],
                "weight_decay": decay,
            }
            for wanted, decay in ((True, 0.01), (False, 0.0))
        ]
        graph = variant.endswith("graph")
        self.optimizer = torch.optim.AdamW(groups, lr=3e-4, fused=True, capturable=graph)
        mode = {"eager": None, "graph": None, "reduce-overhead": variant}.get(variant, "default")
        self.run = torch.compile(self.model, mode=mode, dynamic=False) if mode else self.model
        self.x = torch.zeros(B, T, dtype=torch.long, device=DEVICE)
        self.y = torch.zeros(B, T, dtype=torch.long, device=DEVICE)
        self.latest = torch.zeros(())
        self.graph = self.capture() if graph else None

    def step(self) -> None:
        if self.variant == "reduce-overhead":
            torch.compiler.cudagraph_mark_step_begin()
        loss = self.run(self.x, self.y)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.latest = loss.detach()

    def capture(self) -> torch.cuda.CUDAGraph:
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self.step()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.step()
        return graph

    def __call__(self, x: torch.Tensor, y: torch.Tensor) -> None:
        """A step from pinned host tensors."""
        self.x.copy_(x, non_blocking=True)
        self.y.copy_(y, non_blocking=True)
        if self.graph:
            self.graph.replay()
        else:
            self.step()

    def wait(self) -> None:
        torch.cuda.synchronize()

    def loss(self) -> float:
        return float(self.latest)


def pinned(batch: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(batch.astype(np.int64)).pin_memory()


def attention_times(B: int, T: int, H: int, dropout: float = 0.0) -> dict[str, float]:
    """Milliseconds of PyTorch's attention alone, both ways, in float32 (TF32) and bfloat16."""
    times = {}
    torch.set_float32_matmul_precision("high")
    for dtype in (torch.float32, torch.bfloat16):
        q, k, v = (torch.randn(B, H, T, 64, device=DEVICE, dtype=dtype, requires_grad=True) for _ in "qkv")
        dy = torch.randn_like(q)

        def forward(q=q, k=k, v=v) -> torch.Tensor:
            attention = torch.nn.functional.scaled_dot_product_attention
            return attention(q, k, v, is_causal=True, dropout_p=dropout)

        y = forward()
        name = str(dtype).removeprefix("torch.")
        times[f"{name} forward"] = measured(forward)
        times[f"{name} backward"] = measured(lambda y=y, dy=dy: y.backward(dy, retain_graph=True))
    return times


def measured(call: Callable[[], object], repeat: int = 20, rounds: int = 5) -> float:
    """Milliseconds of a call, the median over rounds, by events."""
    for _ in range(3):
        call()
    found = []
    for _ in range(rounds):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        for _ in range(repeat):
            call()
        end.record()
        end.synchronize()
        found.append(begin.elapsed_time(end) / repeat)
    return float(np.median(found))


def ceilings() -> dict[str, float]:
    """TB/s of a copy (bytes read and written), TFLOP/s of products of 8,192 squared."""
    x = torch.randn(2**28, device=DEVICE)
    y = torch.empty_like(x)
    found = {"copy TB/s": 2 * 4 * 2**28 / measured(lambda: y.copy_(x), 5) / 1e9}
    for name, dtype, precision in (
        ("float32", torch.float32, "highest"),
        ("tf32", torch.float32, "high"),
        ("bfloat16", torch.bfloat16, "high"),
    ):
        torch.set_float32_matmul_precision(precision)
        a, b = (torch.randn(8192, 8192, device=DEVICE, dtype=dtype) for _ in "ab")
        time = measured(lambda a=a, b=b: a @ b, 3, 3)
        found[f"{name} TFLOP/s"] = 2 * 8192**3 / time / 1e9
    torch.set_float32_matmul_precision("high")
    return found
