from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def take_from_the_listing(apps, schema_editor):
    """What was written over since cannot be had back: books from before keep what the listing says now."""
    Exchange, Listing = (apps.get_model("marketplace", name) for name in ("Exchange", "Listing"))
    of_it = Listing.objects.filter(pk=OuterRef("listing"))
    Exchange.objects.update(
        title=Subquery(of_it.values("title")[:1]), description=Subquery(of_it.values("description")[:1])
    )


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0003_message_public_id")]

    operations = [
        migrations.AddField(
            "exchange", "title", models.CharField(default="", editable=False, max_length=80, verbose_name="title"),
            preserve_default=False,
        ),
        migrations.AddField(
            "exchange", "description",
            models.TextField(blank=True, default="", editable=False, max_length=2000, verbose_name="description"),
            preserve_default=False,
        ),
        migrations.RunPython(take_from_the_listing, migrations.RunPython.noop),
    ]
