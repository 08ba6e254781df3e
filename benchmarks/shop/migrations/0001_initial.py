# Written by makemigrations

import django.db.models.deletion
import omnitenant_models.domains
import omnitenant_models.tenants
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Project',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=255)),
            ],
        ),
        migrations.CreateModel(
            name='Tenant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tenant_id', models.CharField(max_length=63, unique=True, validators=[omnitenant_models.tenants.validate_tenant_id], verbose_name='tenant id')),
                ('name', models.CharField(max_length=255, verbose_name='name')),
                ('isolation_type', models.CharField(choices=[('database', 'database'), ('schema', 'schema'), ('table', 'table'), ('cache', 'cache')], default='table', max_length=16, verbose_name='isolation type')),
                ('config', models.JSONField(blank=True, default=dict, validators=[omnitenant_models.tenants.validate_config], verbose_name='configuration')),
                ('state', models.CharField(choices=[('pending', 'pending'), ('provisioning', 'provisioning'), ('active', 'active'), ('failed', 'failed'), ('suspended', 'suspended'), ('deleting', 'deleting')], default='pending', editable=False, max_length=16, verbose_name='state')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Task',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=255)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='shop.project')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='shop.tenant')),
            ],
        ),
        migrations.AddField(
            model_name='project',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='shop.tenant'),
        ),
        migrations.CreateModel(
            name='Domain',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('domain', omnitenant_models.domains.DomainNameField(max_length=253, unique=True, verbose_name='domain')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='domains', to='shop.tenant', verbose_name='tenant')),
            ],
            options={
                'abstract': False,
            },
        ),
    ]
