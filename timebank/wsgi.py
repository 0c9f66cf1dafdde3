"""The pages, for a WSGI server."""

import os

import timebank.sqlite  # noqa: F401  before Django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "timebank.settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
