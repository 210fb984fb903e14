"""The line between the core and a plugin's process: what crosses, and what must not."""

from __future__ import annotations

import gc
import json
import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

import pytest
import torch

from harness.apart.channel import BadFrame, Channel, Closed, TooMuch
from harness.apart.memory import Lent, Memory

CPU = torch.device("cpu")
LARGE = 1 << 14
"""Values of an array that is looked at where it lies."""


class Line(NamedTuple):
    core: Channel
    plugin: Channel
    socket: socket.socket


@pytest.fixture
def line() -> Iterator[Line]:
    memory, (here, there) = Memory(), socket.socketpair()
    yield Line(
        Channel(here, memory, core=True, device=CPU),
        Channel(there, memory, core=False, device=CPU),
        there,
    )
    here.close()
    there.close()
    memory.close()


@pytest.mark.parametrize(
    "array",
    [
        torch.randn(3, 4),
        torch.randn(4, LARGE),
        torch.randn(4, LARGE).T,
        torch.tensor(7),
        torch.empty(0, 5),
        torch.tensor([True, False]),
        torch.randn(2, 3).bfloat16(),
        torch.randn(2, requires_grad=True),
    ],
    ids=["small", "large", "turned", "scalar", "empty", "bool", "bfloat16", "with gradient"],
)
@pytest.mark.parametrize("back", [False, True], ids=["to the plugin", "to the core"])
def test_an_array_arrives_as_it_was_sent(line, array, back):
    sender, receiver = (line.plugin, line.core) if back else (line.core, line.plugin)
    sender.send("word", {"fact": (1, "two")}, [array], number=-3, value=0.1)
    message = receiver.receive()
    assert message[:2] == ("word", {"fact": [1, "two"]})
    assert (message.number, message.value) == (-3, 0.1)
    assert torch.equal(message.arrays[0], array)
    assert message.arrays[0].dtype == array.dtype
    assert not message.arrays[0].requires_grad


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), 1e-45, 3.4028234663852886e38])
def test_a_value_crosses_to_the_last_bit(line, value):
    line.plugin.send("done", value=value)
    assert line.core.receive().value == value


def test_what_is_sent_later_comes_with_the_next_and_in_order(line):
    line.plugin.send("gradient", {}, [torch.ones(2)], later=True)
    line.plugin.send("done", {}, [torch.zeros(2)])
    assert [line.core.receive().word for _ in range(2)] == ["gradient", "done"]


def test_what_is_sent_later_is_not_kept_while_an_answer_is_awaited(line):
    line.core.send("step")
    line.plugin.send("gradient", later=True)
    line.plugin.receive()
    assert line.core.receive().word == "gradient"


def test_the_core_keeps_what_it_received_whatever_is_done_to_the_memory(line):
    line.plugin.send("embed", {}, [torch.ones(LARGE)])
    (received,) = line.core.receive().arrays
    line.plugin._views.at(line.plugin._mine, torch.float32, (LARGE,)).zero_()
    assert bool((received == 1).all())


def test_arrays_that_the_plugin_keeps_stay_as_they_were(line):
    kept = []
    for number in range(20):
        line.core.send("step", {}, [torch.full((LARGE,), number), torch.full((2,), number)])
        kept.append(line.plugin.receive().arrays)
        line.plugin.send("done")
        line.core.receive()
    assert [[int(a[0]) for a in arrays] for arrays in kept] == [[n, n] for n in range(20)]
    assert all(bool((large == large[0]).all()) for large, _ in kept)


def test_memory_is_used_again_once_an_array_is_let_go(line):
    for _ in range(50):
        line.core.send("step", {}, [torch.ones(LARGE)])
        line.plugin.receive()
        gc.collect()
        line.plugin.send("done")
        line.core.receive()
    assert line.core._lent._next - line.core._at_once <= 3 * 4 * LARGE


def test_a_plugin_that_keeps_everything_gets_copies_and_the_memory_does_not_run_out(line):
    line.plugin._borrowed._most = 8 * 4 * LARGE
    kept = []
    for _ in range(50):
        line.core.send("step", {}, [torch.ones(LARGE)])
        kept.append(line.plugin.receive().arrays[0])
        line.plugin.send("done")
        line.core.receive()
    assert line.core._lent._next - line.core._at_once <= 10 * 4 * LARGE
    assert all(bool((array == 1).all()) for array in kept)


def test_what_goes_back_unread_is_not_written_again(line):
    line.core.send("step", {}, [torch.arange(LARGE)])
    (inputs,) = line.plugin.receive().arrays
    line.plugin.send("embed", {}, [inputs])
    assert line.plugin._written == 0
    (received,) = line.core.receive().arrays
    assert torch.equal(received, torch.arange(LARGE))


def test_what_was_changed_in_place_goes_back_changed(line):
    line.core.send("step", {}, [torch.arange(LARGE)])
    (inputs,) = line.plugin.receive().arrays
    inputs.data.mul_(2)
    line.plugin.send("embed", {}, [inputs])
    assert torch.equal(line.core.receive().arrays[0], 2 * torch.arange(LARGE))


def test_a_part_of_what_was_lent_goes_back_as_that_part(line):
    line.core.send("step", {}, [torch.arange(2 * LARGE).view(2, -1)])
    (inputs,) = line.plugin.receive().arrays
    line.plugin.send("embed", {}, [inputs[1], inputs[:, 3:5], inputs[0, 1:]])
    row, columns, rest = line.core.receive().arrays
    assert torch.equal(row, torch.arange(LARGE) + LARGE)
    assert torch.equal(columns, torch.tensor([[3, 4], [LARGE + 3, LARGE + 4]]))
    assert torch.equal(rest, torch.arange(1, LARGE))


def test_arrays_cross_inside_inference_mode_and_after_it(line):
    with torch.inference_mode():
        line.core.send("forward", {}, [torch.ones(3)])
        line.plugin.send("done", {}, [line.plugin.receive().arrays[0]])
        line.core.receive()
    line.core.send("forward", {}, [torch.zeros(3)])
    assert not bool(line.plugin.receive().arrays[0].any())


def test_a_channel_that_nobody_hears_is_closed(line):
    line.socket.close()
    with pytest.raises(Closed):
        line.core.receive()


ODD = {
    "no json": b"nope",
    "no frame": b"{}",
    "too few": b'["embed", {}, []]',
    "a word that is none": b'[1, {}, [], []]',
    "facts that are none": b'["embed", [], [], []]',
    "deep": b"[" * 5000 + b"]" * 5000,
    "an array without place": b'["embed", {}, [["float32", [1]]], []]',
    "a type that is none": b'["embed", {}, [["object", [1], 0, false]], []]',
    "a shape that is none": b'["embed", {}, [["float32", [-1], 0, false]], []]',
    "a true shape": b'["embed", {}, [["float32", [true], 0, false]], []]',
    "many dimensions": b'["embed", {}, [["float32", [1,1,1,1,1,1,1,1,1], 0, false]], []]',
    "a start that is none": b'["embed", {}, [["float32", [1], -64, false]], []]',
    "a start between": b'["embed", {}, [["float32", [1], 3, false]], []]',
    "beyond": b'["embed", {}, [["float32", [1], 18446744073709551616, true]], []]',
    "far beyond": b'["embed", {}, [["float32", [1125899906842624, 8], 0, false]], []]',
    "given back, not lent": b'["embed", {}, [], [0]]',
    "given back, no number": b'["embed", {}, [], ["0"]]',
    "given back, no list": b'["embed", {}, [], {}]',
    "arrays without end": json.dumps(
        ["embed", {}, [["uint8", [1], 0, False]] * 5000, []]
    ).encode(),
}  # fmt: skip


@pytest.mark.parametrize("frame", ODD.values(), ids=ODD.keys())
def test_the_core_reads_nothing_that_is_no_frame(line, frame):
    line.socket.sendall(struct.pack("<Iqd", len(frame), 0, 0.0) + frame)
    with pytest.raises(BadFrame):
        line.core.receive()


def test_a_frame_without_end_is_refused_before_it_is_read(line):
    line.socket.sendall(struct.pack("<Iqd", (1 << 32) - 1, 0, 0.0))
    with pytest.raises(BadFrame, match="allowed: 1048576"):
        line.core.receive()


def test_what_was_given_back_twice_is_refused(line):
    line.core.send("step", {}, [torch.ones(LARGE)])
    start = json.dumps(["done", {}, [], [line.core._at_once]]).encode()
    for _ in range(2):
        line.socket.sendall(struct.pack("<Iqd", len(start), 0, 0.0) + start)
    line.core.receive()
    with pytest.raises(BadFrame, match="not lent"):
        line.core.receive()


def test_messages_that_never_repeat_are_not_remembered_for_long(line):
    for number in range(1000):
        line.plugin.send("embed", {"n": number})
        line.core.receive()
    assert len(line.core._known) <= 256
    assert len(line.plugin._texts) <= 256


def test_the_core_takes_no_more_than_it_has_room_for(line):
    place = ["float32", [1 << 28], 0, False]  # four times the same gigabyte, and once more
    frame = json.dumps(["word", {}, [place] * 5, []]).encode()
    line.socket.sendall(struct.pack("<Iqd", len(frame), 0, 0.0) + frame)
    with pytest.raises(TooMuch, match="5,368,709,120 bytes at a time"):
        line.core.receive()


def test_no_more_is_lent_than_the_other_end_looks_at():
    lent = Lent(0, 1 << 40, 1 << 20)
    starts = [lent.take(1 << 20) for _ in range(513)]
    with pytest.raises(MemoryError):
        lent.take(1 << 20)
    lent.give_back(starts[-1])
    assert lent.take(1 << 20) == starts[-1]
