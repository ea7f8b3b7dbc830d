"""The protocol stands on the standard library alone."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

PROGRAM = """
import sys
before = set(sys.modules)
import protocol
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
print("protocol.stream" in sys.modules)
"""


def test_the_protocol_imports_the_standard_library_only_and_not_its_trio_edge() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, check=True, capture_output=True, text=True)
    imported, stream_too = done.stdout.splitlines()
    assert set(imported.split()) - set(sys.stdlib_module_names) == {"protocol"}
    assert stream_too == "False"


def test_only_the_stream_module_names_trio() -> None:
    naming = {path.name for path in (ROOT / "protocol").glob("*.py") if "import trio" in path.read_text()}
    assert naming == {"stream.py"}
