"""Downloading the files of a dataset: pooch checks and places them, and half a file goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.data.home import sources_folder
from harness.data.sources import PublishedDataset, PublishedFile
from harness.errors import UserError

_BLOCK = 1 << 18
_TIMEOUT = 60.0


class Resuming:
    """A downloader for pooch that keeps half a download, and asks only for the rest of it.

    `progress`: whether a bar is drawn on stderr.
    """

    def __init__(self, half: Path, *, progress: bool) -> None:
        self._half = half
        self._progress = progress

    def __call__(self, url: str, output_file: Any, _: Any) -> None:
        """Download `url` to `output_file`, by way of the half file."""
        import requests

        start = self._half.stat().st_size if self._half.exists() else 0
        headers = {"Range": f"bytes={start}-"} if start else {}
        with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as response:
            if response.status_code != requests.codes.requested_range_not_satisfiable:
                response.raise_for_status()
                resumed = response.status_code == requests.codes.partial_content
                self._write(response, start if resumed else 0)
        self._half.replace(output_file)

    def _write(self, response: Any, start: int) -> None:
        from tqdm import tqdm

        rest = response.headers.get("Content-Length")
        total = None if rest is None else start + int(rest)
        with (
            self._half.open("ab" if start else "wb") as file,
            tqdm(
                total=total,
                initial=start,
                unit="B",
                unit_scale=True,
                desc=self._half.name.removesuffix(".half"),
                disable=not self._progress,
            ) as bar,
        ):
            for block in response.iter_content(_BLOCK):
                file.write(block)
                bar.update(len(block))
        if total is not None and self._half.stat().st_size < total:
            raise ConnectionError("the connection ended before the file did")


def fetch(entry: PublishedDataset, file: PublishedFile, *, progress: bool = True) -> Path:
    """Download a file of a dataset to its place, and check it.

    An interrupted download goes on where it stopped. Raises UserError where the file has no
    stable address, cannot be had, or is not the one that was published.
    """
    import pooch
    import requests

    if not file.url:
        raise UserError(f"{file.name}: has no address to download from; {entry.obtain}")
    folder = sources_folder(entry.family)
    half = folder / f"{file.name}.half"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = pooch.retrieve(
            file.url,
            known_hash=f"md5:{file.md5}" if file.md5 else None,
            fname=file.name,
            path=folder,
            downloader=Resuming(half, progress=progress),
        )
    except ValueError as error:
        half.unlink(missing_ok=True)
        raise UserError(f"{file.url}: is not {file.name} as published ({error})") from error
    except (requests.RequestException, OSError) as error:
        kept = f"; {half.stat().st_size:,} bytes are kept, run it again" if half.exists() else ""
        raise UserError(f"{file.url}: {_reason(error)}{kept}") from error
    return Path(found)


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"cannot be downloaded ({text[:200]})"
