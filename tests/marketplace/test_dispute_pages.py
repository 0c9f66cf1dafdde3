"""A dispute as its two people see it: opening it, both sides, files, the ruling. Files that are not what they say."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts.operations import send_hours, suspend_member
from marketplace import operations
from marketplace.models import Dispute, Evidence, Exchange
from tests.factories import available, make_coordinator, make_dispute, make_exchange, make_member, make_moderator
from tests.pages.reading import links, words
from tests.work import drain
from timebank import clock

from .test_exchange_page import HTMX, hidden, pair, signed_in, url

pytestmark = pytest.mark.django_db
State = Exchange.State


@pytest.fixture(autouse=True)
def files_of_its_own(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def test_opening_a_dispute_keeps_the_hours_and_both_see_it() -> None:
    make_moderator()
    exchange, ana, bento = pair(State.DELIVERED)
    page = bento.get(url(exchange))
    assert links(page, "Something went wrong: open a dispute") == [url(exchange, "dispute/")]
    form = bento.get(url(exchange, "dispute/"))
    assert "The hours stay held until it is settled" in words(form)

    sent = hidden(form, url(exchange, "dispute/")) | {"reason": "not_done", "statement": "Nobody came."}
    assert bento.post(url(exchange, "dispute/"), sent).url == url(exchange)
    assert bento.post(url(exchange, "dispute/"), sent).url == url(exchange)  # pressed twice

    for client in (ana, bento):
        said = words(client.get(url(exchange)))
        assert "A moderator looks at it" in said
        assert "It did not happen" in said
        assert "Nobody came." in said
        assert "Held hours 1h" in said
    assert Dispute.objects.get().statements.count() == 1


def test_several_files_are_given_with_it_and_a_second_click_adds_none() -> None:
    exchange, ana, bento = pair(State.DELIVERED)
    address = url(exchange, "dispute/")
    form = bento.get(address)
    assert 'name="evidence"' in form.content.decode() and "multiple" in form.content.decode()
    sent = hidden(form, address) | {"reason": "not_done", "statement": "Nobody came."}
    for _click in range(2):
        assert bento.post(
            address, sent | {"evidence": [a_picture("door.png"), a_picture("calls.pdf", PDF)]}
        ).url == url(exchange)

    assert sorted(Evidence.objects.values_list("name", flat=True)) == ["calls.pdf", "door.png"]
    for client in (ana, bento):
        assert "door.png" in words(client.get(url(exchange)))
    assert exchange.steps.filter(action="dispute").count() == 1


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (["calls.pdf", "notes.txt"], "notes.txt: This is no picture and no PDF."),
        ([f"{n}.pdf" for n in range(6)], "You can add up to 5 files."),
    ],
)
def test_a_file_that_cannot_be_kept_is_named_and_nothing_is_opened(names: list[str], why: str) -> None:
    exchange, _ana, bento = pair(State.DELIVERED)
    files = [SimpleUploadedFile(n, b"%PDF-1.4 " + n.encode() if n.endswith("pdf") else b"words") for n in names]
    typed = {"reason": "not_done", "statement": "Nobody came.", "nonce": "12345678", "evidence": files}

    answer = bento.post(url(exchange, "dispute/"), typed)

    assert answer.status_code == 422
    assert why in words(answer)
    assert "Please choose the files once more." in words(answer)
    assert "Nobody came." in answer.content.decode()
    assert not Dispute.objects.exists() and not Evidence.objects.exists()


def test_both_read_who_has_the_hours_if_nobody_rules() -> None:
    make_moderator()
    exchange, ana, bento = pair(State.DISPUTED)
    assert "If nobody rules by then, Bento has them back." in words(ana.get(url(exchange)))
    assert "If nobody rules by then, they are yours." in words(bento.get(url(exchange)))
    assert "You opened a dispute. The hours stay held." in words(bento.get(url(exchange)))

    done, ana, bento = pair(State.COMPLETED)
    drain()
    make_dispute(done)
    assert "If nobody rules by then, they are yours." in words(ana.get(url(done)))
    assert "If nobody rules by then, Ana has them back." in words(bento.get(url(done)))


def test_a_dispute_after_completion_says_what_was_taken_back_and_not_that_it_stayed() -> None:
    done, ana, bento = pair(State.COMPLETED)
    drain()
    make_dispute(done)
    assert "You opened a dispute. Set aside until it is settled: 1 h." in words(bento.get(url(done)))
    assert "Bento opened a dispute. Set aside until it is settled: 1 h." in words(ana.get(url(done)))
    said = words(ana.get("/notifications/"))
    assert "Bento Lima opened a dispute. Set aside until a moderator has looked at it: 1 h." in said
    assert "The hours stay held" not in said

    spent, ana, bento = pair(State.COMPLETED)
    drain()
    everything = available(spent.provider)
    send_hours(
        sender=spent.provider,
        recipient=make_member(),
        amount_minutes=everything,
        kind="gift",
        note="",
        nonce="12345678",
    )
    make_dispute(spent)
    for client in (ana, bento):
        assert "No hours are at stake." in words(client.get(url(spent)))
        assert "opened a dispute. No hours are left to set aside." in words(client.get(url(spent)))
    assert "Bento Lima opened a dispute. No hours are left to set aside." in words(ana.get("/notifications/"))


def test_where_no_moderator_may_rule_both_read_that_one_is_looked_for() -> None:
    exchange, ana, bento = pair(State.DELIVERED)
    exchange.provider.groups.add(Group.objects.get(name="moderators"))
    make_dispute(exchange)
    for client in (ana, bento):
        assert "A moderator has to be found" in words(client.get(url(exchange)))
        assert "The coordinators look for one." in words(client.get(url(exchange)))
    make_moderator()
    assert "A moderator looks at it The hours" in words(ana.get(url(exchange)))


def test_what_was_written_in_another_tab_is_not_lost_but_can_be_added() -> None:
    exchange, _ana, bento = pair(State.DELIVERED)
    address = url(exchange, "dispute/")
    first, second = (hidden(bento.get(address), address) for _tab in range(2))
    bento.post(address, first | {"reason": "not_done", "statement": "Nobody came."})

    answer = bento.post(address, second | {"reason": "time", "statement": "He came for ten minutes."})

    assert answer.status_code == 409
    assert "This exchange is disputed: a moderator looks at it." in words(answer)
    assert "What you wrote here was not sent." in words(answer)
    add = url(exchange, "dispute/statement/")
    html = answer.content.decode()
    assert "He came for ten minutes.</textarea>" in html
    sent = hidden(answer, add) | {"text": "He came for ten minutes."}
    assert bento.post(add, sent).url == url(exchange)
    assert "He came for ten minutes." in words(bento.get(url(exchange)))
    assert Dispute.objects.get().reason == "not_done"


def test_other_words_in_a_statement_that_was_sent_are_kept_and_sent_when_pressed_once_more() -> None:
    exchange, ana, _bento = disputed()
    address = url(exchange, "dispute/statement/")
    sent = hidden(ana.get(url(exchange)), address) | {"text": "I was there."}
    ana.post(address, sent)

    answer = ana.post(address, sent | {"text": "I was there at ten."})

    assert answer.status_code == 409
    assert "You sent this form before, with other words in it." in words(answer)
    assert ana.post(address, hidden(answer, address) | {"text": "I was there at ten."}).url == url(exchange)
    assert exchange.dispute.statements.filter(author=exchange.provider).count() == 2


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({"reason": "", "statement": "Nobody came."}, "Choose what comes closest."),
        ({"reason": "not_done", "statement": ""}, "Say what happened, so that a moderator can understand it."),
        ({"reason": "not_done", "statement": "x" * 10_000}, "up to 2,000 characters fit here, and it has 10,000"),
    ],
)
def test_a_dispute_that_is_not_whole_keeps_what_was_typed(typed: dict[str, str], why: str) -> None:
    exchange, _ana, bento = pair(State.DELIVERED)
    answer = bento.post(url(exchange, "dispute/"), typed | {"nonce": "12345678"})
    assert answer.status_code == 422
    assert why in words(answer)
    assert typed["statement"] in answer.content.decode()
    assert not Dispute.objects.exists()


def test_a_dispute_out_of_turn_or_too_late_says_so() -> None:
    exchange, _ana, bento = pair(State.ACCEPTED)
    early = bento.get(url(exchange, "dispute/"))
    assert early.status_code == 409
    assert "This exchange is agreed and has not begun." in words(early)

    done, _ana, bento = pair(State.COMPLETED)
    typed = {"reason": "time", "statement": "It was shorter.", "nonce": "12345678"}
    with clock.ahead_by(timedelta(days=15)):
        assert "open a dispute" not in words(bento.get(url(done)))
        late = bento.post(url(done, "dispute/"), typed)
    assert late.status_code == 409
    assert "A completed exchange can be disputed for 14 days; that time is over." in words(late)
    assert "It was shorter." in late.content.decode()


def disputed() -> tuple[Exchange, Client, Client]:
    exchange, ana, bento = pair(State.DISPUTED)
    return exchange, ana, bento


def test_both_say_their_side_the_suspended_one_too() -> None:
    exchange, ana, _bento = disputed()
    suspend_member(exchange.provider, by=make_coordinator(), reason="")
    ana = signed_in(type(exchange.provider).objects.get(pk=exchange.provider_id))
    page = ana.get(url(exchange))
    assert "You may still answer in a dispute." in words(page)
    sent = hidden(page, url(exchange, "dispute/statement/")) | {"text": "I was there at ten."}

    assert ana.post(url(exchange, "dispute/statement/"), sent).url == url(exchange)
    assert ana.post(url(exchange, "dispute/statement/"), sent).url == url(exchange)

    assert words(ana.get(url(exchange))).count("I was there at ten.") == 1
    assert ana.post(url(exchange, "dispute/files/"), {"file": a_picture()}).url == url(exchange)


def test_a_statement_after_the_ruling_is_told_so_and_kept() -> None:
    exchange, ana, _bento = disputed()
    operations.rule(exchange.dispute, by=make_moderator(), outcome="split", because="Half of it.", provider_minutes=20)

    answer = ana.post(url(exchange, "dispute/statement/"), {"text": "But I was there.", "nonce": "12345678"})

    assert answer.status_code == 409
    assert "This dispute is decided, so nothing can be added." in words(answer)
    assert "But I was there." in answer.content.decode()


def test_a_ruling_is_read_in_plain_words_with_the_minutes_of_both() -> None:
    exchange, ana, bento = disputed()
    moderator = make_moderator(name="Moderator Maria")
    operations.read_messages(exchange.dispute, by=moderator)
    operations.rule(exchange.dispute, by=moderator, outcome="split", because="Half of it.", provider_minutes=20)

    mine, theirs = words(ana.get(url(exchange))), words(bento.get(url(exchange)))

    assert "You get 20 min, Bento gets 40 min." in mine
    assert "You get 40 min, Ana gets 20 min." in theirs
    assert re.search(r"Fixing taps \d+ 20 min · At home", mine)
    assert "Settled −20min" in words(bento.get("/exchanges/"))
    assert "A moderator settled the dispute: you get 20 min." in mine
    assert "A moderator settled the dispute: Ana gets 20 min." in theirs
    assert ": you get 20 min." in words(ana.get("/notifications/"))
    for said in (mine, theirs):
        assert said.count("Half of it.") == 2  # beside what is next, and with all that was said
        assert "A moderator read your messages" in said
        assert "Maria" not in said


def test_where_there_is_no_dispute_there_is_nothing_to_add_to() -> None:
    exchange, ana, _bento = pair()
    assert ana.post(url(exchange, "dispute/statement/"), {"text": "Hello", "nonce": "12345678"}).status_code == 404
    assert ana.post(url(exchange, "dispute/files/"), {"file": a_picture()}).status_code == 404


# --- Files ------------------------------------------------------------------------------------------------------


def picture(format_: str = "JPEG", *, with_place: bool = False) -> bytes:
    image = Image.new("RGB", (40, 30), "#0b5c55")
    kept = io.BytesIO()
    if with_place:
        about = Image.Exif()
        about[0x010E] = "taken at home"
        about.get_ifd(0x8825)[2] = (23.0, 5.0, 7.0)
        image.save(kept, format_, exif=about)
    else:
        image.save(kept, format_)
    return kept.getvalue()


def a_picture(name: str = "kitchen.jpg", content: bytes | None = None, kind: str = "image/jpeg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, picture() if content is None else content, kind)


PDF = b"%PDF-1.4\n1 0 obj << /Type /Catalog >> endobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("photo.jpg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "This is no picture"),
        ("photo.jpg", b"<!doctype html><script>alert(1)</script>", "This is no picture"),
        ("photo.jpg", b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff", "This is no picture"),
        ("photo.jpg", picture()[:200], "This is no picture"),
        ("photo.jpg", b"", "This file is empty."),
        ("photo.jpg", picture() + b"\x00" * (5 * 1024 * 1024), "This file is larger than 5 MB."),
        ("list.pdf", b"PK\x03\x04not a pdf", "This is no picture"),
    ],
    ids=["svg", "html", "exe", "half", "empty", "large", "zip"],
)
def test_what_is_no_picture_or_pdf_is_refused_by_its_content(name: str, content: bytes, why: str) -> None:
    exchange, _ana, bento = disputed()
    for headers in ({}, HTMX):
        answer = bento.post(url(exchange, "dispute/files/"), {"file": a_picture(name, content)}, headers=headers)
        assert answer.status_code == 422
        assert why in words(answer)
    assert not Evidence.objects.exists()


def test_a_form_without_a_file_says_so() -> None:
    exchange, _ana, bento = disputed()
    answer = bento.post(url(exchange, "dispute/files/"), {})
    assert answer.status_code == 422
    assert "Choose a file first." in words(answer)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_picture_is_kept_as_a_new_one_without_where_it_was_taken(format_: str) -> None:
    exchange, ana, bento = disputed()
    content = picture(format_, with_place=format_ == "JPEG")
    upload = a_picture("../../my \u202ekitchen.html", content)
    assert bento.post(url(exchange, "dispute/files/"), {"file": upload}).status_code == 302

    kept = Evidence.objects.get()
    answer = ana.get(f"/files/{kept.public_id}/")
    body = b"".join(answer.streaming_content)

    with Image.open(io.BytesIO(body)) as image:
        assert (image.format, image.size, dict(image.getexif())) == ("JPEG", (40, 30), {})
    assert b"taken at home" not in body
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["Content-Disposition"] == 'attachment; filename="my kitchen.jpg"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["Cache-Control"] == "no-store"


def test_a_pdf_is_kept_as_it_is() -> None:
    exchange, _ana, bento = disputed()
    bento.post(url(exchange, "dispute/files/"), {"file": a_picture("receipt.pdf", PDF, "text/html")})
    answer = bento.get(f"/files/{Evidence.objects.get().public_id}/")
    assert b"".join(answer.streaming_content) == PDF
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="receipt.pdf"'
    assert "receipt.pdf" in words(bento.get(url(exchange)))


def test_the_same_file_once_and_not_more_than_five() -> None:
    exchange, _ana, bento = disputed()
    for _time in range(2):
        bento.post(url(exchange, "dispute/files/"), {"file": a_picture("receipt.pdf", PDF)})
    for number in range(4):
        bento.post(url(exchange, "dispute/files/"), {"file": a_picture(f"{number}.pdf", PDF + bytes([number + 65]))})
    answer = bento.post(url(exchange, "dispute/files/"), {"file": a_picture("sixth.pdf", PDF + b"!")})
    assert Evidence.objects.count() == 5
    assert "You can add up to 5 files." in words(answer)


def test_a_file_is_for_the_two_and_for_moderators() -> None:
    exchange, ana, bento = disputed()
    bento.post(url(exchange, "dispute/files/"), {"file": a_picture()})
    address = f"/files/{Evidence.objects.get().public_id}/"
    for reader in (ana, bento, signed_in(make_moderator())):
        assert reader.get(address).status_code == 200
    for stranger in (make_member(), make_coordinator(), make_moderator(state="suspended")):
        assert signed_in(stranger).get(address).status_code == 404
    assert Client().get(address).url.startswith("/account/login/")
    Evidence.objects.get().file.delete(save=False)
    assert ana.get(address).status_code == 404


def test_a_moderator_who_is_one_of_the_two_sees_what_a_party_sees() -> None:
    make_moderator()
    exchange = make_exchange(state=State.DELIVERED, provider=make_moderator())
    make_dispute(exchange)
    assert "A moderator looks at it" in words(signed_in(exchange.provider).get(url(exchange)))
