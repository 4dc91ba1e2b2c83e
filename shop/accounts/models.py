"""Who signs in: by e-mail address, by mobile number, or by either; and what is kept about signing in and going away."""

from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils.translation import gettext_lazy as _
from oscar.apps.customer import abstract_models as oscars
from phonenumber_field.modelfields import PhoneNumberField

from suppliers.base.privacy import mask_mobile

GONE = "已注销"  # stands for the name of whoever erased his account


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


class Session(AbstractBaseSession):
    """A browser's session, with the person who is signed in there, so that all of one person's can be ended."""

    # No foreign key: it is written with every session, and outlives nobody (actions.erase).
    person = models.BigIntegerField(null=True, db_index=True)

    class Meta(AbstractBaseSession.Meta):
        db_table = "accounts_django_session"

    @classmethod
    def get_session_store_class(cls):
        from .sessions import SessionStore

        return SessionStore


class Tally(models.Model):
    """How often something was tried that may be tried so many times (limits.py). Whom it is about is in no column."""

    key = models.CharField(max_length=64, primary_key=True)
    tries = models.PositiveIntegerField(default=0)
    ends_at = models.DateTimeField(db_index=True)


class Code(models.Model):
    """A code that was sent to a mobile number, until it is used or over (codes.py). Neither of them is in a column."""

    token = models.CharField(max_length=43, primary_key=True)
    digest = models.CharField(max_length=64)
    tries = models.PositiveSmallIntegerField(default=0)
    expires_at = models.DateTimeField(db_index=True)


class Erasure(models.Model):
    """An order whose buyer erased the account: its address is kept for after-sales until the sweep takes it away."""

    order = models.OneToOneField("order.Order", models.CASCADE, primary_key=True, related_name="erasure")
    erased_at = models.DateTimeField()
    pseudonymised_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(pseudonymised_at__isnull=True)
                | models.Q(pseudonymised_at__gte=models.F("erased_at")),
                name="erasure_is_before_its_end",
            )
        ]
        indexes = [
            models.Index(fields=["erased_at"], condition=models.Q(pseudonymised_at=None), name="erasures_to_end")
        ]
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
