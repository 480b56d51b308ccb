"""Settings that make no sense stop the start, with the name of the variable and no value."""

from __future__ import annotations

import subprocess
import sys

import pytest

GOOD = {
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmn",
    "FIELD_KEYS": "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=",
}


def start(root, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: text for name, text in {**GOOD, **variables}.items() if text}
    command = [sys.executable, "-c", "import plinto.settings"]
    return subprocess.run(
        command, env=environment, cwd=root, capture_output=True, text=True, check=False
    )


def test_the_two_secrets_suffice(root):
    assert start(root).returncode == 0


@pytest.mark.asvs("9.1.2")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "a" * 60),
        ("SECRET_KEY", "debug-only-" * 6),
        ("FIELD_KEYS", ""),
        ("FIELD_KEYS", "ZGVidWctb25seS1kZWJ1Zy1vbmx5LWRlYnVnLW9ubHk="),
        ("FIELD_KEYS", "tooshort"),
        ("DEBUG", "maybe"),
        ("PUBLIC_URL", "id.example.com"),
        ("APP_URL", "app.example.com"),
        ("TRUSTED_PROXIES", "everybody"),
        ("METRICS_BIND", "9464"),
        ("METRICS_BIND", "127.0.0.1"),
        ("METRICS_BIND", "metrics.example:9464"),
        ("METRICS_BIND", "127.0.0.1:99464"),
        ("METRICS_BIND", "127.0.0.1:9464/metrics"),
        ("DNS_SERVERS", "dns.example"),
        ("DNS_SERVERS", "10.0.0.53/x"),
        ("TERMS_VERSION", "x" * 41),
        ("TERMS_URL", "terms.html"),
        ("WEB_WORKERS", "0"),
        ("DB_POOL_TIMEOUT", "nan"),
        ("REDIS_TIMEOUT", "60"),
        ("JWT_ALGORITHM", "HS256"),
        ("LOG_LEVEL", "CHATTY"),
    ],
)
def test_a_setting_that_makes_no_sense_stops_the_start_by_name(root, name, value):
    answer = start(root, **{name: value})

    assert answer.returncode != 0
    assert name in answer.stderr
    assert not value or value not in answer.stderr.rsplit("ImproperlyConfigured", 1)[-1]


@pytest.mark.parametrize("address", ["127.0.0.1:8000", "[::1]:8000"])
def test_the_port_of_the_metrics_cannot_be_the_port_of_everybody(root, address):
    variables = {**GOOD, "METRICS_BIND": address, "PORT": "8000"}
    command = [sys.executable, "-m", "plinto.serve"]
    answer = subprocess.run(
        command, env=variables, cwd=root, capture_output=True, text=True, check=False
    )
    assert answer.returncode != 0
    assert "METRICS_BIND must have another port than PORT" in answer.stderr
