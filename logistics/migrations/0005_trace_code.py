import logistics.models.transport
from django.db import migrations, models


class Migration(migrations.Migration):
    # Apart from 0004: PostgreSQL alters no table with changes of its rows still pending.

    dependencies = [
        ("logistics", "0004_departures"),
    ]

    operations = [
        migrations.AlterField(
            model_name="shipment",
            name="trace_code",
            field=models.CharField(
                default=logistics.models.transport.new_trace_code,
                editable=False,
                max_length=16,
                unique=True,
                verbose_name="trace code",
            ),
        ),
    ]
