from django.db import migrations, models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce


def say_what_was_given(apps, schema_editor):
    """Of what has ended: what was confirmed, or what a ruling left with the provider."""
    exchanges = apps.get_model("marketplace", "Exchange").objects.using(schema_editor.connection.alias)
    dispute = apps.get_model("marketplace", "Dispute").objects.filter(exchange=OuterRef("pk"))
    exchanges.filter(completed_at__isnull=False).update(given_minutes=F("confirmed_minutes"))
    settled = exchanges.filter(state="resolved")
    settled.filter(completed_at=None).update(given_minutes=Subquery(dispute.values("provider_minutes")[:1]))
    given_back = Subquery(dispute.values(back=F("at_stake_minutes") - F("provider_minutes"))[:1])
    settled.filter(completed_at__isnull=False).update(given_minutes=F("confirmed_minutes") - Coalesce(given_back, 0))


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0001_initial")]

    operations = [
        migrations.AddField(
            "exchange",
            "given_minutes",
            models.PositiveIntegerField(blank=True, null=True, verbose_name="given (minutes)"),
        ),
        migrations.RunPython(say_what_was_given, migrations.RunPython.noop),
        migrations.AddConstraint(
            "exchange",
            models.CheckConstraint(
                condition=~Q(state__in=["completed", "resolved"]) | Q(given_minutes__isnull=False),
                name="exchange_that_came_about_says_what_was_given",
            ),
        ),
    ]
