"""The project that the pages describe: their code and commands run in it."""

from mysite.celery import app as celery_app

__all__ = ["celery_app"]
