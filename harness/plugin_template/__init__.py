"""The project that `bench plugin new` writes: real files, with the names filled in.

`files/` holds them as text, `.txt` added so that no tool takes them for code of ours.
"""

from harness.plugin_template.write import write_plugin

__all__ = ["write_plugin"]
