"""QR codes of addresses of this site."""

from __future__ import annotations

import io

import segno
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

QUIET_MODULES = 4  # white around it, as the standard asks for
DOT_PIXELS = 10


def _code(address: str) -> segno.QRCode:
    return segno.make_qr(address, error="m", boost_error=False)


def drawing(address: str, *, label: str) -> SafeString:
    """The code as an SVG of one path, which takes the size of what it stands in; ``label`` says what it is."""
    lines = io.BytesIO()
    _code(address).save(
        lines, kind="svg", xmldecl=False, svgns=False, svgclass=None, lineclass=None, omitsize=True,
        border=QUIET_MODULES, dark="#000", light="#fff",
    )  # fmt: skip
    inner = lines.getvalue().decode().strip().removeprefix("<svg").removesuffix("</svg>")
    return format_html(
        '<svg role="img" aria-label="{}" shape-rendering="crispEdges"{}</svg>',
        label,
        mark_safe(inner),  # noqa: S308  of numbers alone: the address is drawn, not written
    )


def picture(address: str) -> bytes:
    """The code as a PNG."""
    png = io.BytesIO()
    _code(address).save(png, kind="png", scale=DOT_PIXELS, border=QUIET_MODULES)
    return png.getvalue()
