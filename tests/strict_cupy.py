"""A strict stand-in for the `cupy` module that needs no GPU: it proves that code runs over CuPy, and not by chance over NumPy.

Its arrays wrap NumPy arrays and compute with NumPy, but they refuse NumPy arrays in every place: as operand, argument, index, value or
`out`; and NumPy refuses them. Where CuPy would take a NumPy array after all (as an index) or dispatch a NumPy function to itself
(`numpy.exp`), the stand-in is stricter. Scalars pass, Python's and NumPy's.

Its namespace offers only names that stand in cupy_names.txt, a list made from CuPy itself (tests/parity/test_cupy.py), and its functions
only the parameters that stand there. A name that CuPy has and the stand-in does not simulate raises AttributeError too.
"""

from __future__ import annotations

import operator
import re
import sys
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np


def read_names() -> dict[str, list[str] | None]:
    """Dotted name -> its parameters, `*` before those by keyword alone; None where CuPy does not tell them."""
    lines = (Path(__file__).parent / "cupy_names.txt").read_text(encoding="utf-8").splitlines()
    parsed = (re.fullmatch(r"([\w.]+)(?:\((.*)\))?", line) for line in lines if not line.startswith("#"))
    return {m[1]: None if m[2] is None else m[2].split(", ") if m[2] else [] for m in parsed if m}


NAMES = read_names()
SCALARS = (bool, int, float, complex, np.generic)


def host(value: Any) -> Any:
    """What NumPy gets to see of an argument: arrays of ours as they lie inside, NumPy's own never."""
    if isinstance(value, ndarray):
        return value._array
    if isinstance(value, np.ndarray):
        raise TypeError("Unsupported type <class 'numpy.ndarray'>")  # CuPy's words
    if isinstance(value, list | tuple):
        return type(value)(host(item) for item in value)
    return value


def device(result: Any) -> Any:
    """What a caller gets to see of NumPy's result: arrays of ours, also for what NumPy makes a scalar."""
    if isinstance(result, np.ndarray | np.generic):
        return ndarray(np.asarray(result))
    return type(result)(device(item) for item in result) if type(result) in (list, tuple) else result


def operand(value: Any) -> Any:
    """An operand of an elementwise function: an array of ours or a scalar, no list and no NumPy array."""
    if not isinstance(value, (ndarray, *SCALARS)):
        raise TypeError(f"Unsupported type {type(value)}")
    return host(value)


@cache
def limits(name: str) -> tuple[int, frozenset[str] | None]:
    """How many arguments CuPy's function takes by position, and which by name; None for any."""
    accepted = NAMES[name]
    if accepted is None:
        return sys.maxsize, None
    stars = [i for i, p in enumerate(accepted) if p.startswith("*") and not p.startswith("**")]
    by_position = len(accepted) if not stars else stars[0] if accepted[stars[0]] == "*" else sys.maxsize
    return by_position, None if any(p.startswith("**") for p in accepted) else frozenset(accepted)


def call(name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """function(*args, **kwargs) within the parameters that CuPy's function of this name has; `out`, where given, is the result."""
    by_position, by_name = limits(name)
    if len(args) > by_position or (by_name is not None and not kwargs.keys() <= by_name):
        raise TypeError(f"cupy.{name}({', '.join(NAMES[name] or ())}) got {len(args)} arguments by position and {sorted(kwargs)} by name")
    out = kwargs.get("out")
    if out is not None and not isinstance(out, ndarray):
        raise TypeError(f"out must be a cupy.ndarray, got {type(out)}")
    result = function(*map(host, args), **{key: host(value) for key, value in kwargs.items()})
    return device(result) if out is None else out


class ndarray:
    """cupy.ndarray: the operators, methods and properties that NumPy's and CuPy's arrays share are added below."""

    __slots__ = ("_array",)
    __array_priority__ = 100
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, shape: Any, dtype: Any = float) -> None:
        self._array: Any = shape if isinstance(shape, np.ndarray) else np.empty(shape, dtype)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct a NumPy array explicitly.")

    def __array_function__(self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        raise TypeError(f"numpy.{function.__name__} got a cupy.ndarray")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Only a NumPy scalar as the left operand of an operator comes here by right."""
        if method == "__call__" and not kwargs and len(inputs) == 2 and isinstance(inputs[0], np.generic):
            return device(ufunc(*map(operand, inputs)))
        raise TypeError(f"numpy.{ufunc.__name__} got a cupy.ndarray")

    def __getitem__(self, key: Any) -> Any:
        key = host(key)
        result = self._array[key]
        if isinstance(result, np.generic):  # integers alone: a view without axes
            result = self._array[(*key, ...) if isinstance(key, tuple) else (key, ...)]
        return device(result)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._array[host(key)] = operand(value)

    def __len__(self) -> int:
        return len(self._array)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return repr(self._array)

    def get(self, stream: None = None, order: str = "C", out: np.ndarray | None = None, blocking: bool = True) -> np.ndarray:
        """A copy on the host."""
        copy = self._array.copy(order)
        if out is None:
            return copy
        out[...] = copy
        return out

    def item(self) -> Any:
        """The one element as a Python scalar."""
        return self._array.item()

    def tolist(self) -> Any:
        """Nested Python lists."""
        return self._array.tolist()


def add_members() -> None:
    """Give `ndarray` what NumPy's arrays and CuPy's both have."""
    members = [name.removeprefix("ndarray.") for name in NAMES if name.startswith("ndarray.") and name.count(".") == 1]
    binary = "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift".split()
    for name in members:
        found = getattr(np.ndarray, name, None)
        bare = name.strip("_")
        if name in vars(ndarray) or found is None or name in ("base", "data", "flat", "device"):
            continue
        if not name.startswith("__"):
            setattr(ndarray, name, method(name) if callable(found) else attribute(name))
        elif bare in (*binary, "lt", "le", "eq", "ne", "gt", "ge"):
            setattr(ndarray, name, forward(getattr(operator, name)))
        elif bare[0] == "r" and bare[1:] in binary:
            setattr(ndarray, name, reflected(getattr(operator, f"__{bare[1:]}__")))
        elif bare[0] == "i" and bare[1:] in binary:
            setattr(ndarray, name, in_place(getattr(operator, name)))
        elif bare in ("neg", "pos", "abs", "invert"):
            setattr(ndarray, name, unary(getattr(operator, name)))
        elif bare in ("bool", "int", "float", "complex"):
            setattr(ndarray, name, unary({"bool": bool, "int": int, "float": float, "complex": complex}[bare]))


def method(name: str) -> Callable[..., Any]:
    return lambda self, *args, **kwargs: call(f"ndarray.{name}", getattr(np.ndarray, name), (self, *args), kwargs)


def attribute(name: str) -> property:
    return property(lambda self: device(getattr(self._array, name)) if name in ("T", "mT", "real", "imag") else getattr(self._array, name))


def unary(compute: Callable[[Any], Any]) -> Callable[[ndarray], Any]:
    return lambda self: device(compute(self._array))


def forward(compute: Callable[[Any, Any], Any]) -> Callable[[ndarray, Any], Any]:
    return lambda self, other: device(compute(self._array, operand(other)))


def reflected(compute: Callable[[Any, Any], Any]) -> Callable[[ndarray, Any], Any]:
    return lambda self, other: device(compute(operand(other), self._array))


def in_place(compute: Callable[[Any, Any], Any]) -> Callable[[ndarray, Any], ndarray]:
    def run(self: ndarray, other: Any) -> ndarray:
        if compute(self._array, operand(other)) is not self._array:
            raise TypeError("an array without axes is not updated in place")
        return self

    return run


add_members()


class ufunc:
    """An elementwise function: of NumPy's keywords CuPy has `out`, `dtype` and `casting`."""

    def __init__(self, name: str, function: np.ufunc) -> None:
        self.name, self.nin, self.nout, self._function = name, function.nin, function.nout, function
        self.__name__ = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs.keys() - {"out", "dtype", "casting"} or len(args) > self.nin + self.nout:
            raise TypeError(f"Wrong arguments {kwargs}")
        arrays, outs = args[: self.nin], args[self.nin :] or kwargs.pop("out", None)
        if outs is None:
            return device(self._function(*map(operand, arrays), **kwargs))
        outs = outs if isinstance(outs, tuple) else (outs,)
        if not all(isinstance(out, ndarray) for out in outs):
            raise TypeError("return arrays must be of cupy.ndarray")
        self._function(*map(operand, arrays), out=tuple(map(host, outs)), **kwargs)
        return outs[0] if self.nout == 1 else outs

    def at(self, a: ndarray, indices: Any, b: Any = None) -> None:
        if f"{self.name}.at" not in NAMES:
            raise NotImplementedError(f"`{self.name}.at` is not supported yet")
        if not isinstance(a, ndarray):
            raise TypeError(f"Unsupported type {type(a)}")
        self._function.at(a._array, host(indices), operand(b))


class Generator:
    """cupy.random.Generator, of which only `random` is simulated."""

    def __init__(self, bit_generator: Philox4x3210) -> None:
        self._generator = np.random.default_rng(bit_generator.seed)

    def random(self, size: Any = None, dtype: Any = np.float64, out: Any = None) -> ndarray:
        """Draws from [0, 1)."""
        drawn = np.asarray(self._generator.random(() if size is None else size, np.dtype(dtype)))
        if out is None:
            return ndarray(drawn)
        if not isinstance(out, ndarray) or out.dtype != np.dtype(dtype):
            raise TypeError("Supplied output array has the wrong type.")
        if not out.flags.contiguous or (size is not None and drawn.shape != out.shape):
            raise ValueError("Supplied output array is not contiguous, or not of this size.")
        out._array[...] = drawn if size is not None else self._generator.random(out.shape, np.dtype(dtype))
        return out


class Philox4x3210:
    """cupy.random.Philox4x3210, a bit generator: only its seed is kept."""

    def __init__(self, seed: int) -> None:
        self.seed = seed


class MemoryPool:
    """The pool whose only simulated act is to hand its memory back."""

    def free_all_blocks(self, stream: None = None) -> None:
        """Nothing is kept, so nothing is freed."""

    def total_bytes(self) -> int:
        return 0


class Device:
    """cupy.cuda.Device, one of two. Every thread begins with the first."""

    thread = threading.local()

    def __init__(self, device: int) -> None:
        self.id = device

    def use(self) -> None:
        Device.thread.current = self.id

    @classmethod
    def current(cls) -> int:
        return getattr(cls.thread, "current", 0)


def asarray(a: Any, dtype: Any = None, order: Any = None, *, copy: bool | None = None, blocking: bool = False) -> ndarray:
    """The way onto the device: a NumPy array is copied, an array of ours is not."""
    if isinstance(a, ndarray) and not copy:
        return device(np.asarray(host(a), dtype, order))
    return device(np.array(host(a) if isinstance(a, ndarray) else a, dtype, order=order or "K"))


def array(obj: Any, dtype: Any = None, copy: bool = True, order: str = "K") -> ndarray:
    """A copy on the device."""
    return device(np.array(host(obj) if isinstance(obj, ndarray) else obj, dtype, order=order))


def asnumpy(a: Any, stream: None = None, order: str = "C", out: np.ndarray | None = None, *, blocking: bool = True) -> np.ndarray:
    """The way off the device."""
    return a.get(stream, order, out) if isinstance(a, ndarray) else np.asarray(a, order=order)


def matmul(*args: Any, **kwargs: Any) -> Any:
    """The matrix product; unlike NumPy's it does not broadcast its result to a larger `out`."""
    if not all(isinstance(a, ndarray) for a in args):
        raise TypeError(f"Unsupported types {[type(a) for a in args]}")
    out = kwargs.get("out")
    if isinstance(out, ndarray) and len(args) == 2 and min(a.ndim for a in args) > 1:
        wanted = (*np.broadcast_shapes(args[0].shape[:-2], args[1].shape[:-2]), args[0].shape[-2], args[1].shape[-1])
        if out.shape != wanted:
            raise ValueError("Output array has an invalid size")
    return call("matmul", np.matmul, args, kwargs)


def dot(a: ndarray, b: ndarray, out: Any = None) -> Any:
    """The dot product, `out` C-contiguous and of the product's type."""
    if out is not None and not (out.flags.c_contiguous and out.dtype == np.result_type(host(a), host(b))):
        raise ValueError("Output array must be C-contiguous")
    return call("dot", np.dot, (a, b), {} if out is None else {"out": out})


class StrictCupy(ModuleType):
    """The module. What is not made by hand is NumPy's function of the same name behind the checks above."""

    __version__ = "14.2.0 (strict stand-in)"

    def __init__(self) -> None:
        super().__init__("cupy", __doc__)
        by_hand: dict[str, Any] = {
            "ndarray": ndarray,
            "ufunc": ufunc,
            "asarray": asarray,
            "array": array,
            "asnumpy": asnumpy,
            "matmul": matmul,
            "dot": dot,
            "get_default_memory_pool": MemoryPool,
            "get_array_module": lambda *args: self if any(isinstance(a, ndarray) for a in args) else np,
            "random": SimpleNamespace(Philox4x3210=Philox4x3210, Generator=Generator),
            "cuda": SimpleNamespace(
                MemoryPool=MemoryPool,
                Device=Device,
                runtime=SimpleNamespace(
                    getDevice=Device.current,
                    getDeviceCount=lambda: 2,
                    getDeviceProperties=lambda device_id: {"name": f"strict stand-in {device_id}".rstrip(" 0").encode()},
                    deviceSynchronize=lambda: None,
                ),
            ),
        }
        for name, value in by_hand.items():
            setattr(self, name, value)

    def __getattr__(self, name: str) -> Any:
        found = getattr(np, name, None)
        if name.startswith("_") or name not in NAMES or found is None or isinstance(found, ModuleType):
            raise AttributeError(f"module 'cupy' has no attribute {name!r}")
        if isinstance(found, np.ufunc):
            value: Any = ufunc(name, found)
        elif isinstance(found, type) or not callable(found):
            value = found  # a type of numbers, a constant
        else:

            def value(*args: Any, **kwargs: Any) -> Any:
                return call(name, found, args, kwargs)

        setattr(self, name, value)
        return value


strict_cupy = StrictCupy()
