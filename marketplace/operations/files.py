"""What people upload, made harmless: pictures are drawn anew, PDFs told by their first bytes, nothing else passes."""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from dataclasses import dataclass
from pathlib import PurePath

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from marketplace.models import Evidence

from .refusals import BadFile

LARGEST_BYTES = 5 * 1024 * 1024
LARGEST_SIDE = 2000  # pixels; larger pictures are made smaller
MOST_PIXELS = 50_000_000
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "HEIF")
_PDF = b"%PDF-"


@dataclass(frozen=True)
class Clean:
    """One upload as it may be kept."""

    kind: str
    ending: str
    name: str
    content: bytes
    sha256: str  # of what was uploaded

    def as_file(self) -> ContentFile[bytes]:
        return ContentFile(self.content)


def cleaned(upload: UploadedFile) -> Clean:
    """``upload`` as it may be kept: a new JPEG without any data about itself, or the PDF. Raises BadFile."""
    if not upload.size:
        raise BadFile(_("This file is empty."))
    if upload.size > LARGEST_BYTES:
        raise BadFile(_("This file is larger than %(most)d MB.") % {"most": LARGEST_BYTES // 1024 // 1024})
    content = upload.read()
    digest = hashlib.sha256(content).hexdigest()
    name = _harmless(upload.name or "")
    if content.startswith(_PDF):
        return Clean(Evidence.Kind.PDF, ".pdf", name, content, digest)
    return Clean(Evidence.Kind.IMAGE, ".jpg", name, _drawn_anew(content), digest)


def _drawn_anew(content: bytes) -> bytes:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise BadFile(_too_many_pixels())
                upright = ImageOps.exif_transpose(picture).convert("RGB")
    except BadFile:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:  # before we could count them
        raise BadFile(_too_many_pixels()) from error
    except Exception as error:  # whatever a broken or hostile file makes the library raise
        raise BadFile(_("This is no picture and no PDF. Choose a photo (JPEG, PNG, WebP) or a PDF.")) from error
    upright.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    kept = io.BytesIO()
    upright.save(kept, "JPEG", quality=85, comment=b"")  # or the words a camera wrote beside it would be kept
    return kept.getvalue()


def _too_many_pixels() -> str:
    return _("This picture has too many pixels. Make it smaller and try again.")


def _harmless(name: str) -> str:
    """The file's own name for reading: no path, no control or direction marks, not too long."""
    last = PurePath(name.replace("\\", "/")).name
    plain = re.sub(r"[\x00-\x1f\x7f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", last).strip()
    return plain[-100:] or "file"
