"""The scoring rules of a Record: its protocol, found again and recognised by its digest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.errors import UserError
from harness.protocol import Protocol, load_protocol
from harness.protocol.model import ScoringRule
from harness.record import Identity, Record


class RuleBook:
    """Finds the scoring rules that a Record's protocol digest stands for.

    `files`: protocol files besides the published ones.
    """

    def __init__(self, files: Sequence[Path] = ()) -> None:
        self._files = files
        self._known: dict[tuple[str, str], Protocol] = {}

    def rule(self, record: Record) -> ScoringRule:
        """How one run is scored; UserError if no protocol at hand has its digest."""
        identity = record.identity
        key = (identity.protocol_digest, identity.dataset)
        if key not in self._known:
            self._known[key] = self.protocol(identity)
        return self._known[key].scoring_for(record.declared.comparison)

    def protocol(self, identity: Identity) -> Protocol:
        """The protocol of one run; UserError if none at hand has its digest."""
        for name in (identity.protocol, *map(str, self._files)):
            try:
                protocol = load_protocol(
                    name, dataset=identity.dataset, overrides=identity.unlocked
                )
            except UserError:
                continue
            if protocol.digest == identity.protocol_digest:
                return protocol
        raise UserError(
            f"no protocol at hand has the digest {identity.protocol_digest[:12]} of "
            f"'{identity.protocol}' (give its file with --protocol-file)"
        )
