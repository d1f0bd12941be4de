"""`manage.py create_staff EMAIL --role ROLE`: the first administrator, and any other member of staff."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.errors import DomainError
from rbac.matrix import ROLE_NAMES, STAFF_ROLES
from rbac.staff import invite_staff


class Command(BaseCommand):
    """Prints the link that it also mails, so that the first administrator needs no working mail."""

    help = "Give a person a staff role; prints and mails a link under which they set their password. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the address they sign in with")
        parser.add_argument("--role", required=True, help=", ".join(STAFF_ROLES))

    def handle(self, *, email: str, role: str, **options: Any) -> None:
        """Invite; a refusal is a sentence on stderr and exit status 1."""
        try:
            invitation = invite_staff(email=email, role=role, actor=None)
        except DomainError as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"{invitation.user.email} has the role {role} ({ROLE_NAMES[role]}).")
        if invitation.link:
            self.stdout.write(f"To set the password, within three days: {invitation.link}")
        else:
            self.stdout.write("They have a password already and sign in with it.")
