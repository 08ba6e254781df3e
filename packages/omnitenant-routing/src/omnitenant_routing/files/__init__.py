"""Files of tenants: storages in which each has a folder of its own.

========================================  ==================================================================
``TenantFileSystemStorage``               on a disk
``TenantInMemoryStorage``                 in memory, for tests
``omnitenant_routing.files.s3``           ``TenantS3Storage``, for django-storages
``TenantStorageMixin``                    for any other storage that has a ``location``
``omnitenant_routing.files.tenants``      ``usage_of``, ``export_files``, ``delete_files``, for one tenant
``omnitenant_routing.files.views``        ``serve``, which asks whose a file is
========================================  ==================================================================
"""

from __future__ import annotations

from omnitenant_routing.files.filesystem import TenantFileSystemStorage
from omnitenant_routing.files.listing import StoredFile, Usage
from omnitenant_routing.files.memory import TenantInMemoryStorage
from omnitenant_routing.files.mixin import TenantStorageMixin

__all__ = ["StoredFile", "TenantFileSystemStorage", "TenantInMemoryStorage", "TenantStorageMixin", "Usage"]
