from django.db import migrations, models

from timebank.ids import public_id


def name_each(apps, schema_editor):
    Message = apps.get_model("marketplace", "Message")
    written = Message.objects.filter(public_id=None).only("pk")
    while some := list(written.all()[:1000]):
        for message in some:
            message.public_id = public_id()
        Message.objects.bulk_update(some, ["public_id"])


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0002_exchange_given_minutes")]

    operations = [
        migrations.AddField("message", "public_id", models.CharField(max_length=22, null=True, editable=False)),
        migrations.RunPython(name_each, migrations.RunPython.noop),
        migrations.AlterField(
            "message", "public_id", models.CharField(max_length=22, unique=True, default=public_id, editable=False)
        ),
    ]
