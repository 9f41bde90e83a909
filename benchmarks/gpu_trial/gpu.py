"""A CUDA device by CuPy: arrays, kernels by NVRTC, products by cuBLASLt, a step as a graph."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cupy
import numpy as np

from .build import cubin
from .cublas import CublasLt
from .program import Program, batch_block
from .sources import options, source
from .step import Step

Array = Any
SLOTS = 64  # batches on their way to the device
FAST_MEMORY = 48 * 1024  # shared memory that a block has without asking


class Device:
    """What a Step needs of a device. `tune`: choose the products' algorithms by measuring them."""

    name = "cuda"

    def __init__(self, width: int, precision: str = "tf32", tune: bool = False) -> None:
        self.width, self.precision = width, precision
        exact = precision == "float32"
        built = cubin(Path(os.environ.get("GPU_TRIAL_CUBINS", "cubins")), width, exact)
        if built.exists():
            self.module = cupy.RawModule(path=str(built))
        else:
            self.module = cupy.RawModule(code=source(), options=options(width, exact))
        self.lt = CublasLt(precision, tune)

    def empty(self, shape: Any, dtype: Any = np.float32) -> Array:
        array = cupy.empty(shape, dtype)
        array.view(cupy.uint8)[...] = 0xFF  # NaN, or -1: what is not written shows
        return array

    def upload(self, host: np.ndarray) -> Array:
        return cupy.asarray(host)

    def host(self, array: Array) -> np.ndarray:
        return cupy.asnumpy(array) if isinstance(array, cupy.ndarray) else array

    def kernel(
        self, name: str, grid: tuple[int, ...], block: tuple[int, ...], *given: Any, shared: int = 0
    ) -> Callable[[], None]:
        """A launch, to be made any number of times on the stream that is current then."""
        function = self.module.get_function(name)
        if shared > FAST_MEMORY:
            function.max_dynamic_shared_size_bytes = shared
        kinds = {int: np.int32, float: np.float32, type(None): lambda _: np.uintp(0)}
        arguments = tuple(kinds.get(type(x), lambda x: x)(x) for x in given)

        def launch() -> None:
            function(grid, block, arguments, shared_mem=shared)

        return launch

    def product(self, *given: Any, **options: Any) -> Callable[[], None]:
        return self.lt.product(*given, **options)


class Runner:
    """Runs a Step again and again: a batch by one copy, the launches as a graph or one by one."""

    def __init__(self, step: Step, graph: bool = True, rate: float = 3e-4, seed: int = 0) -> None:
        self.step, self.rate, self.seed, self.made = step, rate, seed, 0
        self.stream, self.side = (cupy.cuda.Stream(non_blocking=True) for _ in range(2))
        size = step.block.size
        memory = cupy.cuda.alloc_pinned_memory(4 * size * SLOTS)
        self.slots = np.frombuffer(memory, np.int32, size * SLOTS).reshape(SLOTS, size)
        cupy.cuda.Device().synchronize()  # what the default stream has written is seen by these
        for stream in (self.stream, self.side):
            step.device.lt.workspace(stream.ptr)
        self.alone(step.program)
        self.events: list[Any] = []  # of captured graphs
        self.graph = self.capture(step.program) if graph else None
        step.m[...] = step.v[...] = 0  # a step was run, at a rate of 0
        cupy.cuda.Device().synchronize()

    def feed(self, x: np.ndarray, y: np.ndarray) -> None:
        """Copy a batch and the step's numbers to the device."""
        if self.made and self.made % SLOTS == 0:
            self.stream.synchronize()  # a slot is written again only after it was read
        slot = self.slots[self.made % SLOTS]
        slot[...] = batch_block(x, y, self.made, self.seed, self.rate)
        to, kind = self.step.block.data.ptr, cupy.cuda.runtime.memcpyHostToDevice
        cupy.cuda.runtime.memcpyAsync(to, slot.ctypes.data, slot.nbytes, kind, self.stream.ptr)
        self.made += 1

    def __call__(self, x: np.ndarray, y: np.ndarray) -> None:
        """A step; the host does not wait for it."""
        self.feed(x, y)
        if self.graph:
            self.graph.launch(self.stream)
        else:
            with self.stream:
                self.step.program.run()

    def loss(self) -> float:
        """The loss of the latest step."""
        self.stream.synchronize()
        return float(self.step.stats[0])

    def alone(self, program: Program) -> None:
        """Each launch, waited for: what is lazy is loaded, and one that fails is named."""
        for label, launch, _ in program.ops:
            try:
                with self.stream:
                    if launch:
                        launch()
                self.stream.synchronize()
            except RuntimeError as error:  # CUDA's and cuBLAS's errors are such
                raise RuntimeError(f"{label}: {error}") from error

    def capture(self, program: Program, repeat: int = 1) -> Any:
        """A program that has run before as a graph, side products on a branch of their own."""
        self.stream.begin_capture()
        try:
            for _ in range(repeat):
                self.record(program)
        finally:
            graph = self.stream.end_capture()
        graph.upload(self.stream)
        return graph

    def record(self, program: Program) -> None:
        """The program on two streams, with the waits that it states."""
        pending = False
        for _, launch, side in program.ops:
            if launch is None:
                if pending:
                    self.order(self.side, self.stream)
                pending = False
            elif side:
                self.order(self.stream, self.side)
                with self.side:
                    launch()
                pending = True
            else:
                with self.stream:
                    launch()

    def order(self, first: Any, then: Any) -> None:
        """What comes on stream `then` waits for what is on `first`."""
        event = cupy.cuda.Event(block=False, disable_timing=True)
        self.events.append(event)
        event.record(first)
        then.wait_event(event)
