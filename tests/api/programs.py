"""A program of a member's: what it sends, and what it is answered, which is always as the schema says."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from accounts import operations
from accounts.models import Member

from .conforming import check

_keys = itertools.count(1)
_twice = threading.Event()
_fired = itertools.count()


@contextmanager
def everything_twice() -> Iterator[None]:
    """Within the block every POST of every program is sent twice, with the same key. Something has to be posted."""
    before = next(_fired)
    _twice.set()
    try:
        yield
    finally:
        _twice.clear()
    assert next(_fired) > before + 1, "nothing was posted, so nothing was sent twice"


def fire(send: Callable[[], HttpResponse], *, alike: bool = True) -> HttpResponse:
    """What it is answered, sent once; or twice, as after a lost answer, where `everything_twice` asks for that.

    Returns the first answer; the second has its status where they are to be ``alike``. Both are as the schema says.
    """
    first = check(send())
    if _twice.is_set():
        next(_fired)
        again = check(send())
        assert not alike or again.status_code == first.status_code, again.content
        if first.status_code < 300 and "Idempotency-Key" in first.wsgi_request.headers:
            assert again["Idempotency-Replayed"] == "true"
    return first


class Program:
    """Calls with a token of ``member``; with a key of its own for each act, unless ``key`` says which."""

    def __init__(self, member: Member, *, may_pay: bool = True) -> None:
        self.token, self.words = operations.make_token(member, name="a program", days=30, may_pay=may_pay)
        self._client = Client()

    def get(self, path: str, **headers: str) -> HttpResponse:
        return check(self._client.get(f"/api/v1/{path}", headers=self._headers | headers))

    def post(self, path: str, body: Any = None, *, key: str | None = "", **headers: str) -> HttpResponse:
        text = body if isinstance(body, str | bytes) else json.dumps({} if body is None else body)
        with_key = {} if key is None else {"Idempotency-Key": key or f"a-new-key-{next(_keys)}"}
        asked = {"content_type": "application/json", "headers": self._headers | with_key | headers}
        return fire(lambda: self._client.post(f"/api/v1/{path}", text, **asked))

    def patch(self, path: str, body: Any, **headers: str) -> HttpResponse:
        said = json.dumps(body)
        return check(
            self._client.patch(
                f"/api/v1/{path}", said, content_type="application/json", headers=self._headers | headers
            )
        )

    def patch_raw(self, path: str, text: str) -> HttpResponse:
        asked = {"content_type": "application/json", "headers": self._headers}
        return check(self._client.patch(f"/api/v1/{path}", text, **asked))

    def upload(self, path: str, file: Any) -> HttpResponse:
        content, name = file.read(), getattr(file, "name", "file")

        def send() -> HttpResponse:
            return self._client.post(
                f"/api/v1/{path}", {"file": SimpleUploadedFile(name, content)}, headers=self._headers
            )

        return fire(send)

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.words}"}


class Person(Program):
    """The same with the session of the site: she may all that she may herself."""

    def __init__(self, member: Member) -> None:
        self._client = Client()
        self._client.force_login(Member.objects.get(pk=member.pk))

    @property
    def _headers(self) -> dict[str, str]:
        return {}


def problem(response: HttpResponse) -> tuple[int, str]:
    """The status and code of a refusal, which is problem JSON with a sentence."""
    assert response["Content-Type"] == "application/problem+json", response.content
    said = json.loads(response.content)
    assert said["status"] == response.status_code
    assert len(said["detail"]) > 10
    return response.status_code, said["code"]
