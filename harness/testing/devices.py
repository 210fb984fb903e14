"""A pretended accelerator: finds tensors on the wrong device where no accelerator is at hand.

Tensors on it hold their values on the CPU and report another device. Every operation is looked at
before it runs: those that CUDA refuses raise `WrongDevice`, and those that make CUDA's queue wait
for its end are noted in `stalls`.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as trees
from torch.utils import backend_registration
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing

from harness.testing.applicable import NotApplicable

_NAME = "pretended"
# What reads a value from the device, so that whoever asks waits for all that is queued.
_READS_VALUES = frozenset({"_local_scalar_dense", "equal", "is_nonzero", "item"})
# Operations whose indices may lie on the CPU while what they index does not.
_INDEXES = frozenset({"index", "index_put", "index_put_", "_index_put_impl_", "_unsafe_index"})
# What moves values between devices.
_MOVES = frozenset({"_to_copy", "copy_", "_copy_from", "set_", "set_data"})


class WrongDevice(RuntimeError):
    """An operation mixed tensors of two devices, as CUDA would have refused to."""


@dataclass(frozen=True)
class PretendedDevice:
    """The device, and where its queue was made to wait: operation, file and line."""

    device: torch.device
    stalls: list[str] = field(default_factory=list)


@contextmanager
def pretended_device() -> Iterator[PretendedDevice]:
    """Offer a device that is none, for as long as the context lasts.

    `module.to(device)` gives its parameters new tensors there, as on any accelerator. Raises
    NotApplicable where this torch cannot register a device from Python (before 2.9).
    """
    pretended = PretendedDevice(_register())
    swaps = torch.__future__.get_swap_module_params_on_conversion()
    torch.__future__.set_swap_module_params_on_conversion(True)
    try:
        # Backward in this thread, where the watch is: one of the device's own would have none.
        alone = torch.autograd.set_multithreading_enabled(False)
        with alone, _Constructors(pretended.device), _OperationWatch(pretended):
            yield pretended
    finally:
        torch.__future__.set_swap_module_params_on_conversion(swaps)


@cache
def _register() -> torch.device:
    register = getattr(backend_registration, "_setup_privateuseone_for_python_backend", None)
    if register is None:
        raise NotApplicable(f"torch {torch.__version__} cannot register a device from Python")
    register(_NAME)
    return torch.device(_NAME, 0)


class _There(Tensor):
    """A tensor on the pretended device; `here` holds its values on the CPU."""

    here: Tensor

    @staticmethod
    def __new__(cls, here: Tensor) -> _There:
        there: _There = Tensor._make_wrapper_subclass(
            cls,
            here.size(),
            strides=here.stride(),
            storage_offset=here.storage_offset(),
            dtype=here.dtype,
            device=_register(),
        )
        there.here = here
        return there

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        del tensor_contents
        return f"on {_NAME}: {self.here!r}"

    def numpy(self, *, force: bool = False) -> Any:
        """Refuse, as CUDA does: values must be moved to the CPU first."""
        if force:
            return self.detach().cpu().numpy()
        raise WrongDevice("numpy() of a tensor on the device: move it with .cpu() first")

    def __array__(self, dtype: object = None, copy: object = None) -> Any:
        del dtype, copy
        return self.numpy()

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Reached where no watch is on, as in a worker thread of autograd."""
        del types
        return _perform(func, args, kwargs or {}, None)


class _OperationWatch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees every operation, those that make tensors among them."""

    def __init__(self, pretended: PretendedDevice) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._pretended = pretended

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        return _perform(func, args, kwargs or {}, self._pretended)


class _Constructors(TorchFunctionMode):
    """Makes on the device what torch makes of numbers and lists, below where a watch can see."""

    def __init__(self, device: torch.device) -> None:
        super().__init__()
        self._device = device

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        del types
        given = dict(kwargs or {})
        if function in {torch.tensor, torch.as_tensor, torch.asarray} and self._named(given):
            del given["device"]
            return function(*args, **given).to(self._device)
        if function is Tensor.new_tensor and isinstance(args[0], _There):
            return torch.tensor(*args[1:], **{"dtype": args[0].dtype, **given}).to(self._device)
        if function is Tensor.__getitem__ and isinstance(args[0], _There):
            return function(args[0], self._indices(args[1]))
        return function(*args, **given)

    def _named(self, given: dict[str, Any]) -> bool:
        return given.get("device") is not None and torch.device(given["device"]) == self._device

    def _indices(self, index: Any) -> Any:
        if isinstance(index, list):
            return torch.tensor(index).to(self._device)
        if isinstance(index, tuple):
            return tuple(self._indices(part) for part in index)
        return index


def _perform(
    operation: Any, args: Any, kwargs: dict[str, Any], pretended: PretendedDevice | None
) -> Any:
    """Check one operation, run it on the values, and put the result where it belongs."""
    name = operation._schema.name.partition("::")[2]
    given = [leaf for leaf in trees.tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    there = any(isinstance(tensor, _There) for tensor in given)
    asked = kwargs.get("device")
    if asked is not None:
        there = torch.device(asked).type == _NAME
    if name not in _MOVES and (there or asked is None):
        _require_one_device(name, args, kwargs, there=there)
    if pretended is not None and name in _READS_VALUES and there:
        pretended.stalls.append(f"{name} at {_innermost(traceback.extract_stack())}")
    values = {id(tensor.here): tensor for tensor in given if isinstance(tensor, _There)}
    run_args, run_kwargs = trees.tree_map(_here, (args, kwargs))
    result = operation(*run_args, **run_kwargs)
    if name == "copy_":
        there = isinstance(args[0], _There)
    if not there:
        return result
    placed = trees.tree_map(lambda leaf: _put(leaf, values), result)
    return return_and_correct_aliasing(  # type: ignore[no-untyped-call]
        operation, args, kwargs, placed
    )


def _require_one_device(name: str, args: Any, kwargs: dict[str, Any], *, there: bool) -> None:
    """Raise WrongDevice for what CUDA refuses: a CPU tensor that is no scalar, or its generator."""
    leaves = trees.tree_leaves((args, kwargs))
    generators = [leaf for leaf in leaves if isinstance(leaf, torch.Generator)]
    if there and generators:
        raise WrongDevice(f"{name}: a CPU generator cannot draw on the device")
    if name in _INDEXES:
        if not isinstance(args[0], _There):
            if there:
                raise WrongDevice(f"{name}: a CPU tensor cannot be indexed by one on the device")
            return
        leaves = trees.tree_leaves(args[2:3])  # the values; indices may lie on the CPU
    here = [
        leaf
        for leaf in leaves
        if isinstance(leaf, Tensor) and not isinstance(leaf, _There) and leaf.ndim > 0
    ]
    if there and here:
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in here)
        raise WrongDevice(f"{name}: a tensor of shape {shapes} is on the CPU, others on the device")


def _here(leaf: Any) -> Any:
    if isinstance(leaf, _There):
        return leaf.here
    if isinstance(leaf, torch.device) and leaf.type == _NAME:
        return torch.device("cpu")
    return leaf


def _put(leaf: Any, known: dict[int, _There]) -> Any:
    """The tensor that was given, where it was changed in place; else a new one on the device."""
    if not isinstance(leaf, Tensor):
        return leaf
    known_there = known.get(id(leaf))
    return _There(leaf) if known_there is None else known_there


def raised_at(error: BaseException) -> str:
    """File and line of the innermost call outside torch that an error came through."""
    return _innermost(traceback.extract_tb(error.__traceback__))


def _innermost(frames: traceback.StackSummary) -> str:
    outside = [f for f in frames if "/torch/" not in f.filename and f.filename != __file__]
    last = (outside or list(frames))[-1]
    return f"{last.filename}:{last.lineno}"
