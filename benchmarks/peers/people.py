"""``python -m benchmarks.peers.people COUNT``: tables and people for a Django peer."""

from __future__ import annotations

import sys

import django

from benchmarks.peers.names import PASSWORD, email, username


def main(count: int) -> None:
    django.setup()
    from django.apps import apps  # noqa: PLC0415
    from django.contrib.auth.hashers import make_password  # noqa: PLC0415
    from django.contrib.auth.models import User  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    encoded = make_password(PASSWORD)
    people = User.objects.bulk_create(
        User(username=username(number), email=email(number), password=encoded)
        for number in range(count)
    )
    if apps.is_installed("allauth.account"):
        from allauth.account.models import EmailAddress  # noqa: PLC0415

        EmailAddress.objects.bulk_create(
            EmailAddress(user=person, email=person.email, verified=True, primary=True)
            for person in people
        )


if __name__ == "__main__":
    main(int(sys.argv[1]))
