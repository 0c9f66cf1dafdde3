"""When the books were checked, and what was found."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class BooksCheck(models.Model):
    """One walk over every row of the books; ``broken`` names the invariants that did not hold: "I3 I7"."""

    checked_at = models.DateTimeField(_("checked"), db_index=True)
    broken = models.CharField(_("what did not hold"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("check of the books")
        verbose_name_plural = _("checks of the books")

    def __str__(self) -> str:
        return f"{self.checked_at:%Y-%m-%d %H:%M} {self.broken or 'ok'}"

    @property
    def is_sound(self) -> bool:
        return not self.broken
