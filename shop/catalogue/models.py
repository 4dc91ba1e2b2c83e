"""Oscar's models, without columns of ours: the migrations are Oscar's own (settings.MIGRATION_MODULES)."""

import io
from pathlib import PurePosixPath

from django.core.files.base import ContentFile
from oscar.apps.catalogue.abstract_models import AbstractProductImage
from oscar.core.loading import is_model_registered
from PIL import Image

if not is_model_registered("catalogue", "ProductImage"):

    class ProductImage(AbstractProductImage):
        """A picture of a product, with a small one beside it for lists: made when it is saved, never while one waits."""

        SMALL = 400

        def save(self, *args, **kwargs) -> None:
            super().save(*args, **kwargs)
            storage = self.original.storage
            if not storage.exists(self.small_name):
                storage.save(self.small_name, ContentFile(self._small()))

        @property
        def small_name(self) -> str:
            """Where the small picture is kept."""
            path = PurePosixPath(self.original.name)
            return str(path.with_name(f"{path.stem}-{self.SMALL}.webp"))

        @property
        def small_url(self) -> str:
            """The address of the small picture, empty where there is none (of before there were any)."""
            storage = self.original.storage
            return storage.url(self.small_name) if storage.exists(self.small_name) else ""

        def _small(self) -> bytes:
            picture = io.BytesIO()
            with self.original.open() as file, Image.open(file) as original:
                original.thumbnail((self.SMALL, self.SMALL))
                original.convert("RGB").save(picture, "WEBP", quality=82, method=4)
            return picture.getvalue()


from oscar.apps.catalogue.models import *  # noqa: F403
