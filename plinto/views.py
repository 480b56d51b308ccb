"""The browsable documentation, served from our own files so that it works offline."""

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.utils.decorators import method_decorator
from drf_spectacular.views import SpectacularSwaggerSplitView

from plinto.kernel.permissions import Anyone


# Swagger UI sets style attributes; scripts stay limited to our own files.
@method_decorator(csp_update({"style-src": [SELF, UNSAFE_INLINE]}), name="dispatch")
class DocsView(SpectacularSwaggerSplitView):
    """GET /api/v1/docs"""

    authentication_classes = []
    permission_classes = [Anyone]
