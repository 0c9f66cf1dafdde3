"""Refuse floats where minutes are counted: no float literal, no true division, no float()."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
WHERE = ("ledger/**/*.py", "timebank/durations*.py")


def floats_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The line and kind of each float in ``tree``."""
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=float() | complex()):
                yield node.lineno, f"the float {node.value}"
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                yield node.lineno, "true division: use // or divmod"
            case ast.Name(id="float") | ast.Attribute(attr="FloatField" | "DecimalField"):
                yield node.lineno, "a float type"


def main() -> int:
    found = [
        f"{path.relative_to(BASE_DIR)}:{line}: {what}"
        for pattern in WHERE
        for path in sorted(BASE_DIR.glob(pattern))
        for line, what in floats_in(ast.parse(path.read_text()))
    ]
    print("\n".join(found) or "No floats where minutes are counted.")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
