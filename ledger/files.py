"""What members take along of their books: statements as files of many kinds, and receipts, made when asked for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from timebank import clock
from timebank.errors import Refusal
from timebank.pace import TooOften, seconds_to_wait
from timebank.reader import spoken_to

from . import queries, statements
from .exports import FILES, Heading
from .filters import StatementFilter
from .models import Account, Hold

PARTS_AT_A_TIME = 200


class TooManyLines(Refusal):
    """A file of this kind does not hold as many."""

    code = "too_many_lines"


def check_pace(request: HttpRequest) -> None:
    """Count one more file of hers, by whichever door. Raises TooOften."""
    if wait := seconds_to_wait(request, "statement_file", settings.STATEMENT_FILE_RATE_LIMIT):
        raise TooOften(_("That is a lot in a short while. Please wait a little."), wait)


def statement(account: Account, chosen: StatementFilter, ending: str) -> StreamingHttpResponse:
    """All lines of ``account`` that the valid form has ``chosen``, in their owner's language. Raises TooManyLines."""
    file, member, wanted = FILES[ending], account.owner, chosen.chosen()
    names = statements.names_of(statements.categories())
    lines = queries.whole_statement(account, chosen=wanted, category_names=names)
    if file.most_lines is not None:
        few = list(islice(lines, file.most_lines + 1))
        if len(few) > file.most_lines:
            words = _("A PDF holds up to %(n)s lines. Choose a shorter period, or take the spreadsheet.")
            raise TooManyLines(words % {"n": file.most_lines})
        lines = iter(few)
    heading = Heading(
        member.display_name,
        settings.COMMUNITY_NAME,
        clock.now(),
        statements.ends(account, wanted),
        is_from_the_opening=wanted.since is None,
        leaves_lines_out=wanted.leaves_lines_out,
        chosen=chosen.said(),
        asked=chosen.asked_in_codes(),
    )
    parts = _spoken_to(member, file.write(heading, lines))
    name, today = pgettext("name of a file", "statement"), timezone.localtime(clock.now())
    headers = _to_be_kept(f"{name}-{today:%Y-%m-%d}.{ending}")
    return StreamingHttpResponse(parts, content_type=file.content_type, headers=headers)


def receipt(hold: Hold, *, reader: Any) -> HttpResponse:
    """The receipt of ``hold``, which arrived, for one of its two people."""
    from .exports.receipts import receipt as write  # what it needs takes long to load, and no other page needs it

    with spoken_to(reader):
        content = write(hold, community_name=settings.COMMUNITY_NAME)
    name = pgettext("name of a file", "receipt")
    return HttpResponse(content, content_type="application/pdf", headers=_to_be_kept(f"{name}-{hold.public_id}.pdf"))


def _to_be_kept(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}


def _spoken_to(member: Any, parts: Iterator[str | bytes]) -> Iterator[bytes]:
    """``parts`` as the member likes them, though they are made when the request is over; some at once."""
    while True:
        with spoken_to(member):
            some = [part.encode() if isinstance(part, str) else part for part in islice(parts, PARTS_AT_A_TIME)]
        if not some:
            return
        yield b"".join(some)
