from django.db import migrations


def write_lots(apps, schema_editor):
    """Books that were kept without lots get them, by playing their transfers again."""
    from ledger import replay

    replay.write_lots()


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0003_lots'),
    ]

    operations = [
        migrations.RunPython(write_lots, migrations.RunPython.noop),
    ]
