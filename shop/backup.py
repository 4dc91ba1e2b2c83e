"""A copy of all that cannot be made again: the database, and the pictures that people uploaded.

PostgreSQL is copied by its own pg_dump and pg_restore, SQLite by its online backup: both see one moment of a shop that
goes on selling. The keys of the households' identities (PII_KEYS) are not in it, on purpose: keep them elsewhere.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import zipfile
from contextlib import closing
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.backends.postgresql.client import DatabaseClient

from suppliers.base import days

MANIFEST, MEDIA = "backup.json", "media.zip"
DATABASE = {"postgresql": "database.dump", "sqlite": "database.sqlite3"}
# A database is somebody's as soon as one of these has a row; what `migrate` alone writes is in none of them.
ENTERED = (
    "accounts_user",
    "suppliers_township",
    "suppliers_household",
    "suppliers_purchaselot",
    "catalogue_product",
    "order_order",
)


class BackupError(Exception):
    """It cannot be copied, or not be put back; the message says why. Nothing was changed."""


def make(folder: Path) -> Path:
    """Write a backup into the new `folder`, whole or not at all; return it. Raises BackupError."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BackupError(f"{folder} is not empty; give each backup a folder of its own.")
    half = folder.with_name(f".{folder.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True, mode=0o700)  # people's data
    try:
        database = half / DATABASE[connection.vendor]
        made_at = days.now()
        if connection.vendor == "sqlite":
            connection.ensure_connection()
            with closing(sqlite3.connect(database)) as copy:
                connection.connection.backup(copy)
        else:
            _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={database}")
        # After the database: a picture that a row names is there by now.
        media = Path(settings.MEDIA_ROOT)
        with zipfile.ZipFile(half / MEDIA, "w") as packed:  # stored: pictures do not shrink
            for path in sorted(media.rglob("*")):
                packed.write(path, path.relative_to(media))
        manifest = {
            "made_at": made_at.isoformat(),
            "database": connection.vendor,
            "sha256": {path.name: _sha256(path) for path in (database, half / MEDIA)},
        }
        (half / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
        if folder.exists():
            folder.rmdir()
        half.rename(folder)
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return folder


def restore(folder: Path, *, force: bool = False) -> None:
    """Put the backup in `folder` back into this database and media folder.

    Raises BackupError where the backup is damaged or another kind of database's, and where this database holds
    something already, unless `force` says that it may go.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BackupError(f"{folder} holds no backup.") from error
    for name, digest in manifest["sha256"].items():
        if not (folder / name).is_file() or _sha256(folder / name) != digest:
            raise BackupError(f"{name} is not what was written; this backup is damaged.")
    if manifest["database"] != connection.vendor:
        raise BackupError(f"This is a backup of {manifest['database']}, and the database here is {connection.vendor}.")
    if not force and (table := _entered()):
        raise BackupError(f"This database is not empty ({table} has rows). --force replaces all that is in it.")
    database = folder / DATABASE[connection.vendor]
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        with closing(sqlite3.connect(database)) as copy:
            copy.backup(connection.connection)
    else:
        connection.close()
        _run(
            "pg_restore", "--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction",
            "--exit-on-error", "--dbname", database=database,
        )  # fmt: skip
    connection.close()
    with zipfile.ZipFile(folder / MEDIA) as packed:
        packed.extractall(settings.MEDIA_ROOT)


def _entered() -> str | None:
    """The first of the tables that people fill which has a row."""
    there = connection.introspection.table_names()
    with connection.cursor() as cursor:
        for table in ENTERED:
            if table in there:
                cursor.execute(f"SELECT 1 FROM {table} LIMIT 1")  # noqa: S608  (names of our own)
                if cursor.fetchone():
                    return table
    return None


def _run(program: str, *options: str, database: Path | None = None) -> None:
    """Run a program of PostgreSQL's on our database. The password travels in the environment, where `ps` shows none."""
    path = shutil.which(program)
    if path is None:
        raise BackupError(f"{program} is not on the PATH; it comes with PostgreSQL's client programs.")
    words, environment = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, [])
    *where, name = words[1:]
    command = [path, *where, *options, name] + ([str(database)] if database else [])
    done = subprocess.run(command, env=os.environ | (environment or {}), capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupError(f"{program}: {done.stderr.strip()}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
