"""Django's sessions in the database, each with its person beside it."""

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    @classmethod
    def get_model_class(cls):
        from .models import Session

        return Session

    def create_model_instance(self, data):
        session = super().create_model_instance(data)
        person = str(data.get(SESSION_KEY, ""))
        session.person = int(person) if person.isdecimal() else None
        return session
