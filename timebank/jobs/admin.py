"""The staff's door to the outbox: what waits, what was given up, and running that again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display

from timebank.read_only import ReadOnlyAdmin

from .models import Job, JobQuerySet
from .running import revive


class StateFilter(admin.SimpleListFilter):
    """Open, given up or done; without a choice, what is not done."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("dead", _("given up")), ("open", _("waiting")), ("done", _("done"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> JobQuerySet:
        jobs: JobQuerySet = queryset
        match self.value():
            case "dead":
                return jobs.dead()
            case "open":
                return jobs.open()
            case "done":
                return jobs.exclude(done_at=None)
            case _:
                return jobs.filter(done_at=None)


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    actions = ["run_again"]
    list_display = ["created_at", "name", "queue", "tries", "dead_at", "last_error"]
    list_filter = [StateFilter, "queue"]
    ordering = ["-created_at", "pk"]
    search_fields = ["name"]
    fields = [
        "id", "name", "queue", "arguments", "created_at", "not_before",
        "rung", "tries", "done_at", "dead_at", "last_error",
    ]  # fmt: skip

    @display(description=_("arguments"))
    def arguments(self, job: Job) -> str:
        return ", ".join(map(str, job.args)) or "–"

    def has_run_again_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.run_again_job")

    @action(description=_("Run again what was given up"), permissions=["run_again"])
    def run_again(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        dead = [job for job in jobs if job.dead_at]
        for job in dead:
            revive(job)
            self.log_change(request, job, "run again")
        said = ngettext("%(n)d job is run again.", "%(n)d jobs are run again.", len(dead)) % {"n": len(dead)}
        self.message_user(request, said)
