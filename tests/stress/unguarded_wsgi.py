"""What gunicorn serves in a control: the shop without the guard that WITHOUT names."""

import os

from shop.wsgi import application
from tests.stress.unguarded import take_out

take_out(os.environ["WITHOUT"])

__all__ = ["application"]
