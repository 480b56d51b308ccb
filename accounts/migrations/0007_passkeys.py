import django.db.models.deletion
import plinto.kernel.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_address_changes'),
    ]

    operations = [
        migrations.CreateModel(
            name='Passkey',
            fields=[
                ('id', models.UUIDField(default=plinto.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('credential_id', models.BinaryField(max_length=1023, unique=True)),
                ('public_key', models.BinaryField(max_length=1100)),
                ('sign_count', models.PositiveBigIntegerField()),
                ('transports', models.JSONField(default=list)),
                ('aaguid', models.UUIDField()),
                ('is_backup_eligible', models.BooleanField()),
                ('is_backed_up', models.BooleanField()),
                ('name', models.CharField(max_length=200)),
                ('created_at', models.DateTimeField()),
                ('last_used_at', models.DateTimeField(blank=True, null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='passkeys', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'accounts_passkey',
                'ordering': ['-id'],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='PasskeyChallenge',
            fields=[
                ('id', models.UUIDField(default=plinto.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('purpose', models.CharField(max_length=20)),
                ('bound_to', models.UUIDField(null=True)),
                ('challenge_digest', models.BinaryField(max_length=32, unique=True)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField(db_index=True)),
                ('used_at', models.DateTimeField(blank=True, null=True)),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'accounts_passkey_challenge',
                'ordering': ['-id'],
                'default_permissions': (),
            },
        ),
    ]
