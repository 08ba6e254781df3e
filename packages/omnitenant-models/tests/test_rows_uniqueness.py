"""Rules with the hidden tenant key are checked by forms and by models, in Django's own words."""

from __future__ import annotations

import datetime as dt
import inspect
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.forms import (
    BaseModelFormSet,
    IntegerField,
    ModelForm,
    inlineformset_factory,
    modelform_factory,
    modelformset_factory,
)

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantMismatchError, TenantRequiredError
from omnitenant_models.rows import uniqueness
from probe.models import Project
from relations.models import Article, Tag
from rules.models import Bundle, Part, Product
from shapes.models import Booking, Contact, Preferences, Task, Template, Ticket

use_tenant = TenantContext.use_tenant
unscoped = TenantContext.unscoped

DAY = dt.date(2026, 11, 24)
VALUES = {
    "name": "p",
    "slug": "s",
    "code": "C",
    "serial": "1",
    "is_live": True,
    "title": "t",
    "day": DAY,
    "limit": 1_000_000,
}
OTHER = {
    "name": "q",
    "slug": "u",
    "code": "D",
    "serial": "2",
    "is_live": False,
    "title": "v",
    "day": DAY,
    "limit": 1_000_000,
}

DUPLICATES = {
    "UniqueConstraint": ({"name": "p"}, NON_FIELD_ERRORS, "Product with this Name already exists."),
    "unique_together": ({"slug": "s"}, NON_FIELD_ERRORS, "Product with this Slug already exists."),
    "expressions": ({"code": "c"}, NON_FIELD_ERRORS, "Constraint “rules_code” is violated."),
    "condition": ({"is_live": True}, NON_FIELD_ERRORS, "Constraint “rules_one_is_live” is violated."),
    "CheckConstraint": ({"limit": -1}, NON_FIELD_ERRORS, "Constraint “rules_limit” is violated."),
    "unique field": ({"serial": "1"}, "serial", "Product with this Serial already exists."),
    "unique_for_date": ({"title": "t"}, "title", "Title must be unique for Day date."),
}


def text_of(errors: Any) -> dict[str, list[str]]:
    """Return what people read."""
    return {name: [str(each) for each in found] for name, found in errors.items()}


@pytest.fixture
def product(acme, globex):
    """Give the first of two tenants a product."""
    with use_tenant(acme):
        return Product.objects.create(**VALUES)


@pytest.mark.parametrize(("changes", "where", "words"), DUPLICATES.values(), ids=DUPLICATES)
@pytest.mark.parametrize("model", [Product, Bundle], ids=["model", "child"])
class TestRules:
    """Each kind of rule."""

    def test_in_a_form(self, acme, globex, product, model, changes, where, words):
        """A duplicate within the tenant is an error of the form, and none for another tenant."""
        form_class = modelform_factory(model, fields="__all__")
        with use_tenant(acme):
            form = form_class({**OTHER, **changes, "size": 1})
            assert text_of(form.errors) == {where: [words]}
            assert form_class({**OTHER, "size": 1}).is_valid()
        with use_tenant(globex):
            form = form_class({**OTHER, **changes, "size": 1})
            assert form.is_valid() is (changes != {"limit": -1})

    def test_in_the_model(self, acme, globex, product, model, changes, where, words):
        """``full_clean()`` says the same, also where the tenant is left out by hand."""
        for exclude in (None, {"tenant"}, ["tenant"]):
            with use_tenant(acme), pytest.raises(ValidationError) as caught:
                model(**{**OTHER, **changes}).full_clean(exclude=exclude)
            found = caught.value.message_dict
            assert found.pop(where)[0].endswith(words.partition(" with ")[2] or words)
            assert found == {}
        with use_tenant(acme):
            model(**OTHER).full_clean(exclude={"tenant"})

    def test_changing_the_row_itself(self, acme, globex, product, model, changes, where, words):
        """A row is no duplicate of itself."""
        with use_tenant(acme):
            if model is Product and changes != {"limit": -1}:
                form = modelform_factory(Product, fields="__all__")({**VALUES, **changes}, instance=product)
                assert form.is_valid(), form.errors
                assert form.save() == product

    def test_without_the_other_fields(self, acme, globex, product, model, changes, where, words):
        """A rule with a field that the form does not have is left out, as in Django."""
        (name,) = changes
        form_class = modelform_factory(model, fields=[field for field in OTHER if field != name])
        with use_tenant(acme):
            assert form_class({**OTHER}).is_valid()


class TestFilling:
    """The key of an instance that has none yet."""

    def test_made_before_the_tenant_was_entered(self, acme, product):
        """It is filled in when the instance is checked."""
        late = Product(**{**OTHER, "name": "p"})
        assert late.tenant_id is None
        with use_tenant(acme):
            with pytest.raises(ValidationError):
                late.validate_constraints(exclude={"tenant"})
            assert late.tenant_id == acme.pk

    def test_unscoped(self, acme, globex, product):
        """With the scope lifted the instance says whose it is; one that is nobody's breaks no rule."""
        form_class = modelform_factory(Product, fields=["name"])
        with unscoped():
            assert form_class({"name": "p"}).is_valid()
            assert form_class({"name": "p"}, instance=Product(tenant=globex)).is_valid()
            form = form_class({"name": "p"}, instance=Product(tenant=acme))
            assert text_of(form.errors) == {NON_FIELD_ERRORS: ["Product with this Name already exists."]}
            template = Template(name="x")
            template.full_clean()

    def test_nobody(self, product):
        """With nobody active a rule cannot be checked, and the error says so."""
        with pytest.raises(TenantRequiredError):
            Product(**OTHER).validate_unique(exclude={"tenant"})
        with pytest.raises(TenantRequiredError):
            Product(**OTHER, tenant_id=1).validate_constraints(exclude={"tenant"})


class TestKeys:
    """Keys that are, or are part of, the primary key."""

    def test_one_row_for_a_tenant(self, acme, globex):
        """A second row is an error of the form, which has no field for the tenant."""
        form_class = modelform_factory(Preferences, fields="__all__")
        with use_tenant(acme):
            form_class({"name": "x"}).save()
            assert text_of(form_class({"name": "y"}).errors) == {
                NON_FIELD_ERRORS: ["Preferences with this Tenant already exists."]
            }
            assert form_class({"name": "y"}, instance=Preferences.objects.get()).is_valid()
            with pytest.raises(ValidationError) as caught:
                Preferences(name="y").full_clean()
            assert list(caught.value.message_dict) == ["tenant"]
        with use_tenant(globex):
            assert form_class({"name": "x"}).is_valid()

    def test_composite_keys(self, acme, globex):
        """The same number at the same tenant is an error, at another it is none."""
        form_class = modelform_factory(Ticket, fields=["number", "name"])
        with use_tenant(acme):
            form_class({"number": 1, "name": "x"}).save()
            assert text_of(form_class({"number": 1, "name": "y"}).errors) == {
                NON_FIELD_ERRORS: ["Ticket with this Number already exists."]
            }
            assert form_class({"number": 1, "name": "y"}, instance=Ticket.objects.get()).is_valid()
            assert modelform_factory(Ticket, fields=["name"])({"name": "y"}).is_valid()
        with use_tenant(globex):
            assert form_class({"number": 1, "name": "x"}).is_valid()

    def test_rules_with_the_tenant_alone(self, acme, product):
        """An error under the hidden key stands under no field, beside what stands there already."""
        error = ValidationError({"tenant": ["a"], NON_FIELD_ERRORS: ["b"], "name": ["c"]})
        moved = uniqueness.blame(product, {"tenant"}, error)
        assert moved.message_dict == {NON_FIELD_ERRORS: ["b", "a"], "name": ["c"]}
        assert uniqueness.blame(product, None, error) is error
        assert uniqueness.blame(User(), {"tenant"}, error) is error


class TestFormsets:
    """Sets of forms, whose forms are compared with each other too."""

    def test_duplicates_among_forms(self, acme, product):
        """Two forms of the same name are an error that does not speak of the tenant."""
        formset_class = modelformset_factory(Product, fields=["name"], extra=2)
        data = {"form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "0", "form-0-name": "n", "form-1-name": "n"}
        with use_tenant(acme):
            formset = formset_class(data, queryset=Product.objects.none())
            assert not formset.is_valid()
            assert formset.non_form_errors() == ["Please correct the duplicate data for name."]
            formset = formset_class({**data, "form-1-name": "m"}, queryset=Product.objects.none())
            assert formset.is_valid(), formset.errors
            formset.save()

    def test_duplicates_of_rows(self, acme, globex, product):
        """Inline forms below a row know the rows of the tenant."""
        formset_class = inlineformset_factory(Product, Part, fields=["name"])
        data = {"parts-TOTAL_FORMS": "2", "parts-INITIAL_FORMS": "0", "parts-0-name": "n", "parts-1-name": "n"}
        with use_tenant(acme):
            Part.objects.create(product=product, name="wheel")
            formset = formset_class({**data, "parts-0-name": "wheel"}, instance=product)
            assert text_of(formset.errors[0]) == {NON_FIELD_ERRORS: ["Part with this Product and Name already exists."]}
            formset = formset_class(data, instance=product)
            assert formset.non_form_errors() == ["Please correct the duplicate data for name."]
            assert formset_class({**data, "parts-1-name": "m"}, instance=product).is_valid()

    def test_one_row_for_a_tenant(self, acme):
        """A set of forms of a model with one row per tenant compares nothing that is not shown."""
        formset_class = modelformset_factory(Preferences, fields=["name"], extra=2)
        data = {"form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "0", "form-0-name": "n", "form-1-name": "n"}
        with use_tenant(acme):
            assert formset_class(data, queryset=Preferences.objects.none()).is_valid()


class TestForgedIds:
    """An id of a stranger's row that a client sends is an error of the form."""

    @pytest.fixture
    def theirs(self, globex):
        """Give a stranger's project."""
        with use_tenant(globex):
            return Project.objects.create(name="theirs")

    def test_in_a_choice(self, acme, theirs):
        """The choice is not among those that there are."""
        with use_tenant(acme):
            form = modelform_factory(Task, fields="__all__")({"name": "t", "project": theirs.pk})
            assert form.errors.as_data()["project"][0].code == "invalid_choice"

    def test_in_a_field_of_the_projects(self, acme, theirs):
        """A form that takes a bare number has the model look the row up."""

        class TaskForm(ModelForm):
            project_id = IntegerField()

            class Meta:
                model = Task
                fields = ["name", "project"]

            def clean(self) -> Any:
                self.instance.project_id = self.cleaned_data["project_id"]
                return super().clean()

        with use_tenant(acme):
            task = Task(name="t", project_id=theirs.pk)
            with pytest.raises(ValidationError) as caught:
                task.full_clean()
            assert list(caught.value.message_dict) == ["project"]
            assert not TaskForm({"name": "t", "project_id": theirs.pk, "project": theirs.pk}).is_valid()

    def test_of_many(self, acme, globex):
        """A stranger's row is no choice of a many-to-many field."""
        with use_tenant(globex):
            tag = Tag.objects.create()
        with use_tenant(acme):
            form = modelform_factory(Article, fields=["name", "tags"])({"name": "a", "tags": [tag.pk]})
            assert form.errors.as_data()["tags"][0].code == "invalid_choice"

    def test_in_a_formset(self, acme, theirs):
        """The number of a form's row must be one of the set's."""
        formset_class = modelformset_factory(Project, fields=["name"], extra=0)
        data = {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-id": theirs.pk, "form-0-name": "stolen"}
        with use_tenant(acme):
            Project.objects.create(name="mine")
            formset = formset_class(data)
            assert not formset.is_valid()
            assert "id" in formset.errors[0]

    def test_of_a_tenant(self, acme, globex):
        """A key that is shown takes the active tenant only; one that is not shown cannot be somebody else's."""
        form_class = modelform_factory(Booking, fields="__all__")
        with use_tenant(acme):
            form = form_class({"name": "b", "tenant": globex.pk})
            assert form.errors.as_data()["tenant"][0].code == "invalid"
            assert form_class({"name": "b", "tenant": acme.pk}).is_valid()
            booking = Booking(name="b", tenant=globex)
            with pytest.raises(ValidationError, match="tenant"):
                booking.full_clean()
            with pytest.raises(ValidationError, match=NON_FIELD_ERRORS):
                booking.full_clean(exclude={"tenant"})
            with pytest.raises(TenantMismatchError):
                booking.save()
            with pytest.raises(ValidationError) as caught:
                Booking(name="", tenant=globex).full_clean()
            assert set(caught.value.message_dict) == {"name", "tenant"}
        with unscoped():
            booking.full_clean()

    def test_other_keys_to_tenants(self, acme, globex):
        """A second key to a tenant may lead to any."""
        with use_tenant(acme):
            Contact(name="c", met_through=globex).full_clean()


class TestWords:
    """What people are told."""

    def test_keys_that_are_shown(self, acme):
        """A key that the form shows is named, as Django does."""
        booking = Booking(name="b")
        with use_tenant(acme):
            message = booking.unique_error_message(Booking, ("tenant", "name"))
            assert message.messages == ["Booking with this Tenant and Name already exists."]
            message = Product().unique_error_message(Product, ("tenant", "name", "slug"))
            assert message.messages == ["Product with this Name and Slug already exists."]


def test_what_we_rely_on_in_django():
    """Django asks the instance for its checks, with these names."""
    assert "_get_unique_checks(exclude=exclude)" in inspect.getsource(models.Model.validate_unique)
    source = inspect.getsource(BaseModelFormSet.validate_unique)
    assert "form.instance._get_unique_checks(" in source
    assert "include_meta_constraints=True" in source
    assert list(inspect.signature(models.Model._get_unique_checks).parameters) == [
        "self",
        "exclude",
        "include_meta_constraints",
    ]
    assert "_perform_unique_checks" in inspect.getsource(models.Model.validate_unique)
