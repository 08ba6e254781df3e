

import django.db.models.deletion
import omnitenant_models.models
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('customers', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Note',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.CharField(max_length=100)),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='customers.tenant')),
            ],
        ),
        migrations.CreateModel(
            name='Stamp',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('word', models.CharField(max_length=20)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='customers.tenant')),
            ],
        ),
        migrations.CreateModel(
            name='Paper',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.CharField(max_length=100)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='customers.tenant')),
                ('stamps', models.ManyToManyField(to='vault.stamp')),
            ],
        ),
        migrations.CreateModel(
            name='Ledger',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('total', models.IntegerField()),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='customers.tenant', to_field='tenant_id')),
            ],
            options={
                'constraints': [omnitenant_models.models.TenantPolicy(name='vault_ledger_tenant_policy')],
            },
        ),
        migrations.AddConstraint(
            model_name='stamp',
            constraint=omnitenant_models.models.TenantPolicy(name='vault_stamp_tenant_policy'),
        ),
        migrations.AddConstraint(
            model_name='paper',
            constraint=omnitenant_models.models.TenantPolicy(name='vault_paper_tenant_policy', through=['stamps']),
        ),
    ]
