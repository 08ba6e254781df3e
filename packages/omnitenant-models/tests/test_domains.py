"""Host names: one form in which they are stored and looked up, however they are written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core import serializers
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import F
from django.db.models.functions import Concat, Lower
from django.forms import modelform_factory

from omnitenant_models.domains import DomainNameField, normalize_host, validate_host
from probe.models import Domain

GOOD = {
    "acme.example.com": "acme.example.com",
    "ACME.Example.COM": "acme.example.com",
    "acme.example.com.": "acme.example.com",
    "acme.example.com:8000": "acme.example.com",
    "ACME.Example.COM.:8000": "acme.example.com",
    " acme.example.com\n": "acme.example.com",
    "acme.example.com:": "acme.example.com",
    "localhost": "localhost",
    "a_b.example.com": "a_b.example.com",
    "127.0.0.1:80": "127.0.0.1",
    "[::1]": "[::1]",
    "[::1]:8000": "[::1]",
    "[0:0:0:0:0:0:0:1]": "[::1]",
    "[2001:DB8::A]": "[2001:db8::a]",
    "Bücher.example": "xn--bcher-kva.example",
    "BÜCHER.example.:443": "xn--bcher-kva.example",
    "xn--bcher-kva.example": "xn--bcher-kva.example",
    "straße.example": "xn--strae-oqa.example",
    "acme。example。com": "acme.example.com",
    "\uff21\uff23\uff2d\uff25.example": "acme.example",
    "x" * 63 + ".example": "x" * 63 + ".example",
}

BAD = [
    "",
    " ",
    ".",
    ":8000",
    "a..b",
    ".a",
    "a.b..",
    "-a.b",
    "a-.b",
    "a b",
    "a/b",
    "a@b",
    "a\x00b",
    "*.example.com",
    "http://acme.example.com",
    "acme.example.com:x",
    "acme.example.com:1:2",
    "acme.example.com/path",
    "x" * 64 + ".example",
    ".".join(["x" * 60] * 5),
    "[::1",
    "::1",
    "[::1]8000",
    "[::1]:x",
    "[fe80::1%eth0]",
    "[acme]",
    "[]",
    "[::1\x00]",
    "a\u2044b.example",
    "☃-.example",
    "é" * 64 + ".example",
]


@pytest.mark.parametrize("written", GOOD)
def test_one_form(written):
    """Case, port, trailing dot, spaces and letters outside ASCII are brought to one form, which stays."""
    assert normalize_host(written) == GOOD[written]
    assert normalize_host(GOOD[written]) == GOOD[written]
    validate_host(written)


@pytest.mark.parametrize("written", BAD)
def test_what_is_no_host_name(written):
    """Anything else is refused with an example of what is one."""
    with pytest.raises(ValueError, match=r"is no host name; write one such as 'acme\.example\.com'"):
        normalize_host(written)
    with pytest.raises(ValidationError, match="is no host name"):
        validate_host(written)


def test_plain_names_need_no_tables():
    """Names in ASCII are normalised without loading the tables for all others."""
    code = (
        "import sys, django; django.setup(); from omnitenant_models.domains import normalize_host;"
        "normalize_host('ACME.example.com'); assert 'idna' not in sys.modules;"
        "normalize_host('bücher.example'); assert 'idna' in sys.modules"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUTF8": "1"}
    environment["DJANGO_SETTINGS_MODULE"] = "models_settings"
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


@pytest.fixture
def domain(acme):
    """Give a domain as somebody wrote it."""
    return Domain.objects.create(domain="Shop.Example.ORG.:8000", tenant=acme)


class TestStoring:
    """The field stores the one form and finds it in any."""

    def test_the_instance_shows_what_is_stored(self, domain):
        """After saving, the instance and the database agree."""
        assert domain.domain == str(domain) == "shop.example.org"
        assert Domain.objects.values_list("domain", flat=True).get(pk=domain.pk) == "shop.example.org"

    @pytest.mark.parametrize(
        "lookup",
        [
            {"domain": "SHOP.example.org.:443"},
            {"domain__exact": "Shop.Example.Org"},
            {"domain__in": ["other.example.org", "SHOP.EXAMPLE.ORG."]},
            {"domain__gte": "SHOP.EXAMPLE.ORG", "domain__lte": "SHOP.EXAMPLE.ORG"},
            {"domain__iexact": "SHOP.example.org"},
            {"domain__startswith": "shop."},
            {"domain__endswith": ".example.org"},
            {"domain__contains": "p.example."},
            {"domain__regex": r"^shop\."},
        ],
    )
    def test_looking_up(self, domain, lookup):
        """Whole names are normalised in lookups; patterns are left as they are."""
        assert Domain.objects.get(**lookup) == domain

    def test_patterns_are_no_names(self, acme, domain):
        """A pattern that ends in a dot is not shortened to a name."""
        Domain.objects.create(domain="shopping.example.org", tenant=acme)
        assert Domain.objects.filter(domain__startswith="shop.").get() == domain

    def test_what_is_no_name_is_not_found(self, domain):
        """Looking for what is no host name finds nothing and raises nothing."""
        for written in ("", "a b", "[::1", "\ud800"):
            assert not Domain.objects.filter(domain=written.encode("utf-8", "replace").decode()).exists()

    def test_every_way_to_write(self, acme, domain):
        """Creating, getting or creating, bulk creating, updating and fixtures normalise."""
        assert Domain.objects.get_or_create(domain="SHOP.Example.org", defaults={"tenant": acme}) == (
            domain,
            False,
        )
        made, created = Domain.objects.get_or_create(domain="NEW.example.org.", defaults={"tenant": acme})
        assert (made.domain, created) == ("new.example.org", True)
        [bulk] = Domain.objects.bulk_create([Domain(domain="Bulk.Example.org", tenant=acme)])
        assert bulk.domain == "bulk.example.org"
        bulk.domain = "Bücher.example"
        Domain.objects.bulk_update([bulk], ["domain"])
        assert Domain.objects.filter(pk=bulk.pk, domain="bücher.example").update(domain="X.Example") == 1
        assert Domain.objects.get(pk=bulk.pk).domain == "x.example"
        row = {"model": "probe.domain", "fields": {"domain": "FIX.Example.", "tenant": acme.pk}}
        for each in serializers.deserialize("json", json.dumps([row])):
            each.save()
        assert Domain.objects.get(domain="fix.example").tenant == acme
        assert async_to_sync(domain.arefresh_from_db)() is None

    def test_a_name_belongs_to_one_tenant(self, globex, domain):
        """The same name in another form is the same name."""
        with pytest.raises(IntegrityError), transaction.atomic():
            Domain.objects.create(domain="SHOP.example.org", tenant=globex)
        form = modelform_factory(Domain, fields="__all__")({"domain": "SHOP.example.org.", "tenant": globex.pk})
        assert "already exists" in str(form.errors["domain"])

    def test_expressions_are_left_to_the_database(self, acme, domain):
        """An expression is written as it is."""
        Domain.objects.filter(pk=domain.pk).update(domain=Concat(F("domain"), models.Value("x")))
        domain.domain = Lower("domain")
        domain.save()
        domain.refresh_from_db()
        assert domain.domain == "shop.example.orgx"


WRITES: dict[str, Any] = {
    "create": lambda domain, name: Domain.objects.create(domain=name, tenant=domain.tenant),
    "save": lambda domain, name: (setattr(domain, "domain", name), domain.save()),
    "bulk create": lambda domain, name: Domain.objects.bulk_create([Domain(domain=name, tenant=domain.tenant)]),
    "update": lambda domain, name: Domain.objects.filter(pk=domain.pk).update(domain=name),
    "bulk update": lambda domain, name: (
        setattr(domain, "domain", name),
        Domain.objects.bulk_update([domain], ["domain"]),
    ),
    "get or create": lambda domain, name: Domain.objects.get_or_create(domain=name, defaults={"tenant": domain.tenant}),
    "raw save": lambda domain, name: Domain(domain=name, tenant=domain.tenant).save_base(raw=True),
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("name", ["", "a b", "http://acme", "[::1", "a..b"])
def test_what_is_no_name_is_not_stored(domain, write, name):
    """However it is written, what could never be looked up is not stored."""
    before = set(Domain.objects.values_list("domain", flat=True))
    with pytest.raises(ValueError, match="is no host name"), transaction.atomic():
        WRITES[write](domain, name)
    assert set(Domain.objects.values_list("domain", flat=True)) == before


def test_forms_say_what_is_wrong(acme):
    """A form refuses what is no name, and normalises what is one."""
    form_class = modelform_factory(Domain, fields="__all__")
    form = form_class({"domain": "a b", "tenant": acme.pk})
    assert "is no host name" in str(form.errors["domain"])
    form = form_class({"domain": " NEW.Example.org.:80 ", "tenant": acme.pk})
    assert form.save().domain == "new.example.org"


def test_several_names_lead_to_one_tenant(acme, domain):
    """A tenant has as many domains as it likes."""
    assert sorted(each.domain for each in acme.domains.all()) == ["acme.example.com", "shop.example.org"]


def test_the_field_in_migrations():
    """The field describes itself with its own class."""
    _name, path, _args, kwargs = Domain._meta.get_field("domain").deconstruct()
    assert path == "omnitenant_models.domains.DomainNameField"
    assert kwargs["max_length"] == 253
    assert DomainNameField(max_length=5).clone().max_length == 5
