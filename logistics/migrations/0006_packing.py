from django.db import migrations, models

import logistics.models.transport


def give_codes(apps, schema_editor):
    """What is packed next has a code on its boxes, also of consignments that were there before."""
    consignments = apps.get_model("logistics", "Consignment")
    waiting = list(consignments.objects.filter(state__in=("held", "to_ship")).only("pk"))
    for consignment in waiting:
        consignment.next_trace_code = logistics.models.transport.new_trace_code()
    consignments.objects.bulk_update(waiting, ["next_trace_code"], batch_size=500)


class Migration(migrations.Migration):
    dependencies = [("logistics", "0005_trace_code")]

    operations = [
        migrations.AddField(
            model_name="consignment",
            name="next_trace_code",
            field=models.CharField(editable=False, max_length=16, null=True, unique=True),
        ),
        migrations.RunPython(give_codes, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="consignment",
            name="next_trace_code",
            field=models.CharField(
                default=logistics.models.transport.new_trace_code,
                editable=False,
                max_length=16,
                null=True,
                unique=True,
            ),
        ),
    ]
