"""How a transfer cuts, passes on and joins lots: pure arithmetic, the same for accept-and-post, replay and proof.

A transfer of n minutes from a payer to a payee takes, in this order (architecture, section 3):

1. min(n, max(the payer's balance, 0)) from her open lots, soonest expiry first, then the oldest mint;
   the last one is split, and the change stays hers;
2. the rest is minted by her, drawn on her credit line (the fund's is its budget);
3. of this stream min(n, max(what the payee owes, 0)) is burnt: redeemed by a member, retired by the
   fund. The rest becomes the payee's. Pieces with the same mint and expiry are one lot.

So the open lots of an account add up to max(its balance, 0), always.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .models import Kind, Lot, Mint

# A moment as the database at hand writes it: these only compare and copy it.
Moment = Any

# Help makes minutes lasting, a grant gives them its own expiry; all else hands them on as they are.
_EXPIRY_IS_THE_TRANSFERS = frozenset({Kind.HELP, Kind.GRANT})
GIVES_BACK = frozenset({Kind.REFUND, Kind.REVERSAL})


@dataclass(eq=False, slots=True)
class NewMint:
    """Minutes that a transfer brought into being; ``id`` is the database's, once it is written."""

    transfer_id: int
    issuer_id: int
    amount_minutes: int
    reason: str
    turn: int  # later mints are younger
    id: int | None = None


@dataclass(eq=False, slots=True)
class Piece:
    """One lot: read from the database (``id``), or born in this batch (``born_in``)."""

    mint: NewMint | int
    owner_id: int
    amount_minutes: int
    expires_at: Moment | None
    id: int | None = None
    born_in: int = 0
    spent_in: int | None = None
    how: str = ""

    @property
    def mint_id(self) -> int:
        mint = self.mint.id if isinstance(self.mint, NewMint) else self.mint
        assert mint is not None, "mints are written before their lots"
        return mint


@dataclass(frozen=True, slots=True)
class Movement:
    """One transfer, and what both accounts had before it."""

    transfer_id: int
    kind: str
    payer_id: int
    payee_id: int
    amount_minutes: int
    payer_had_minutes: int
    payee_had_minutes: int
    is_from_fund: bool
    is_to_fund: bool
    expires_at: Moment | None = None  # what the transfer says of the minutes it brings


_Purse = dict[tuple[Any, Moment | None], Piece]


@dataclass(slots=True)
class Purses:
    """The open lots of some accounts while transfers move them, one after the other."""

    mints: list[NewMint] = field(default_factory=list)
    born: list[Piece] = field(default_factory=list)
    spent: list[Piece] = field(default_factory=list)  # of those that were read
    _of: dict[int, _Purse] = field(default_factory=dict)

    def put(self, pieces: Iterable[Piece]) -> None:
        """Begin with these open lots."""
        for piece in pieces:
            self._of.setdefault(piece.owner_id, {})[_same(piece)] = piece

    def open_minutes(self, account_id: int) -> int:
        return sum(piece.amount_minutes for piece in self._of.get(account_id, {}).values())

    def open_pieces(self) -> list[Piece]:
        """Every open lot, in no order."""
        return [piece for purse in self._of.values() for piece in purse.values()]

    def move(self, movement: Movement) -> None:
        """Let the payer's lots, and what she must mint, become the payee's or be burnt."""
        taken = min(movement.amount_minutes, max(movement.payer_had_minutes, 0))
        stream = self._take(movement, taken) if taken else []
        if minted := movement.amount_minutes - taken:
            stream.append((self._mint(movement, minted), None, minted))
        burnt = min(movement.amount_minutes, max(-movement.payee_had_minutes, 0))
        if burnt:
            stream = self._burn(movement, stream, burnt)
        if stream:
            self._give(movement, stream)

    def _take(self, movement: Movement, minutes: int) -> list[_Part]:
        """``minutes`` out of the payer's lots, as parts of mints with their expiry."""
        purse, transfer_id = self._of[movement.payer_id], movement.transfer_id
        parts: list[_Part] = []
        in_order = purse.values() if len(purse) == 1 else sorted(purse.values(), key=_turn)
        for piece in list(in_order):
            part = min(piece.amount_minutes, minutes)
            self._spend(piece, transfer_id, Lot.Spent.PASSED_ON)
            parts.append((piece.mint, piece.expires_at, part))
            if change := piece.amount_minutes - part:
                self._bear(piece.mint, piece.owner_id, change, piece.expires_at, transfer_id)
            minutes -= part
            if not minutes:
                return parts
        raise ValueError(f"the lots of account {movement.payer_id} are fewer than its balance")

    def _mint(self, movement: Movement, minutes: int) -> NewMint:
        if movement.kind in GIVES_BACK:
            reason = Mint.Reason.REISSUE
        else:
            reason = Mint.Reason.GRANT if movement.is_from_fund else Mint.Reason.CREDIT
        mint = NewMint(movement.transfer_id, movement.payer_id, minutes, reason.value, len(self.mints))
        self.mints.append(mint)
        return mint

    def _burn(self, movement: Movement, stream: list[_Part], minutes: int) -> list[_Part]:
        """What is left of the stream when its first ``minutes`` repaid what the payee owed."""
        how = Lot.Spent.RETIRED if movement.is_to_fund else Lot.Spent.REDEEMED
        left: list[_Part] = []
        for mint, expires_at, amount in stream:
            burnt = min(amount, minutes)
            minutes -= burnt
            if burnt:
                piece = Piece(mint, movement.payee_id, burnt, expires_at, None, movement.transfer_id)
                piece.spent_in, piece.how = movement.transfer_id, how.value
                self.born.append(piece)
            if burnt < amount:
                left.append((mint, expires_at, amount - burnt))
        return left

    def _give(self, movement: Movement, stream: list[_Part]) -> None:
        is_its_own = movement.kind in _EXPIRY_IS_THE_TRANSFERS
        amounts: dict[tuple[NewMint | int, Moment | None], int] = {}
        for mint, expires_at, amount in stream:
            same = (mint, movement.expires_at if is_its_own else expires_at)
            amounts[same] = amounts.get(same, 0) + amount
        purse = self._of.get(movement.payee_id, {})
        for same, amount in amounts.items():
            if had := purse.get(same):
                self._spend(had, movement.transfer_id, Lot.Spent.MERGED)
                amount += had.amount_minutes  # noqa: PLW2901  # the larger one
            self._bear(same[0], movement.payee_id, amount, same[1], movement.transfer_id)

    def _spend(self, piece: Piece, transfer_id: int, how: Lot.Spent) -> None:
        piece.spent_in, piece.how = transfer_id, how.value
        del self._of[piece.owner_id][_same(piece)]
        if piece.id is not None:
            self.spent.append(piece)

    def _bear(
        self, mint: NewMint | int, owner_id: int, minutes: int, expires_at: Moment | None, transfer_id: int
    ) -> None:
        piece = Piece(mint, owner_id, minutes, expires_at, None, transfer_id)
        self.born.append(piece)
        self._of.setdefault(owner_id, {})[_same(piece)] = piece


_Part = tuple[NewMint | int, Moment | None, int]


def _same(piece: Piece) -> tuple[NewMint | int, Moment | None]:
    return piece.mint, piece.expires_at


def _turn(piece: Piece) -> tuple[bool, Moment, bool, int]:
    """Which lot is spent before which."""
    is_new, number = (True, piece.mint.turn) if isinstance(piece.mint, NewMint) else (False, piece.mint)
    return piece.expires_at is None, "" if piece.expires_at is None else piece.expires_at, is_new, number
