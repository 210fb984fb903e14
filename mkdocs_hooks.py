"""For the site: a page's links into the repository, which the site has not, become file names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent
OUTSIDE = re.compile(r"\[([^\]]*)\]\(\.\./([^)#]+)[^)]*\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Name the file that is there; one that is not stays a link, which the strict build refuses."""

    def named(link: re.Match[str]) -> str:
        text, path = link.groups()
        if not (ROOT / path).exists():
            return link[0]
        return text if path in text else f"{text} (`{path}`)"

    return OUTSIDE.sub(named, markdown)
