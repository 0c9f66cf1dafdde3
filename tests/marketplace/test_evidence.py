"""What the two show: pictures drawn anew, PDFs, and nothing else."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from marketplace import operations
from marketplace.models import Dispute, Evidence
from marketplace.operations import files
from marketplace.rules import NotYours
from tests.factories import make_dispute, make_moderator

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7\n1 0 obj << >> endobj\ntrailer << >>\n%%EOF\n"
SECRET = b"Rua das Flores 12"


@pytest.fixture(autouse=True)
def files_of_this_test(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


def picture(format: str = "JPEG", size: tuple[int, int] = (40, 30), **how: Any) -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", size, "teal").save(kept, format, **how)
    return kept.getvalue()


def show(content: bytes, name: str = "photo.jpg", dispute: Dispute | None = None) -> Evidence:
    dispute = dispute or make_dispute()
    upload = SimpleUploadedFile(name, content, content_type="image/jpeg")  # what the browser says is not asked
    return operations.add_evidence(dispute, by=dispute.exchange.provider, upload=upload)


def kept(evidence: Evidence) -> bytes:
    with evidence.file.open() as file:
        return file.read()


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_picture_is_kept_as_a_new_jpeg(format: str) -> None:
    evidence = show(picture(format), "photo.png")
    assert (evidence.kind, evidence.name) == (Evidence.Kind.IMAGE, "photo.png")
    assert evidence.file.name.endswith(f"{evidence.public_id}.jpg")
    with Image.open(io.BytesIO(kept(evidence))) as image:
        assert (image.format, image.size) == ("JPEG", (40, 30))
    assert evidence.size_bytes == len(kept(evidence))


def test_a_pdf_is_kept_as_it_is() -> None:
    evidence = show(PDF, "offer.pdf")
    assert (evidence.kind, kept(evidence)) == (Evidence.Kind.PDF, PDF)


def test_nothing_of_where_a_picture_was_taken_is_kept() -> None:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    exif.get_ifd(0x8825)[1] = "N"
    words = {"exif": exif, "comment": SECRET, "xmp": b"<x>" + SECRET + b"</x>"}
    original = picture(**words)
    assert original.count(SECRET) == 3

    new = kept(show(original))

    assert SECRET not in new
    with Image.open(io.BytesIO(new)) as image:
        assert (dict(image.getexif()), image.info.get("comment", b"")) == ({}, b"")


@pytest.mark.parametrize("format", ["GIF", "PNG"])
def test_nor_of_what_was_written_beside_it(format: str) -> None:
    from PIL.PngImagePlugin import PngInfo

    notes = PngInfo()
    notes.add_text("comment", SECRET.decode())
    original = picture(format, **({"comment": SECRET} if format == "GIF" else {"pnginfo": notes}))
    assert SECRET in original
    assert SECRET not in kept(show(original))


def test_a_picture_lying_on_its_side_is_put_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(io.BytesIO(kept(show(picture(exif=exif))))) as image:
        assert image.size == (30, 40)


def test_a_picture_that_is_something_else_too_is_only_a_picture_afterwards() -> None:
    both = io.BytesIO(picture())
    with zipfile.ZipFile(both, "a") as archive:
        archive.writestr("hidden.txt", SECRET.decode())
    script = picture() + b"<script>alert(1)</script>"

    for content in (both.getvalue(), script):
        new = kept(show(content))
        assert SECRET not in new and b"<script>" not in new
        assert not zipfile.is_zipfile(io.BytesIO(new))


@pytest.mark.parametrize(
    "content",
    [
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"MZ\x90\x00",
        b"PK\x03\x04",
        b"\n%PDF-1.7",
        picture()[:200],
        picture("BMP"),
        picture("TIFF"),
    ],
    ids=["text", "svg", "program", "zip", "late pdf", "half a picture", "bmp", "tiff"],
)
def test_what_is_no_picture_and_no_pdf_is_refused(content: bytes) -> None:
    with pytest.raises(operations.BadFile, match="no picture and no PDF"):
        show(content)
    assert not Evidence.objects.exists()


def test_too_large_is_refused() -> None:
    with pytest.raises(operations.BadFile, match="larger than 5 MB"):
        show(PDF + b"0" * files.LARGEST_BYTES)


def test_empty_is_refused() -> None:
    with pytest.raises(operations.BadFile, match="empty"):
        show(b"")


@pytest.mark.parametrize("side", [7100, 9600, 14000])
def test_a_small_file_of_very_many_pixels_is_refused(side: int) -> None:
    kept = io.BytesIO()
    Image.new("1", (side, side)).save(kept, "PNG")
    assert len(kept.getvalue()) < files.LARGEST_BYTES
    with pytest.raises(operations.BadFile, match="too many pixels"):
        show(kept.getvalue())


def test_a_large_picture_is_made_smaller() -> None:
    with Image.open(io.BytesIO(kept(show(picture(size=(4000, 1000)))))) as image:
        assert image.size == (2000, 500)


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\me.jpg", "me.jpg"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("", "file"),
        ("x" * 300 + ".jpg", "x" * 96 + ".jpg"),
    ],
)
def test_a_name_is_for_reading_only(name: str, read: str) -> None:
    class Upload(SimpleUploadedFile):
        pass

    upload = Upload("photo.jpg", picture())
    upload._name = name  # past Django, which cleans it too
    assert files.cleaned(upload).name == read


def test_the_same_file_is_shown_once_and_five_are_enough() -> None:
    dispute = make_dispute()
    first = show(picture(), dispute=dispute)
    assert show(picture(), "again.jpg", dispute) == first

    for number in range(4):
        show(PDF + bytes([number]), dispute=dispute)
    with pytest.raises(operations.BadFile, match="up to 5 files"):
        show(PDF + b"one more", dispute=dispute)
    assert show(picture(), dispute=dispute) == first


def test_only_the_two_show_something_and_only_until_it_is_decided() -> None:
    dispute, moderator = make_dispute(), make_moderator()
    with pytest.raises(NotYours):
        operations.add_evidence(dispute, by=moderator, upload=SimpleUploadedFile("a.pdf", PDF))
    operations.rule(dispute, by=moderator, outcome="refund", because="So.")
    with pytest.raises(operations.AlreadyDecided):
        show(PDF, dispute=dispute)
