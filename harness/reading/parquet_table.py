"""Parquet tables: pandas', Hugging Face's, and others'."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import UserError, unreadable
from harness.reading.names import counts_rows
from harness.reading.source import Array, Kind, ReadColumn


class ParquetTable:
    """A Parquet file, whose columns have types; the index that pandas keeps counts the rows."""

    table = True
    headed = True

    def __init__(self, where: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.where = where
        self.notes: list[str] = []
        try:
            self._file = pq.ParquetFile(where, memory_map=True)
            self._schema = self._file.schema_arrow
        except (pa.ArrowException, OSError, ValueError) as error:
            raise unreadable(where, "parquet", error) from None
        names = list(self._schema.names)
        self.names: Sequence[str] = names
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            count = names.count(twice)
            raise UserError(f"{where}: {count} columns are named '{twice}': rename them")
        if not self._file.metadata.num_rows:
            raise UserError(f"{where} holds no rows")
        indices = self._pandas_indices()
        self.row_names = frozenset(
            name for name in self.names if name in indices or counts_rows(name)
        )

    def kind(self, name: str) -> Kind:
        """What a column holds, by its type."""
        import pyarrow.types as of

        kind = self._schema.field(name).type
        if of.is_dictionary(kind):
            kind = kind.value_type
        if name in self._class_names:
            return "text"
        tests: dict[Kind, Sequence[Callable[[Any], bool]]] = {
            "whole": (of.is_integer, of.is_boolean),
            "real": (of.is_floating, of.is_decimal),
            "text": (of.is_string, of.is_large_string, of.is_temporal),
            "encoded": (of.is_binary, of.is_large_binary, _holds_bytes),
            "vectors": (_is_vector,),
        }
        return next(
            (one for one, each in tests.items() if any(test(kind) for test in each)), "other"
        )

    def column(self, name: str) -> ReadColumn:
        """One value a row, as numbers or as texts."""
        import pyarrow as pa
        import pyarrow.types as of

        values = self._column(name)
        if of.is_dictionary(values.type):
            values = values.cast(values.type.value_type)
        missing = np.asarray(values.is_null())
        if name in self._class_names:
            names = self._class_names[name]
            listed = values.to_pylist()
            told = [
                "" if one is None or one < 0 else names[one] if one < len(names) else str(one)
                for one in listed
            ]
            missing = np.array([one is None or one < 0 for one in listed])
            return ReadColumn(np.array(told, dtype=np.str_), missing)
        if of.is_boolean(values.type):
            values = values.cast(pa.string())
        if of.is_integer(values.type):
            filled = values.fill_null(0) if missing.any() else values
            return ReadColumn(filled.to_numpy(zero_copy_only=False), missing)
        if of.is_floating(values.type):
            numbers = values.to_numpy(zero_copy_only=False)
            return ReadColumn(numbers, missing | np.isnan(numbers))
        texts = ["" if one is None else str(one) for one in values.to_pylist()]
        array = np.array(texts, dtype=np.str_)
        empty = np.array([not text.strip() for text in texts])
        return ReadColumn(array, missing | empty, typed=not of.is_decimal(values.type))

    def matrix(self, names: Sequence[str]) -> Array:
        """Columns of numbers side by side; a missing one is NaN."""
        return np.stack([np.asarray(self._numbers(name)) for name in names], axis=1)

    def array(self, name: str) -> Array:
        """A column of lists, (N, D); UserError for lists of several lengths."""
        import pyarrow as pa
        import pyarrow.types as of

        values = self._column(name)
        if values.null_count:
            row = int(np.argmax(np.asarray(values.is_null())))
            raise UserError(f"{self.where}: column {name}: row {row + 1} has no vector")
        if of.is_fixed_size_list(values.type):
            values = values.cast(pa.list_(values.type.value_type))
        lengths = np.asarray(values.value_lengths())
        if (lengths != lengths[0]).any():
            row = int(np.argmax(lengths != lengths[0]))
            raise UserError(
                f"{self.where}: column {name}: row {row + 1} has {lengths[row]} numbers, the "
                f"first {lengths[0]}"
            )
        flat = values.flatten()
        if flat.null_count:
            raise UserError(f"{self.where}: column {name}: holds lists with missing numbers")
        numbers = np.asarray(flat.to_numpy(zero_copy_only=False))
        return numbers.reshape(len(lengths), int(lengths[0]))

    def encoded(self, name: str) -> Iterator[bytes | None]:
        """The bytes of each row's image, a few at a time."""
        for batch in self._file.iter_batches(batch_size=64, columns=[name]):
            for one in batch.column(0).to_pylist():
                yield one["bytes"] if isinstance(one, dict) else one

    def encoded_paths(self, name: str) -> list[str | None]:
        """The paths that Hugging Face keeps beside the bytes, where it does."""
        listed: list[str | None] = []
        for batch in self._file.iter_batches(batch_size=1024, columns=[name]):
            column = batch.column(0)
            fields = [field.name for field in column.type] if hasattr(column, "field") else []
            found = column.field("path").to_pylist() if "path" in fields else [None] * len(column)
            listed += found
        return listed

    def _numbers(self, name: str) -> Array:
        import pyarrow.types as of

        values = self._column(name)
        if values.null_count or not (of.is_integer(values.type) or of.is_floating(values.type)):
            values = values.cast("float64")
        return np.asarray(values.to_numpy(zero_copy_only=False))

    def _column(self, name: str) -> Any:
        import pyarrow as pa

        try:
            column = self._table.column(name)
        except (pa.ArrowException, KeyError, ValueError) as error:
            raise unreadable(self.where, "parquet", error) from None
        combined = column.combine_chunks()
        return combined.combine_chunks() if isinstance(combined, pa.ChunkedArray) else combined

    @cached_property
    def _table(self) -> Any:
        import pyarrow as pa

        plain = [name for name in self.names if self.kind(name) not in ("encoded", "other")]
        try:
            return self._file.read(columns=plain)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise unreadable(self.where, "parquet", error) from None

    @cached_property
    def _class_names(self) -> dict[str, list[str]]:
        """Hugging Face's names of whole-number labels."""
        features = self._metadata(b"huggingface").get("info", {}).get("features", {})
        return {
            name: [str(one) for one in feature["names"]]
            for name, feature in features.items()
            if isinstance(feature, dict)
            and feature.get("_type") == "ClassLabel"
            and isinstance(feature.get("names"), list)
        }

    def _pandas_indices(self) -> set[str]:
        columns = self._metadata(b"pandas").get("index_columns", [])
        return {name for name in columns if isinstance(name, str)}

    def _metadata(self, name: bytes) -> dict[str, Any]:
        text = (self._schema.metadata or {}).get(name)
        try:
            found = json.loads(text) if text else {}
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


def _holds_bytes(kind: Any) -> bool:
    import pyarrow.types as of

    return of.is_struct(kind) and any(field.name == "bytes" for field in kind)


def _is_vector(kind: Any) -> bool:
    import pyarrow.types as of

    if not (of.is_list(kind) or of.is_large_list(kind) or of.is_fixed_size_list(kind)):
        return False
    return bool(of.is_floating(kind.value_type) or of.is_integer(kind.value_type))
