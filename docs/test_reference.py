"""The reference names all that there is, and nothing else."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

from walkthrough import ROOT

REFERENCE = ROOT / "docs" / "reference"
COMMANDS = ROOT / "src" / "django_omnitenant" / "management" / "commands"
CHOICE = {"--tenant-id", "--isolation-type", "--state"}

pytestmark = pytest.mark.usefixtures("project")


def rows(page: str, section: str | None = None) -> Iterator[list[str]]:
    """Give the cells of each row of a page's tables, or of those below one of its headings."""
    text = (REFERENCE / page).read_text(encoding="utf-8")
    if section is not None:
        (text,) = (part for part in re.split(r"^## ", text, flags=re.MULTILINE) if part.partition("\n")[0] == section)
    for line in text.splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def code(cell: str) -> list[str]:
    """Give what a cell says in code."""
    return re.findall(r"`([^`]+)`", cell)


def test_every_setting_is_there_with_its_default() -> None:
    """A setting that is added, taken out or changed must be changed here too."""
    from omnitenant_models.settings import OmnitenantSettings

    sections = ("Models and names", "Requests", "Databases and caches")
    shown = {
        code(name)[0]: code(default)[0] for section in sections for name, default, _ in rows("settings.md", section)
    }
    assert shown == {name: repr(getattr(OmnitenantSettings, name)) for name in OmnitenantSettings.names()}


def test_every_finding_is_there() -> None:
    """Each kind of finding of ``checktenants`` is named, and no other."""
    sources = (ROOT / "packages" / "omnitenant-routing" / "src" / "omnitenant_routing" / "doctor").glob("*.py")
    known = {
        code
        for path in sources
        for code in re.findall(r'"((?:role|policy|index|sequence|place|schema|engine)\.\w+)"', path.read_text("utf-8"))
    }
    shown = [each for finding, _ in rows("findings.md") for each in code(finding)]
    assert sorted(shown) == sorted(known)


def test_every_public_name_is_there() -> None:
    """Each module of the facade has a section with the names that it hands on, in their order."""
    import django_omnitenant

    modules = [
        module.name
        for module in pkgutil.walk_packages(django_omnitenant.__path__, "django_omnitenant.")
        if not module.name.startswith("django_omnitenant.management") and module.name != "django_omnitenant.apps"
    ]
    names = {name: importlib.import_module(name).__all__ for name in modules}
    shown = {name: [code(row[0])[0] for row in rows("public-names.md", f"`{name}`")] for name in modules if names[name]}
    assert shown == {name: list(handed_on) for name, handed_on in names.items() if handed_on}
    text = (REFERENCE / "public-names.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^## `(.+)`$", text, flags=re.MULTILINE)) == set(shown)


def test_every_signal_is_there() -> None:
    """They are those that the facade hands on."""
    from django_omnitenant import signals

    assert sorted(code(row[0])[0] for row in rows("signals.md")) == signals.__all__


def test_every_error_is_there_with_its_base_and_attributes() -> None:
    """What can be caught, and what it then tells."""
    from omnitenant_context import errors

    shown = {code(name)[0]: (code(base)[0], code(told)) for name, base, _, told in rows("errors.md")}
    assert sorted(shown) == errors.__all__
    for name, (base, told) in shown.items():
        error = getattr(errors, name)
        assert error.__bases__[0].__name__ == base
        assert sorted(vars(error("message"))) == sorted(told)


def test_every_command_is_there_with_its_options() -> None:
    """Those of Django's own commands are left out."""
    from django.core import management
    from django.core.management import load_command_class
    from django.core.management.base import BaseCommand

    djangos = management.find_commands(management.__path__[0])
    base = BaseCommand().create_parser("", "")
    commands = sorted(path.stem for path in COMMANDS.glob("*.py") if not path.stem.startswith("_"))
    text = (REFERENCE / "commands.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^## (.+)$", text, flags=re.MULTILINE)) == commands
    for name in commands:
        parser = load_command_class("django_omnitenant", name).create_parser("manage.py", name)
        plain = load_command_class("django.core", name).create_parser("", "") if name in djangos else base
        known = {word for action in plain._actions for word in action.option_strings}
        options = {word for action in parser._actions for word in action.option_strings} - known
        assert {word for row in rows("commands.md", name) for word in code(row[0])} == options, name


def test_the_options_that_choose_tenants_are_the_same_everywhere() -> None:
    """They are explained once."""
    sections = (
        "showtenants",
        "showtenantmigrations",
        "migratealltenants",
        "suspendtenant",
        "resumetenant",
        "tenantcommand",
    )
    for name in sections:
        assert set(code(next(rows("commands.md", name))[0])) == CHOICE


def test_every_exit_status_is_there() -> None:
    """0 and 1 are everybody's; the others have a name in the code."""
    from omnitenant_routing.management import _base, _fleet

    text = (REFERENCE / "commands.md").read_text(encoding="utf-8")
    shown = [int(number) for number in re.findall(r"^\| (\d+) \|", text, flags=re.MULTILINE)]
    assert shown == [0, 1, _base.EXIT_USAGE, _base.EXIT_PENDING, _fleet.EXIT_INTERRUPTED]


def test_every_check_is_there() -> None:
    """The ids are those that stand in the packages' code."""
    found = {
        f"{path.parts[path.parts.index('src') + 1]}.{number}"
        for path in ROOT.glob("packages/*/src/**/*.py")
        for number in re.findall(r'"(?:omnitenant_\w+\.)?([EWI]\d{3})"', path.read_text(encoding="utf-8"))
    }
    shown = [code(row[0])[0] for row in rows("checks.md")]
    assert len(shown) == len(set(shown))
    assert set(shown) == found


def test_every_known_app_is_there_with_its_scope_and_the_reason() -> None:
    """The table is the package's."""
    from omnitenant_models.known_apps import REASONS
    from omnitenant_models.scopes import TenantScope

    tables = list(rows("scopes.md"))
    scopes = {code(row[0])[0] for row in tables if code(row[0])[0].isupper()}
    assert scopes == {scope.name for scope in TenantScope}
    shown = {code(app)[0]: (code(scope)[0], why) for app, scope, why in tables if code(app)[0].islower()}
    assert shown == dict(REASONS)
