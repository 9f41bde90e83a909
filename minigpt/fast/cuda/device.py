"""A CUDA device by CuPy: kernels by NVRTC, products by cuBLASLt, programs as graphs, one copy in and one out.

Two streams of one's own, since CuPy's default stream cannot be captured. What CuPy was given before comes before what is uploaded and run;
what comes after a `read` finds these streams empty.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from minigpt.backend import Array
from minigpt.fast.cuda.products import Products
from minigpt.fast.cuda.program import Program
from minigpt.fast.cuda.source import options, source

FAST_MEMORY = 48 * 1024  # shared memory that a block has without asking


class Device:
    """Runs programs. The host waits for it in `read` and `wait` alone."""

    def __init__(self, xp: Any, width: int, precision: str) -> None:
        self.xp, exact = xp, precision == "float32"
        self.module = xp.RawModule(code=source(), options=options(width, exact))
        self.products = Products(xp, precision)
        self.stream, self.side = (xp.cuda.Stream(non_blocking=True) for _ in range(2))
        self.pinned: list[np.ndarray] = []  # copies on their way to the device
        self.sent = 0  # of these, since the host last waited
        self.product = self.products.product

    def kernel(self, name: str, grid: tuple[int, ...], block: tuple[int, ...], *given: Any, shared: int = 0) -> Callable[[], None]:
        """A launch, to be made any number of times on the stream that is current then."""
        function = self.module.get_function(name)
        if shared > FAST_MEMORY:
            function.max_dynamic_shared_size_bytes = shared
        kinds: dict[type, Callable[[Any], Any]] = {int: np.int32, float: np.float32, type(None): lambda _: np.uintp(0)}
        arguments = tuple(kinds.get(type(x), lambda x: x)(x) for x in given)

        def launch() -> None:
            function(grid, block, arguments, shared_mem=shared)

        return launch

    def upload(self, host: np.ndarray, to: Array) -> None:
        """Start a copy of int32 numbers to the device."""
        if self.sent == len(self.pinned):
            self.pinned.append(np.empty(0, np.int32))
        if self.pinned[self.sent].size < host.size:
            memory = self.xp.cuda.alloc_pinned_memory(host.nbytes)
            self.pinned[self.sent] = np.frombuffer(memory, np.int32, host.size)
        slot = self.pinned[self.sent][: host.size]
        slot[...] = host
        self.sent += 1
        self.order(self.xp.cuda.get_current_stream(), self.stream)
        runtime = self.xp.cuda.runtime
        runtime.memcpyAsync(to.data.ptr, slot.ctypes.data, slot.nbytes, runtime.memcpyHostToDevice, self.stream.ptr)

    def read(self, array: Array) -> np.ndarray:
        """The numbers on the host, once all that was started has ended."""
        found: np.ndarray = self.xp.asnumpy(array, stream=self.stream)
        self.wait()
        return found

    def wait(self) -> None:
        self.stream.synchronize()
        self.sent = 0

    def run(self, program: Program) -> None:
        """Start a program: launch by launch the first time, when libraries load and allocate, then as a graph."""
        self.order(self.xp.cuda.get_current_stream(), self.stream)
        if program.ran and program.graph is None:
            program.graph = self.capture(program)
        if program.graph is None:
            self.record(program)
        else:
            program.graph.launch(self.stream)
        program.ran = True

    def capture(self, program: Program) -> Any:
        """A program that has run before as a graph; nothing of it runs now."""
        self.stream.begin_capture()
        try:
            self.record(program)
        except BaseException:
            with suppress(Exception):  # of the capture that was cut short; the error that did it is raised
                self.stream.end_capture()
            raise
        graph = self.stream.end_capture()
        graph.upload(self.stream)
        return graph

    def record(self, program: Program) -> None:
        """The launches on two streams, with the waits that the program states."""
        pending = False
        for _, launch, side in program.ops:
            if launch is None:
                if pending:
                    program.events.append(self.order(self.side, self.stream))
                pending = False
                continue
            if side:
                program.events.append(self.order(self.stream, self.side))
                pending = True
            with self.side if side else self.stream:
                launch()

    def order(self, first: Any, then: Any) -> Any:
        """What comes on stream `then` waits for what is on `first`."""
        event = self.xp.cuda.Event(block=False, disable_timing=True)
        event.record(first)
        then.wait_event(event)
        return event
