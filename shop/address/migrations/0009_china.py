from django.db import migrations


def add_china(apps, schema_editor):
    from shop.address.countries import add_china

    add_china(apps.get_model("address", "Country"))


class Migration(migrations.Migration):
    dependencies = [("address", "0008_useraddress_area_code")]

    operations = [migrations.RunPython(add_china, migrations.RunPython.noop)]
