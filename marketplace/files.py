"""Giving out the files of disputes."""

from __future__ import annotations

from django.http import FileResponse, Http404

from .models import Evidence


def served(shown: Evidence) -> FileResponse:
    """The file, to be kept and not shown, and to be run by no browser. Raises Http404 where it is gone."""
    try:
        content = shown.file.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    response = FileResponse(
        content,
        as_attachment=True,
        filename=shown.file_name,
        content_type=shown.kind,
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "no-store"
    return response
