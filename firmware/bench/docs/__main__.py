"""Write every document into a directory."""

from __future__ import annotations

import sys
from pathlib import Path

from firmware.bench.docs.table import DOCUMENTS


def main(directory: Path) -> None:
    for name, document in DOCUMENTS.items():
        (directory / name).write_text(document.draw(), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
