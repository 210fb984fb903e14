"""`Store`: a directory that keeps what Runs left behind, and loses nothing that was committed.

Nothing here or behind it knows torch.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from harness.artifacts import Arrays, read_artifact, remove_artifact, write_artifact
from harness.errors import UserError
from harness.record import Artifact, Concatenation, Record, Scores, is_as_it_was_sealed
from harness.store import excerpts, queries
from harness.store.database import (
    FILE_NAME,
    Database,
    EmptyStore,
    faults_told,
    open_database,
    writing,
    writing_if_free,
)
from harness.store.excerpts import Excerpt
from harness.store.queries import (
    Held,
    Scope,
    edited_runs,
    parse_concatenation,
    parse_record,
    parse_records,
)

if TYPE_CHECKING:
    from harness.store.examination import Damage, Examination

__all__ = ["EmptyStore", "Held", "Scope", "Store"]

log = logging.getLogger(__name__)
_LISTED = 4


class Store:
    """Records and Concatenations in SQLite, arrays as safetensors files beside them.

    Made by `Store.open`; close it, or use it as a context manager. A write is on the disk when
    its call returns, and a process killed at any moment leaves every earlier write intact.
    Several processes may use one store; one Store object belongs to one thread. Whatever disk or
    database do wrong is raised as a UserError of one line. `left_out`: the runs that were asked for
    and are not as they were stored.
    """

    def __init__(self, path: Path, database: Database) -> None:
        self.path = path
        self._database = database
        self._connection = database.connection
        self.left_out: list[str] = []

    @classmethod
    def open(cls, path: Path | str, *, create: bool = False) -> Self:
        """Open the store at `path`; with `create`, make it if there is none.

        A store that cannot be written is opened for reading. Raises UserError if `path` is a
        file, holds no store, a damaged one, one of another program or of a newer version.
        """
        path = Path(path)
        with faults_told(path):
            if path.exists() and not path.is_dir():
                raise UserError(f"store {path}: is a file; a store is a directory")
            if not create and not cls.is_at(path):
                raise UserError(f"store {path}: there is no store; `bench run` makes one")
            path.mkdir(parents=True, exist_ok=True)
            return cls(path, open_database(path / FILE_NAME, create=create))

    @staticmethod
    def is_at(path: Path) -> bool:
        """Whether there is a store at `path`, sound or not; nothing is opened."""
        return (path / FILE_NAME).exists()

    def close(self) -> None:
        """Close the store; nothing can be read from it any more."""
        with faults_told(self.path):
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def read_only(self) -> bool:
        """Whether nothing can be added, because the folder or the database is read-only."""
        return self._database.read_only

    def require_writable(self) -> None:
        """Raise UserError if nothing can be added: ask before work that would be lost."""
        if self.read_only:
            raise UserError(f"store {self.path}: is read-only: nothing can be added")

    @contextmanager
    def sole_writer(self, *, waiting: Callable[[], None]) -> Iterator[None]:
        """Be the only one inside this for this store; `waiting` is called if another is, first.

        Held by whoever writes, so that two do not train the same runs, and `bench doctor` takes
        nothing half written for what a dead session left. Writing is safe without it.
        """
        with ExitStack() as stack:
            with faults_told(self.path):
                stack.enter_context(writing(self.path, waiting=waiting))
            yield

    @contextmanager
    def sole_writer_if_free(self) -> Iterator[bool]:
        """Be the only one inside if nobody is; yields whether this is so."""
        if self.read_only:
            yield False
            return
        with ExitStack() as stack:
            with faults_told(self.path):
                alone = stack.enter_context(writing_if_free(self.path))
            yield alone

    def record(self, run_id: str) -> Record | None:
        """The Record of a run, or None."""
        rows = self._rows(queries.RECORD, run_id)
        return parse_record(self.path, *rows[0]) if rows else None

    def records(
        self,
        *,
        protocol_digest: str | None = None,
        dataset: str | None = None,
        dataset_digest: str | None = None,
        training_semantics: int | None = None,
        trials: bool = False,
    ) -> list[Record]:
        """All Records with the given properties, in the order in which the runs were first put.

        Those of replicates, or with `trials` those of a search's trials. Runs that something else
        changed are `left_out`.
        """
        wanted = (protocol_digest, dataset, dataset_digest, training_semantics)
        rows = self._rows(queries.RECORDS, *wanted)
        found = parse_records(self.path, rows)
        edited = {run_id for run_id, text in rows if not is_as_it_was_sealed(text)}
        self._leave_out(sorted(edited))
        found = [record for record in found if record.run_id not in edited]
        return [record for record in found if (record.identity.trial is not None) == trials]

    def excerpts(self, scope: Scope) -> list[Excerpt]:
        """What a leaderboard reads of a scope's replicates, in the order of `records`.

        Runs that something else changed are `left_out`. What an earlier version did not write is
        made, and kept for the next time. Raises UserError where such a Record does not parse.
        """
        with faults_told(self.path):
            read = excerpts.read_excerpts(self.path, self._connection, scope)
        if read.made and not self.read_only:
            with suppress(UserError), self._transaction():  # a full disk stops no reader
                excerpts.keep_excerpts(self._connection, read.made)
        self._leave_out(read.edited)
        return read.excerpts

    def _leave_out(self, edited: Sequence[str]) -> None:
        new = [run_id for run_id in edited if run_id not in self.left_out]
        if new:
            self.left_out += new
            log.warning("store %s: %s", self.path, edited_runs(new))

    def run_states(self) -> dict[str, str]:
        """The state of every run, without parsing a single Record."""
        return dict(self._rows(queries.RUN_STATES))

    def held(self) -> list[Held]:
        """Every run in a line, trials too, in the order in which they were first put."""
        return [Held(*queries.unpacked(row, 3)) for row in self._rows(queries.HELD)]

    def scopes(self) -> list[Scope]:
        """What the store holds; first the scope that was added to last."""
        return [Scope(*queries.unpacked(row, 2)) for row in self._rows(queries.SCOPES)]

    def put(self, record: Record, arrays: Arrays | None = None, *, replace: bool = False) -> Record:
        """Store a Record with its arrays; return it as stored, its artifact filled in.

        A run that is already there stays as it is and is returned, unless `replace` is given and
        it did not end in scores. The arrays are on the disk before the row that names them.
        """
        self.require_writable()
        kept = self._kept(record.run_id, replace=replace)
        if kept is not None or arrays is None:
            return kept or self._put_row(record, replace=replace)
        with faults_told(self.path):
            artifact = write_artifact(self.path, record.run_id, arrays)
        named = record.model_copy(update={"artifact": artifact})
        try:
            return self._put_row(named, replace=replace)
        finally:
            self._remove_unless_named(artifact, record.run_id)

    def require(self, run_id: str) -> Record:
        """The Record of a run, by its id or a beginning that no other has; UserError without."""
        record = self.find(run_id)
        if record is None:
            shown = f"bench list runs --store {self.path} shows them"
            raise UserError(f"store {self.path}: holds no run {run_id} ({shown})")
        return record

    def find(self, text: str) -> Record | None:
        """The Record whose id begins with a text, None for none; UserError for several."""
        found = [run_id for (run_id,) in self._rows(queries.RUN_IDS, text)] if text else []
        if len(found) > 1 and text not in found:
            listed = ", ".join(found[:_LISTED]) + (" ..." if len(found) > _LISTED else "")
            raise UserError(f"store {self.path}: {len(found)} runs begin with {text}: {listed}")
        return self.record(text if text in found else found[0]) if found else None

    def forget(self, run_ids: Sequence[str]) -> None:
        """Take runs out, with the concatenations and the files that are theirs."""
        self.require_writable()
        artifacts = [record.artifact for record in map(self._unparsed, run_ids) if record]
        with self._transaction():
            for run_id in run_ids:
                self._connection.execute(queries.FORGET_RUN, (run_id,))
                self._connection.execute(queries.FORGET_JOINED, (run_id,))
        for artifact in artifacts:
            if artifact is not None:
                remove_artifact(self.path, artifact)

    def _unparsed(self, run_id: str) -> Record | None:
        """A Record, None where it is damaged: it can be forgotten all the same."""
        with suppress(UserError):
            return self.record(run_id)
        return None

    def put_scores(self, record: Record, scores: Scores, arrays: Arrays) -> Record:
        """Give a stored run other scores and arrays; nothing else of it changes.

        For scoring again under a newer metric version. The row names the old arrays or the new
        ones, never none.
        """
        self.require_writable()
        with faults_told(self.path):
            artifact = write_artifact(self.path, record.run_id, arrays)
        renewed = record.model_copy(update={"scores": scores, "artifact": artifact})
        with self._transaction():
            self._insert(renewed)
        if record.artifact is not None:
            self._remove_unless_named(record.artifact, record.run_id)
        return renewed

    def arrays(self, record: Record) -> Arrays:
        """The arrays of a Record, none if it has no artifact; raises UserError if damaged."""
        if record.artifact is None:
            return {}
        with faults_told(self.path):
            return read_artifact(self.path, record.artifact)

    def put_concatenation(self, concatenation: Concatenation) -> None:
        """Store the scores of joined runs, in place of earlier scores of the same runs.

        Raises ValueError if the first of the runs is not in the store.
        """
        self.require_writable()
        first = concatenation.run_ids[0]
        values = (concatenation.concatenation_id, concatenation.model_dump_json(), first)
        with self._transaction():
            if self._connection.execute(queries.INSERT_CONCATENATION, values).rowcount != 1:
                raise ValueError(f"no run {first} in store {self.path}")

    def concatenation(self, run_ids: Sequence[str]) -> Concatenation | None:
        """The scores of the given runs joined in the given order, or None."""
        key = Concatenation.model_construct(run_ids=tuple(run_ids)).concatenation_id
        rows = self._rows(queries.CONCATENATION, key)
        return parse_concatenation(self.path, *rows[0]) if rows else None

    def concatenations(
        self, *, protocol_digest: str | None = None, dataset: str | None = None
    ) -> list[Concatenation]:
        """All Concatenations with the given properties, in the order in which they were put."""
        rows = self._rows(queries.CONCATENATIONS, protocol_digest, dataset)
        return [parse_concatenation(self.path, *row) for row in rows]

    def examine(self, *, alone: bool) -> Examination:
        """Look for damage. `alone`: nobody else writes, so that leftover files can be told."""
        from harness.store.examination import examine

        with faults_told(self.path):
            return examine(self.path, self._connection, alone=alone)

    def repair(self, finding: Damage) -> None:
        """Apply the remedy of a finding, if it has one.

        A run that is forgotten is trained again by the next `bench run`.
        """
        self.require_writable()
        with self._transaction():
            if finding.remedy == "forget-run":
                self._connection.execute(queries.FORGET_RUN, (finding.target,))
                self._connection.execute(queries.FORGET_JOINED, (finding.target,))
            elif finding.remedy == "write-excerpts":
                excerpts.write_excerpts(self.path, self._connection, renewed=finding.target)
            elif finding.remedy == "forget-concatenation":
                self._connection.execute(queries.FORGET_CONCATENATION, (finding.target,))
        if finding.remedy == "remove-file":
            with faults_told(self.path):
                (self.path / finding.target).unlink(missing_ok=True)

    def _kept(self, run_id: str, *, replace: bool) -> Record | None:
        """The stored Record of a run, unless it may be replaced."""
        stored = self.record(run_id)
        return None if replace and stored and stored.state != "done" else stored

    def _put_row(self, record: Record, *, replace: bool) -> Record:
        with self._transaction():
            # Asked again under the lock: another process may have put the run by now.
            kept = self._kept(record.run_id, replace=replace)
            if kept is None:
                self._insert(record)
        return kept or record

    def _insert(self, record: Record) -> None:
        self._connection.execute(queries.INSERT_RUN, queries.run_columns(record))
        excerpts.insert_excerpt(self._connection, record)

    def _remove_unless_named(self, artifact: Artifact, run_id: str) -> None:
        with suppress(UserError):
            stored = self.record(run_id)
            if stored is None or stored.artifact != artifact:
                remove_artifact(self.path, artifact)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with faults_told(self.path):
            self._database.begin()
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _rows(self, query: str, *values: str | int | None) -> list[Any]:
        with faults_told(self.path):
            return self._connection.execute(query, values).fetchall()
