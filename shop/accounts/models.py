"""Who signs in: by e-mail address, by mobile number, or by either."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from oscar.apps.customer import abstract_models as oscars
from phonenumber_field.modelfields import PhoneNumberField

from suppliers.base.privacy import mask_mobile


class UserManager(oscars.UserManager):
    def create_user(self, email=None, password=None, *, mobile=None, **fields):
        """Create and return a user. Raises ValueError where neither `email` nor `mobile` is given."""
        if not (email or mobile):
            raise ValueError("a user has an e-mail address or a mobile number")
        user = self.model(email=self.normalize_email(email), mobile=mobile, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email=None, password=None, **fields):
        """Create and return a user who may do everything."""
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True} | fields)


class User(oscars.AbstractUser):
    """A person who signs in. There is no user name; each of e-mail and mobile number is one person's, or none's."""

    email = models.EmailField(_("e-mail address"), unique=True, null=True, blank=True)
    mobile = PhoneNumberField(_("mobile number"), unique=True, null=True, blank=True)

    objects = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email__isnull=False) | models.Q(mobile__isnull=False),
                name="user_has_email_or_mobile",
            )
        ]

    def __str__(self) -> str:
        """How the user is named on pages; a mobile number is never shown whole."""
        return self.get_full_name() or self.email or mask_mobile(str(self.mobile or ""))

    def get_full_name(self) -> str:
        # A Chinese name has its family name first and no space.
        return f"{self.last_name}{self.first_name}".strip()

    def save(self, *args, **kwargs) -> None:
        # Two people without an e-mail address are not the same person: '' would be, NULL is not.
        self.email = self.email.strip().lower() or None if self.email else None
        self.mobile = self.mobile or None
        super().save(*args, **kwargs)
