"""Forms: the key is not shown, and is filled all the same; where it is shown it offers the active tenant."""

from __future__ import annotations

import pytest
from django.core.exceptions import NON_FIELD_ERRORS, FieldError
from django.forms import ModelChoiceField, inlineformset_factory, modelform_factory, modelformset_factory

from omnitenant_context.context import TenantContext
from probe.models import Project, Tenant
from shapes.models import Booking, Contact, Gadget, Preferences, Task, Template, Voucher

use_tenant = TenantContext.use_tenant


@pytest.mark.parametrize("model", [Project, Gadget, Preferences, Template, Voucher, Contact])
def test_the_key_is_not_shown(model):
    """A form of all fields leaves the key out, and asking for it by name is Django's own error."""
    assert "tenant" not in modelform_factory(model, fields="__all__").base_fields
    with pytest.raises(FieldError, match="non-editable"):
        modelform_factory(model, fields=["tenant", "name"])


def test_other_keys_to_tenants_are_shown():
    """A second key to a tenant is an ordinary field."""
    assert "met_through" in modelform_factory(Contact, fields="__all__").base_fields


def test_creating_and_changing(acme, globex):
    """A form creates and changes rows of the active tenant, and cannot be told another one."""
    form_class = modelform_factory(Project, fields="__all__")
    with use_tenant(acme):
        form = form_class({"name": "p", "tenant": globex.pk})
        assert form.is_valid()
        project = form.save()
        assert project.tenant == acme
        assert form_class({"name": "q", "tenant": globex.pk}, instance=project).save().tenant == acme


def test_choices_follow_the_tenant(acme, globex):
    """A field that refers to rows of tenants offers, and accepts, the active tenant's."""
    for tenant in (acme, globex):
        with use_tenant(tenant):
            Project.objects.create(name=tenant.tenant_id)
    form_class = modelform_factory(Task, fields="__all__")
    with use_tenant(globex):
        theirs = Project.objects.get()
    with use_tenant(acme):
        assert [str(label) for _, label in form_class().fields["project"].choices][1:] == [str(Project.objects.get())]
        form = form_class({"name": "t", "project": theirs.pk})
        assert "project" in form.errors
        assert form_class({"name": "t", "project": Project.objects.get().pk}).is_valid()


def test_formsets(acme, globex):
    """Sets of forms show, create and change the active tenant's rows."""
    for tenant in (acme, globex):
        with use_tenant(tenant):
            Project.objects.create(name=tenant.tenant_id)
    formset_class = modelformset_factory(Project, fields=["name"], extra=1)
    with use_tenant(acme):
        project = Project.objects.get()
        data = {
            "form-TOTAL_FORMS": "2",
            "form-INITIAL_FORMS": "1",
            "form-0-id": str(project.pk),
            "form-0-name": "changed",
            "form-1-name": "new",
        }
        formset = formset_class(data)
        assert formset.is_valid(), formset.errors
        formset.save()
        assert sorted(Project.objects.values_list("name", "tenant_id")) == [
            ("changed", acme.pk),
            ("new", acme.pk),
        ]


def test_inlines_of_a_row_and_of_the_tenant(acme, globex):
    """Rows can be edited below the row, or the tenant, that they belong to."""
    with use_tenant(acme):
        project = Project.objects.create(name="p")
        data = {"tasks-TOTAL_FORMS": "1", "tasks-INITIAL_FORMS": "0", "tasks-0-name": "t"}
        formset = inlineformset_factory(Project, Task, fields=["name"])(data, instance=project)
        assert formset.is_valid(), formset.errors
        assert formset.save()[0].tenant == acme
    formset_class = inlineformset_factory(Tenant, Project, fields=["name"])
    data = {
        "project_set-TOTAL_FORMS": "1",
        "project_set-INITIAL_FORMS": "0",
        "project_set-0-name": "q",
    }

    def save(tenant):
        formset = formset_class(data, instance=tenant)
        assert formset.is_valid(), formset.errors
        return formset.save()[0]

    with TenantContext.unscoped():
        assert save(globex).tenant == globex
    with use_tenant(acme):
        assert save(acme).tenant == acme
        formset = formset_class(data, instance=globex)
        assert not formset.is_valid()
        assert formset.errors[0][NON_FIELD_ERRORS].as_data()[0].code == "invalid"


def test_a_key_that_is_shown(acme, globex):
    """A visible key is a field that offers the active tenant, found when the form is shown."""
    form_class = modelform_factory(Booking, fields="__all__")
    field = form_class.base_fields["tenant"]
    assert isinstance(field, ModelChoiceField)
    assert not field.show_hidden_initial
    with use_tenant(acme):
        assert form_class()["tenant"].value() == acme.pk
        assert Booking._meta.get_field("tenant").formfield(initial=5).initial == 5
    with TenantContext.unscoped():
        assert form_class()["tenant"].value() is None
        assert form_class({"name": "b", "tenant": globex.pk}).save().tenant == globex
        assert "tenant" in form_class({"name": "b"}).errors
    with use_tenant(acme):
        assert form_class({"name": "b", "tenant": acme.pk}).save().tenant == acme
        assert list(form_class({"name": "b", "tenant": globex.pk}).errors) == ["tenant"]


def test_a_shown_key_with_a_default_of_its_own():
    """Where the project wrote a default, the form shows that."""
    field = Voucher._meta.get_field("tenant")
    assert field.formfield().initial == 1
