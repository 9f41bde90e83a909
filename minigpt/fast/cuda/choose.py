"""The backend on CUDA: CuPy, and a Trainer over kernels of its own wherever they agree with the lecture on this machine."""

from __future__ import annotations

from typing import Any

from minigpt.backend import CupyBackend
from minigpt.config import PRECISIONS
from minigpt.errors import first_line
from minigpt.fast.cuda.checks import differences
from minigpt.fast.cuda.device import Device
from minigpt.fast.cuda.trainer import CudaTrainer
from minigpt.trainer import Trainer


class CudaBackend(CupyBackend):
    """CuPy, with a faster Trainer."""

    kernels = "minigpt's own"

    def __init__(self, xp: Any, reason: str, name: str = "cuda") -> None:
        super().__init__(xp, reason, name)
        self.faster = {Trainer: CudaTrainer}
        self.found: dict[tuple[int, str], str] = {}  # width and precision -> why the kernels are not used; empty if they are

    def settle_precision(self, wanted: str | None) -> str:
        wanted = wanted or "tf32"
        return wanted if wanted in PRECISIONS else super().settle_precision(wanted)

    def device(self, width: int, precision: str) -> Any:
        """One on which programs run, for a model of this width."""
        return Device(self.xp, width, precision)

    def address(self) -> str:
        """Of the GPU, on this machine."""
        runtime = self.xp.cuda.runtime
        return str(runtime.deviceGetPCIBusId(runtime.getDevice()))

    def disagreement(self, width: int, precision: str) -> str:
        """Why the kernels are not used at this width and precision; empty if they are. They are checked at the first call."""
        key = width, precision
        if key not in self.found:
            self.found[key] = self._check(width, precision)
        return self.found[key]

    def _check(self, width: int, precision: str) -> str:
        known, self.found = self.found, {(width, "float32"): ""}  # the check trains a model with them
        try:
            wrong = differences(self, width, precision)
            return wrong[0] if wrong else ""
        # The errors of NVRTC, the driver and cuBLAS have no common class.
        except Exception as error:
            if self.out_of_memory(error):
                raise
            return f"{type(error).__name__}: {first_line(error)}"
        finally:
            self.found = known

    def do_without(self, why: str) -> None:
        """Say in `reason` why a trainer is a plain one."""
        if why not in self.reason:
            self.reason += f"; training without its own kernels: {why}"
