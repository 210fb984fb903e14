"""Landlock, by its system calls: which files this process may still open, and whom it may reach.

The kernel's documentation: https://docs.kernel.org/userspace-api/landlock.html
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from collections.abc import Iterable

NEEDED = 6
"""The version (ABI) from which signals are held back too; Linux 6.12 has it."""

EXECUTE, WRITE, READ, LIST = 1 << 0, 1 << 1, 1 << 2, 1 << 3
TRUNCATE, IOCTL = 1 << 14, 1 << 15
READABLE = EXECUTE | READ | LIST
EVERYTHING = (1 << 16) - 1
OWN_FOLDER = EVERYTHING & ~(1 << 6 | 1 << 11 | IOCTL)
"""All but making devices."""
DEVICE = READ | WRITE | IOCTL
_OF_A_FILE = EXECUTE | WRITE | READ | TRUNCATE | IOCTL
_BIND_AND_CONNECT = 0b11
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_GIVE_VERSION = 1
_PATH_BENEATH = 1
_NO_NEW_PRIVILEGES = 38


class _Handled(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """The kernel's version of Landlock; 0 where there is none."""
    if not sys.platform.startswith("linux"):
        return 0
    found = ctypes.CDLL(None).syscall(_CREATE, None, ctypes.c_size_t(0), _GIVE_VERSION)
    return max(0, int(found))


def restrict(allowed: Iterable[tuple[str, int]]) -> None:
    """Let this thread, and what it begins, open nothing but this: paths, and what beneath them.

    `allowed`: path and rights; a path that is not there is left out. TCP, abstract sockets and
    signals to processes outside are closed. It cannot be undone. Raises OSError if it fails.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    handled = _Handled(EVERYTHING, _BIND_AND_CONNECT, _ABSTRACT_SOCKETS_AND_SIGNALS)
    size = ctypes.c_size_t(ctypes.sizeof(handled))
    rules = _checked(libc.syscall(_CREATE, ctypes.byref(handled), size, 0))
    try:
        for path, rights in allowed:
            _add(libc, rules, path, rights)
        _checked(libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
        _checked(libc.syscall(_RESTRICT, rules, 0))
    finally:
        os.close(rules)


def _add(libc: ctypes.CDLL, rules: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _OF_A_FILE
        if rights:
            beneath = _Beneath(rights, place)
            _checked(libc.syscall(_ADD, rules, _PATH_BENEATH, ctypes.byref(beneath), 0))
    finally:
        os.close(place)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return result
