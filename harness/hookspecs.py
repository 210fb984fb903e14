"""The extension points of the benchmark. This file is the manual.

A plugin is any module or object with functions marked `@harness.hookimpl`. A distribution offers
one through the entry-point group `bench`:

    [project.entry-points.bench]
    my-plugin = "my_package.my_module"

and `bench run --plugin file.py` loads an uninstalled one. The benchmark's own methods come in by
the same door.

The lifecycle of one `bench run`:

1. Each plugin is imported by a child process of its own, never by the session. Importing should
   be cheap, for each run imports it again: import torch inside the functions that need it.
2. There the five listing hooks below are called, once each, and what they list goes to the session
   as data; functions stay where the plugin is. A wrong type, a name that another plugin also
   defines, a hook the benchmark does not know, an import that hangs or exits, all are one line
   that names the distribution and version at fault. The other plugins go on.
3. The plan is made: a run for each method, fold and seed that the store does not hold yet.
4. An executor takes the runs: the core's own, `local`, in this process or in worker processes,
   none of which imports a plugin, but for the one whose trunk a protocol names; one of a plugin
   wherever it likes.
5. For each run: `bench_run_started`; the backbone is built; a clean process is forked, which
   imports the method's plugin, calls its `build` and gives gradients while the core trains; it is
   ended; the test part is embedded and scored, plugin metrics last, in processes of their own;
   the Record is stored; `bench_run_finished`. Where several runs are executed at a time, their
   hooks alternate. Both are called in a process that the plugin has as long as the session lasts.
6. When all folds of a replicate are done, their embeddings are scored concatenated.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from harness.extension import BackboneSource, DatasetSource, Executor, Metric
    from harness.method import Method
    from harness.record import Identity, Record

hookspec = pluggy.HookspecMarker("bench")


@hookspec
def bench_methods() -> Iterable[Method]:
    """List the methods of this plugin.

    Called once when plugins are loaded, in every command that needs method names. It must not
    train, download or draw random numbers. Names are unique over all plugins: a name that two
    plugins define is refused from both.
    """
    raise NotImplementedError


@hookspec
def bench_datasets() -> Iterable[DatasetSource]:
    """List the datasets of this plugin.

    Called once when plugins are loaded. `load` is called later, in a process of its own; what it
    returns arrives as arrays and texts. It must return the same ones each time: their digest, which
    the core takes, is part of every run's identity.
    """
    raise NotImplementedError


@hookspec
def bench_backbones() -> Iterable[BackboneSource]:
    """List the trunks of this plugin.

    Called once when plugins are loaded. `build` is called once a run, with torch's global
    generator seeded from the weights stream of that seed and fold, so that every method starts
    from the same weights; a trunk that is another when it is built again is refused before the
    first run. Pretrained weights are put into it right after, if the protocol names
    some that the source offers; what fetches them is called once a command, before any run.
    """
    raise NotImplementedError


@hookspec
def bench_metrics() -> Iterable[Metric]:
    """List further scores, shown beside the locked ones and never used to select or to rank.

    Called once when plugins are loaded. `compute` is called once for every scored embedding,
    after training. A metric that raises or returns a value that is not finite is recorded as
    missing and changes nothing else.
    """
    raise NotImplementedError


@hookspec
def bench_executors() -> Iterable[Executor]:
    """List the executors of this plugin: places where runs are executed, as `--executor` names.

    Called once when plugins are loaded. `execute` is called once a session, in the process that
    owns the store, with the runs to do as `harness.executors.Work`. It says when each run
    begins and hands over its Record and arrays when it ended; the session stores them. To send a
    run elsewhere, `harness.executors.pack` makes bytes of it and `unpack` makes it a run
    again where the same plugins are installed; `harness.executors.execute` executes it there
    and never raises for what a method does. A run must come out the same wherever it is executed.
    """
    raise NotImplementedError


@hookspec
def bench_run_started(identity: Identity) -> None:
    """Observe that a run begins.

    Called once a run, when its executor begins it, in a process of the observing plugin. `identity`
    is a copy. What an observer raises is logged and changes nothing.
    """


@hookspec
def bench_run_finished(record: Record) -> None:
    """Observe that a run ended, in scores or in a reason.

    Called once a run, after its Record is stored, in a process of the observing plugin. `record`
    is a copy. What an observer raises is logged and changes nothing.
    """
