"""References that the database keeps within a tenant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import IntegrityError

from harness.register import topic

composite = topic("TenantReference")


def _at_the_end(w: Any, attack: Callable[[], Any]) -> None:
    """Demand that the database refuses what was written, when it checks at the end of the transaction."""
    from django.db import connection, transaction

    try:
        with transaction.atomic():
            attack()
            connection.check_constraints()
    except IntegrityError:
        return
    raise AssertionError("the database accepted it")


def _by_cursor(sql: str) -> Callable[[Any], Any]:
    def attack(w: Any) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(sql, [w.B.warehouse_pk, w.A.shipment_pk])

    return attack


DATABASE_ATTACKS: dict[str, Callable[[Any], Any]] = {
    "cursor": _by_cursor("UPDATE world_shipment SET warehouse_id = %s WHERE id = %s"),
    "cursor, optional": _by_cursor("UPDATE world_parcel SET warehouse_id = %s WHERE id = %s"),
    "unscoped update": lambda w: _unscoped(
        w, lambda: w.Shipment.objects.filter(pk=w.A.shipment_pk).update(warehouse=w.B.warehouse_pk)
    ),
    "unscoped create": lambda w: _unscoped(
        w, lambda: w.Shipment.objects.create(name="x", tenant=w.A.tenant, warehouse_id=w.B.warehouse_pk)
    ),
    "unscoped bulk": lambda w: _unscoped(
        w,
        lambda: w.Parcel.objects.bulk_create([w.Parcel(name="x", tenant=w.A.tenant, warehouse_id=w.B.warehouse_pk)]),
    ),
    "moving the row that is referred to": lambda w: _unscoped(
        w, lambda: w.Warehouse.objects.filter(pk=w.A.warehouse_pk).update(tenant=w.B.tenant)
    ),
}


def _unscoped(w: Any, attack: Callable[[], Any]) -> None:
    with w.unscoped():
        attack()


@composite(needs="shared", cases=DATABASE_ATTACKS)
def what_python_does_not_see(w: Any, attack: Callable[[Any], Any]) -> None:
    """The database refuses a reference that crosses, however it was written."""
    with w.enter(w.A):
        _at_the_end(w, lambda: attack(w))


@composite(essential=True)
def own_rows(w: Any) -> None:
    """References to own rows are written and checked."""
    from django.db import connection

    with w.enter(w.A):
        w.Shipment.objects.create(name="x", warehouse_id=w.A.warehouse_pk)
        w.Parcel.objects.create(name="x", warehouse=None)
        connection.check_constraints()


@composite(essential=True)
def cascade(w: Any) -> None:
    """What hangs on an own row goes with it, or loses its reference."""
    from django.db import connection

    with w.enter(w.A):
        w.Warehouse.objects.get(pk=w.A.warehouse_pk).delete()
        assert not w.Shipment.objects.exists()
        assert w.Parcel.objects.get(pk=w.A.parcel_pk).warehouse_id is None
        connection.check_constraints()


@composite(essential=True)
def in_a_full_clean(w: Any) -> None:
    """A full clean refuses a reference that crosses, in the words for one that leads to nothing."""
    from django.core.exceptions import ValidationError

    messages = []
    for key in (w.B.warehouse_pk, 987_654):
        with w.enter(w.A):
            try:
                w.Shipment(name="x", warehouse_id=key).full_clean(exclude=["tenant"])
            except ValidationError as error:
                messages.append(str(error.message_dict).replace(str(key), "KEY"))
    assert len(messages) == 2, "it was accepted"
    assert messages[0] == messages[1], messages


@composite(needs="shared")
def in_an_unscoped_full_clean(w: Any) -> None:
    """A full clean of unscoped code refuses a reference that crosses."""
    from django.core.exceptions import ValidationError

    with w.unscoped():
        try:
            w.Shipment(name="x", tenant=w.A.tenant, warehouse_id=w.B.warehouse_pk).full_clean()
        except ValidationError:
            return
    raise AssertionError("it was accepted")


@composite(needs="shared")
def in_another_order(w: Any) -> None:
    """Within a transaction the rows may come in any order."""
    from django.db import connection

    with w.enter(w.A), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO world_shipment (id, name, tenant_id, warehouse_id) VALUES (1900, 'x', %s, 1901)",
            [w.A.tenant.pk],
        )
        w.Warehouse.objects.create(pk=1901, name="late")
        connection.check_constraints()
