"""Which system calls a process may still make, by a seccomp filter: what Landlock leaves open.

Sockets that have a path reach the desktop's bus or a container's daemon, which would do for a
plugin what it may not do itself; limits and priorities can be set of other processes.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterator, Mapping, Sequence

_SECCOMP, _FILTER = 22, 2
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_PASS_OVER = _REFUSE  # with an error number of 0: it is not done, and said to be
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_X32 = 0x40000000
_CAPABILITIES = 0x20080522
_READ_WHATEVER = 0b110  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH: Landlock says what is read

_REFUSED = (
    *("socket", "io_uring_setup", "add_key", "request_key", "keyctl", "bpf", "perf_event_open"),
    *("userfaultfd", "mq_open", "ioprio_set"),
    *("shmget", "shmat", "shmctl", "semget", "semop", "semtimedop", "semctl"),
    *("msgget", "msgsnd", "msgrcv", "msgctl"),
)
_OF_ITSELF: Mapping[str, Sequence[int]] = {
    "prlimit64": (0,),
    "setpriority": (0, 1),
    "sched_setscheduler": (0,),
    "sched_setparam": (0,),
    "sched_setattr": (0,),
}
"""Calls that a process may make of itself alone: which of their arguments must then be 0."""
_PASSED_OVER = ("sched_setaffinity",)
"""Such a call too; libraries make it of their own threads, by number, and end if it is refused."""

_X86 = (
    "socket 41 io_uring_setup 425 add_key 248 request_key 249 keyctl 250 bpf 321 "
    "perf_event_open 298 userfaultfd 323 mq_open 240 ioprio_set 251 shmget 29 shmat 30 shmctl 31 "
    "semget 64 semop 65 semtimedop 220 semctl 66 msgget 68 msgsnd 69 msgrcv 70 msgctl 71 "
    "prlimit64 302 setpriority 141 sched_setscheduler 144 sched_setparam 142 sched_setattr 314 "
    "sched_setaffinity 203"
)
_ARM = (
    "socket 198 io_uring_setup 425 add_key 217 request_key 218 keyctl 219 bpf 280 "
    "perf_event_open 241 userfaultfd 282 mq_open 180 ioprio_set 30 shmget 194 shmat 196 shmctl 195 "
    "semget 190 semop 193 semtimedop 192 semctl 191 msgget 186 msgsnd 189 msgrcv 188 msgctl 187 "
    "prlimit64 261 setpriority 140 sched_setscheduler 119 sched_setparam 118 sched_setattr 274 "
    "sched_setaffinity 122"
)
_MACHINES = {"x86_64": (0xC000003E, _X86), "aarch64": (0xC00000B7, _ARM)}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def known() -> bool:
    """Whether the numbers of this machine's system calls are known."""
    return platform.machine() in _MACHINES and struct.calcsize("P") == 8


def restrict() -> None:
    """Refuse these calls from now on, to this thread and what it begins; raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    _drop_capabilities(libc)
    architecture, text = _MACHINES[platform.machine()]
    words = text.split()
    numbers = dict(zip(words[::2], map(int, words[1::2]), strict=True))
    content = b"".join(_filter(architecture, numbers))
    program = _Program(len(content) // 8, content)
    if libc.prctl(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp: the filter was not taken")


def _filter(architecture: int, numbers: Mapping[str, int]) -> Iterator[bytes]:
    """Berkeley packet filter: a refused call gives EACCES, one of another processor too."""
    refuse = _step(_RETURN, _REFUSE | errno.EACCES)
    yield _step(_LOAD, _ARCHITECTURE)
    yield _step(_EQUAL, architecture, 1, 0)
    yield refuse
    yield _step(_LOAD, _NUMBER)
    yield _step(_AT_LEAST, _X32, 0, 1)
    yield refuse
    for name in _REFUSED:
        yield _step(_EQUAL, numbers[name], 0, 1)
        yield refuse
    for name in _PASSED_OVER:
        yield _step(_EQUAL, numbers[name], 0, 4)
        yield _step(_LOAD, _FIRST_ARGUMENT)
        yield _step(_EQUAL, 0, 0, 1)
        yield _step(_RETURN, _ALLOW)
        yield _step(_RETURN, _PASS_OVER)
    for name, arguments in _OF_ITSELF.items():
        yield _step(_EQUAL, numbers[name], 0, 3 * len(arguments) + 1)
        for argument in arguments:  # the lower half: these are 32 bits wide
            yield _step(_LOAD, _FIRST_ARGUMENT + 8 * argument)
            yield _step(_EQUAL, 0, 1, 0)
            yield refuse
        yield _step(_RETURN, _ALLOW)
    yield _step(_RETURN, _ALLOW)


def _step(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("=HBBI", code, then, otherwise, value)


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    """Keep nothing of an administrator's rights but reading what others own."""
    if os.geteuid() != 0:
        return
    header = struct.pack("=Ii", _CAPABILITIES, 0)
    held = ctypes.create_string_buffer(24)
    if libc.capget(header, held) != 0:
        raise OSError(ctypes.get_errno(), "capabilities: they could not be read")
    kept = struct.unpack("=IIIIII", held.raw)[1] & _READ_WHATEVER
    if libc.capset(header, struct.pack("=IIIIII", kept, kept, 0, 0, 0, 0)) != 0:
        raise OSError(ctypes.get_errno(), "capabilities: they could not be dropped")
