import django.db.models.deletion
import plinto.kernel.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_attempts_are_counted_in_resilience'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuthenticatorApp',
            fields=[
                ('id', models.UUIDField(default=plinto.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('sealed_secret', models.BinaryField()),
                ('last_step', models.PositiveBigIntegerField(default=0)),
                ('created_at', models.DateTimeField()),
                ('confirmed_at', models.DateTimeField(blank=True, null=True)),
                ('last_used_at', models.DateTimeField(blank=True, null=True)),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='authenticator_app', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'accounts_authenticator_app',
                'ordering': ['-id'],
                'permissions': [('reset_factors', 'Can remove the second factor of a person')],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='PendingSignIn',
            fields=[
                ('id', models.UUIDField(default=plinto.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('door', models.CharField(max_length=10)),
                ('methods', models.JSONField(default=list)),
                ('password_digest', models.BinaryField(max_length=32)),
                ('token_digest', models.BinaryField(max_length=32, unique=True)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField(db_index=True)),
                ('used_at', models.DateTimeField(blank=True, null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'accounts_pending_sign_in',
                'ordering': ['-id'],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='RecoveryCode',
            fields=[
                ('id', models.UUIDField(default=plinto.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('code_digest', models.BinaryField(max_length=32)),
                ('created_at', models.DateTimeField()),
                ('used_at', models.DateTimeField(blank=True, null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='recovery_codes', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'accounts_recovery_code',
                'ordering': ['-id'],
                'default_permissions': (),
            },
        ),
    ]
