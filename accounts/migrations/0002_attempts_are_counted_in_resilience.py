"""Counters are ephemeral, so none are carried over to ``resilience_counter``."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
        ('resilience', '0001_processes_orders_counters'),
    ]

    operations = [
        migrations.DeleteModel(
            name='AttemptCounter',
        ),
    ]
