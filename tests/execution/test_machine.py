"""What of the machine decides a result is the core's to set."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from harness.execution.machine import THREAD_VARIABLES


def test_matrix_libraries_keep_to_their_threads_also_those_loaded_later() -> None:
    code = (
        "from harness.execution.machine import limit_libraries\n"
        "limit_libraries(1)\n"
        "import scipy.linalg, threadpoolctl\n"
        "pools = threadpoolctl.threadpool_info()\n"
        "print([pool['num_threads'] for pool in pools if pool['user_api'] == 'blas'])\n"
    )
    environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, "2")}
    said = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert set(json.loads(said.stdout)) == {1}
