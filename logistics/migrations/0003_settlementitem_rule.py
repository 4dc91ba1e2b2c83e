from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("logistics", "0002_initial")]

    operations = [
        migrations.AddField(
            model_name="settlementitem",
            name="rule",
            field=models.CharField(default="", max_length=12, verbose_name="rule"),
            preserve_default=False,
        ),
    ]
