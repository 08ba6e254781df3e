"""Settings for Django's suite: the stock engine, or ours with every statement in a schema of its own.

On our engine all tables stand in the schema ``alt``, which only what a statement carries can reach: in threads, too,
where no tenant could be entered.
"""

from __future__ import annotations

import os

from drivers import choose  # type: ignore[import-not-found]  # the tests'

_OPTIONS = choose(os.environ["SUITE_DRIVER"])  # before Django looks for a driver

from django.db.backends.postgresql.features import DatabaseFeatures  # noqa: E402 - see above

_ENGINES = {"stock": "django.db.backends.postgresql", "ours": "omnitenant_routing.postgresql"}
_SIDE = os.environ["SUITE_SIDE"]
_ENTRY = {
    "ENGINE": _ENGINES[_SIDE],
    "HOST": os.environ["SUITE_HOST"],
    "PORT": os.environ["SUITE_PORT"],
    "USER": "postgres",
    "OPTIONS": _OPTIONS,
}
DATABASES = {
    "default": {**_ENTRY, "NAME": f"suite_{_SIDE}"},
    "other": {**_ENTRY, "NAME": f"suite_{_SIDE}_other"},
}
SECRET_KEY = "django_tests_secret_key"  # noqa: S105 - what Django's own settings say
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = False
TEST_RUNNER = "suite_runner.Runner"

if os.environ["SUITE_WHEEL"]:
    # The wheel's server knows no collations of ICU; where tests only want another one, one that it knows will do.
    DatabaseFeatures.test_collations = {
        key: name if not name or "icu" not in name else "pg_c_utf8"
        for key, name in DatabaseFeatures.test_collations.items()
    }

if _SIDE == "ours":
    from omnitenant_context.scope import NamedSchema
    from omnitenant_routing.postgresql import prefix

    _SCOPE = NamedSchema("alt")
    prefix.get_scope = lambda: _SCOPE  # type: ignore[attr-defined]
    prefix.Carrier._schema_of = lambda self, scope: scope.name  # type: ignore[method-assign, union-attr]
