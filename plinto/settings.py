"""Django settings, read once from the environment; docs/settings.md explains each variable."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured
from environ import Env

from accounts import providers
from plinto import parts
from plinto.kernel import relying_party
from plinto.kernel.environment import Environment
from plinto.kernel.logs import logging_config
from resilience import policies

# Generic admin and form classes, which Django itself does not make subscriptable.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
ENVIRONMENT = Environment(os.environ)

DEBUG = ENVIRONMENT.flag("DEBUG", default=False)
VAR_DIR = Path(ENVIRONMENT.text("VAR_DIR", str(BASE_DIR / "var")))

# --- Secrets -----------------------------------------------------------------------------------
# Debug keys are constants on purpose: they are worthless, and nothing outside debug accepts them.
_DEBUG_FIELD_KEY = "ZGVidWctb25seS1kZWJ1Zy1vbmx5LWRlYnVnLW9ubHk="
SECRET_KEY = ENVIRONMENT.text("SECRET_KEY", "debug-only-" * 6 if DEBUG else "")
FIELD_KEYS = ENVIRONMENT.keys("FIELD_KEYS", _DEBUG_FIELD_KEY if DEBUG else "")
HEALTH_TOKEN = ENVIRONMENT.text("HEALTH_TOKEN")
if not DEBUG and (len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 10 or "debug-only" in SECRET_KEY):
    raise ImproperlyConfigured("SECRET_KEY must be at least 50 random characters.")
if not FIELD_KEYS or (not DEBUG and _DEBUG_FIELD_KEY in FIELD_KEYS):
    raise ImproperlyConfigured("FIELD_KEYS must list a key of your own: see docs/settings.md.")

# --- Where it is reached -----------------------------------------------------------------------
PUBLIC_URL = ENVIRONMENT.origin("PUBLIC_URL", "http://localhost:8000")
APP_URL = ENVIRONMENT.origin("APP_URL", PUBLIC_URL)
_public = urlsplit(PUBLIC_URL)
_https = _public.scheme == "https"
ALLOWED_HOSTS = ENVIRONMENT.words("ALLOWED_HOSTS", f"{_public.hostname},localhost,127.0.0.1,[::1]")
TRUSTED_PROXIES = ENVIRONMENT.networks("TRUSTED_PROXIES")
# The origin middleware drops this header unless a trusted proxy sent it.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = _https
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^api/v1/health/", r"^metrics$"]
METRICS_BIND = ENVIRONMENT.address("METRICS_BIND")
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _https
SECURE_HSTS_PRELOAD = _https
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "plinto_admin"
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = "/admin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "plinto.kernel.problems.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
APPEND_SLASH = False

# --- Parts -------------------------------------------------------------------------------------
INSTALLED_APPS = parts.INSTALLED_APPS
MIDDLEWARE = parts.MIDDLEWARE
ROOT_URLCONF = parts.ROOT_URLCONF
WSGI_APPLICATION = parts.WSGI_APPLICATION
TEMPLATES = parts.TEMPLATES
CONTENT_SECURITY_POLICY = parts.CONTENT_SECURITY_POLICY
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- Processes and PostgreSQL ------------------------------------------------------------------
WEB_WORKERS = ENVIRONMENT.whole("WEB_WORKERS", 2, most=256)
WEB_THREADS = ENVIRONMENT.whole("WEB_THREADS", 4, most=512)
HASH_SLOTS = ENVIRONMENT.whole("HASH_SLOTS", 1, most=64)
DB_POOL_TOTAL = ENVIRONMENT.whole("DB_POOL_TOTAL", 150)
DB_POOL_TIMEOUT = ENVIRONMENT.seconds("DB_POOL_TIMEOUT", 2.0, most=30)
DB_STATEMENT_TIMEOUT = ENVIRONMENT.seconds("DB_STATEMENT_TIMEOUT", 5.0, most=86_400)


def _database() -> dict[str, Any]:
    """SQLite waits for its one writer; PostgreSQL answers within a budget or not at all."""
    config: dict[str, Any] = Env.db_url_config(
        ENVIRONMENT.text("DATABASE_URL", f"sqlite:///{VAR_DIR / 'plinto.sqlite3'}")
    )
    if config["ENGINE"].endswith("sqlite3"):
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
        return config
    config["ENGINE"] = "resilience.postgres"
    # A thread uses one connection at a time, so more than threads + 2 would never be lent. Those
    # that hash have one thread more than there are slots.
    share = max(1, DB_POOL_TOTAL // WEB_WORKERS)
    statement_ms = int(DB_STATEMENT_TIMEOUT * 1000)
    config["CONN_HEALTH_CHECKS"] = True
    config["OPTIONS"] = {
        **config.get("OPTIONS", {}),
        "pool": {
            "min_size": 1,
            "max_size": min(share, WEB_THREADS + HASH_SLOTS + 3),
            "timeout": DB_POOL_TIMEOUT,
            "max_lifetime": 3600,
            # The pool's own pauses double for five minutes: a server that was full would be
            # left alone for up to two more. Having given up, it tries at the next request.
            "reconnect_timeout": 2.0,
        },
        "connect_timeout": 2,
        "tcp_user_timeout": 5000,
        "options": f"-c statement_timeout={statement_ms} -c lock_timeout=2000"
        " -c idle_in_transaction_session_timeout=30000",
    }
    # psycopg's own; only cursors of plinto.kernel.prepared have anything prepared.
    config["OPTIONS"].setdefault("prepare_threshold", 5)
    if "," in config["HOST"]:
        # After a failover only one of the hosts takes writes.
        config["OPTIONS"].setdefault("target_session_attrs", "read-write")
    return config


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False

# --- Redis -------------------------------------------------------------------------------------
REDIS_URL = ENVIRONMENT.text("REDIS_URL")
REDIS_TIMEOUT = ENVIRONMENT.seconds("REDIS_TIMEOUT", 0.25, most=5)
SECURITY_COPY_TTL = ENVIRONMENT.seconds("SECURITY_COPY_TTL", 10.0, most=60)
CACHES = {
    "default": {
        "BACKEND": "resilience.cache.ResilientCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "plinto",
        "OPTIONS": {
            "TIMEOUT_SECONDS": REDIS_TIMEOUT,
            "MAX_CONNECTIONS": WEB_THREADS + HASH_SLOTS + 5,
            "FALLBACK_ENTRIES": 1000,
            "BREAKER": {
                "FAILURE_THRESHOLD": ENVIRONMENT.whole("FAILURE_THRESHOLD", 5, most=1000),
                "RECOVERY_TIMEOUT": ENVIRONMENT.seconds("RECOVERY_TIMEOUT", 60.0, most=3600),
                "HALF_OPEN_MAX_CALLS": ENVIRONMENT.whole("HALF_OPEN_MAX_CALLS", 3, most=100),
            },
        },
    }
}

# --- People and tokens -------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
# The address is unique in its canonical form, email_key, which Django's check does not look at.
# The others look for middleware that stands within plinto.kernel.branches.
SILENCED_SYSTEM_CHECKS = [
    *("auth.W004", "admin.E408", "admin.E409", "admin.E410"),
    *("security.W001", "security.W002", "security.W003"),
]
AUTHENTICATION_BACKENDS = ["accounts.backends.PasswordBackend"]
PASSWORD_HASHERS = [
    "accounts.hashers.BoundedArgon2Hasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    # For hashes that were imported; the first sign-in replaces them.
    "accounts.foreign_hashers.ForeignBcryptHasher",
    "accounts.foreign_hashers.ForeignBcryptSHA256Hasher",
    "accounts.foreign_hashers.ForeignPBKDF2Hasher",
    "accounts.foreign_hashers.ForeignScryptHasher",
]
BREACHED_PASSWORDS_FILE = ENVIRONMENT.text("BREACHED_PASSWORDS_FILE")
JWT_ALGORITHM = ENVIRONMENT.choice(
    "JWT_ALGORITHM", default="EdDSA", among=("EdDSA", "ES256", "RS256")
)
JWT_AUDIENCE = ENVIRONMENT.text("JWT_AUDIENCE", "plinto")
ACCESS_TOKEN_LIFETIME = timedelta(
    seconds=ENVIRONMENT.whole("ACCESS_TOKEN_TTL", 900, least=5, most=3600)
)
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": ACCESS_TOKEN_LIFETIME,
    "ALGORITHM": JWT_ALGORITHM,
    "SIGNING_KEY": "",  # the key ring signs
    "ISSUER": PUBLIC_URL,
    "AUDIENCE": JWT_AUDIENCE,
    "USER_ID_CLAIM": "sub",
    "TOKEN_TYPE_CLAIM": "use",
    "LEEWAY": 0,
}
SESSION_LIFETIME = timedelta(days=ENVIRONMENT.whole("SESSION_LIFETIME_DAYS", 30, most=400))
API_KEY_MAX_DAYS = ENVIRONMENT.whole("API_KEY_MAX_DAYS", 365, least=0, most=3650)
SESSION_IDLE = min(
    timedelta(days=ENVIRONMENT.whole("SESSION_IDLE_DAYS", 14, most=400)), SESSION_LIFETIME
)
# How long somebody who asked to be erased may think again.
ERASURE_AFTER = timedelta(days=ENVIRONMENT.whole("ERASURE_AFTER_DAYS", 14, least=0, most=90))
TERMS_VERSION = ENVIRONMENT.text("TERMS_VERSION")
if len(TERMS_VERSION) > 40 or not TERMS_VERSION.isprintable():
    raise ImproperlyConfigured("TERMS_VERSION must be at most 40 printable characters.")
TERMS_URL = ENVIRONMENT.page("TERMS_URL")

PASSKEY_RP_ID, PASSKEY_ORIGINS = relying_party.read(
    ENVIRONMENT, public_url=PUBLIC_URL, app_url=APP_URL
)
SOCIAL_PROVIDERS = providers.configured(ENVIRONMENT)
SOCIAL_REDIRECT_URIS = providers.redirect_uris(ENVIRONMENT, wanted=bool(SOCIAL_PROVIDERS))
OUTBOUND_ALLOWED = ENVIRONMENT.destinations("OUTBOUND_ALLOWED")
WEBHOOK_CONCURRENCY = ENVIRONMENT.whole("WEBHOOK_CONCURRENCY", 16, most=256)
DNS_SERVERS = ENVIRONMENT.resolvers("DNS_SERVERS")

# Where checkpoints of the trail are sent, out of reach of who holds the database.
AUDIT_CHECKPOINT_FILE = ENVIRONMENT.text("AUDIT_CHECKPOINT_FILE")
AUDIT_CHECKPOINT_URL = ENVIRONMENT.page("AUDIT_CHECKPOINT_URL")
# How long rows of the trail are kept; 0 is for ever.
AUDIT_RETENTION_DAYS = ENVIRONMENT.whole("AUDIT_RETENTION_DAYS", 0, least=0, most=36_500)

ADMIN_REQUIRES_MFA = ENVIRONMENT.flag("ADMIN_REQUIRES_MFA", default=False)

# --- Mail --------------------------------------------------------------------------------------
MAIL_FROM = DEFAULT_FROM_EMAIL = ENVIRONMENT.text(
    "MAIL_FROM", f"Plinto <no-reply@{_public.hostname}>"
)
_email: dict[str, Any] = Env.email_url_config(
    ENVIRONMENT.text("EMAIL_URL", f"filemail:///{VAR_DIR / 'mail'}")
)
# Without a mail server, mail is kept as files and shown on the console.
EMAIL_BACKEND = (
    "accounts.mailbox.MailboxBackend"
    if _email["EMAIL_BACKEND"].endswith("filebased.EmailBackend")
    else _email["EMAIL_BACKEND"]
)
EMAIL_FILE_PATH = VAR_DIR / "mail"
EMAIL_HOST = _email.get("EMAIL_HOST") or "localhost"
EMAIL_PORT = _email.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = _email.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = _email.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = bool(_email.get("EMAIL_USE_TLS"))
EMAIL_USE_SSL = bool(_email.get("EMAIL_USE_SSL"))
EMAIL_TIMEOUT = 10

# --- Rate limits -------------------------------------------------------------------------------
RATE_LIMITS = policies.chosen(ENVIRONMENT.words("RATE_LIMITS"), processes=WEB_WORKERS)

# --- REST --------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.BearerAuthentication"],
    "DEFAULT_THROTTLE_CLASSES": ["resilience.throttling.PolicyThrottle"],
    "DEFAULT_PERMISSION_CLASSES": ["plinto.kernel.permissions.Nobody"],
    "DEFAULT_PARSER_CLASSES": ["plinto.kernel.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["plinto.kernel.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "plinto.kernel.renderers.OneRenderer",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "plinto.kernel.problems.drf_exception_handler",
    "DEFAULT_METADATA_CLASS": None,
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Plinto",
    "DESCRIPTION": "Identity over REST. Errors have one shape on every path.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "PREPROCESSING_HOOKS": ["plinto.kernel.schema.without_aliases"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "plinto.api_document.complete",
    ],
    "ENUM_NAME_OVERRIDES": {
        "SAMLBindingEnum": "sso.models.SAMLSettings.Binding",
        "StateEnum": "resilience.serializers.STATES",
        "EndpointState": "webhooks.models.Endpoint.State",
        "DeliveryState": "webhooks.serializers.deliveries.STATES",
    },
    # Relative, so that the pages that try operations stay with the server they came from.
    "SERVERS": [{"url": "/", "description": "The deployment that this document came from."}],
    "LICENSE": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "ENFORCE_NON_BLANK_FIELDS": True,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    # Subjects are opened one by one: Swagger UI draws no more than 131 operations at once.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "docExpansion": "none"},
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

LOGGING_CONFIG = None
LOG_LEVEL = ENVIRONMENT.choice(
    "LOG_LEVEL", default="INFO", among=("DEBUG", "INFO", "WARNING", "ERROR")
)
logging_config(level=LOG_LEVEL)
