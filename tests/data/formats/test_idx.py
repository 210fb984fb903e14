import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from harness.data.formats.idx import read_idx
from harness.errors import UserError

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
CONTENT = bytes([0, 0, 8, 3]) + struct.pack(">3I", 2, 3, 4) + IMAGES.tobytes()


@pytest.mark.parametrize(
    "content", [CONTENT, gzip.compress(CONTENT, mtime=0)], ids=["plain", "gzip"]
)
def test_an_idx_file_has_the_shape_that_its_header_states(tmp_path: Path, content: bytes):
    path = tmp_path / "images-idx3-ubyte"
    path.write_bytes(content)

    np.testing.assert_array_equal(read_idx(path), IMAGES)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (CONTENT[:-1], "has 39 bytes where its header asks for 40"),
        (CONTENT + b"x", "has 41 bytes where its header asks for 40"),
        (CONTENT[:9], "is cut off in its header"),
        (b"GIF89a", "is no IDX file"),
        (bytes([0, 0, 13, 1, 0, 0, 0, 0]), "IDX values of kind 0x0d, not unsigned bytes"),
        (gzip.compress(CONTENT, mtime=0)[:20], "is cut off or damaged"),
    ],
)
def test_a_damaged_idx_file_is_refused_in_one_line(tmp_path: Path, content: bytes, complaint: str):
    path = tmp_path / "file"
    path.write_bytes(content)

    with pytest.raises(UserError, match=complaint) as caught:
        read_idx(path)

    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
