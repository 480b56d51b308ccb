"""The paths of API keys, and of what they are for, below the root."""

from django.urls import path

from accounts.views import api_keys, tokens

_KEYS = "api/v1/organizations/<uuid:organization_id>/api-keys"

urlpatterns = [
    path(_KEYS, api_keys.ApiKeysView.as_view()),
    path(f"{_KEYS}/<uuid:key_id>", api_keys.ApiKeyView.as_view()),
    path(f"{_KEYS}/<uuid:key_id>/rotate", api_keys.ApiKeyRotateView.as_view()),
    path("api/v1/auth/token/introspect", tokens.IntrospectView.as_view()),
    path("api/v1/auth/token/revoke", tokens.RevokeView.as_view()),
]
