"""A project without tables, whose files go into a bucket."""

from __future__ import annotations

SECRET_KEY = "not a secret"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "customers", "django_omnitenant"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DATABASE_ROUTERS = ["django_omnitenant.routers.TenantRouter"]
OMNITENANT_CONFIG = {"TENANT_MODEL": "customers.Tenant", "DOMAIN_MODEL": "customers.Domain"}
S3 = {"bucket_name": "media", "access_key": "key", "secret_key": "not a secret", "region_name": "us-east-1"}
STORAGES = {
    "default": {"BACKEND": "omnitenant_routing.files.s3.TenantS3Storage", "OPTIONS": S3},
    "below": {"BACKEND": "omnitenant_routing.files.s3.TenantS3Storage", "OPTIONS": {**S3, "location": "uploads"}},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
