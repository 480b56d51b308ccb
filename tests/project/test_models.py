"""Foreign keys are strings that no import linter sees; the model registry knows them."""

from __future__ import annotations

from django.apps import apps
from django.db.models import Field, Model

LAYER = {"resilience": 1, "audit": 2, "accounts": 3, "sso": 4, "webhooks": 4}


def relations() -> list[tuple[type[Model], Field]]:
    return [
        (model, field)
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in LAYER
        for field in model._meta.get_fields()
        if field.is_relation and not field.auto_created and field.related_model
    ]


def test_there_are_relations_to_judge():
    assert relations()


def test_no_relation_points_to_a_higher_layer_or_to_a_neighbour():
    wrong = []
    for model, field in relations():
        own, other = model._meta.app_label, field.related_model._meta.app_label
        if other != own and LAYER.get(other, 0) >= LAYER[own]:
            wrong.append(f"{model.__name__}.{field.name} points to {other}")
    assert wrong == []


def test_audit_rows_have_no_foreign_keys():
    found = [f"{m.__name__}.{f.name}" for m, f in relations() if m.__name__ == "AuditRow"]
    assert found == []
