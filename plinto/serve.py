"""``python -m plinto.serve``: serve as in production (``docs/settings.md`` has the variables)."""

from __future__ import annotations

import sys

from plinto.kernel.logs import logging_config
from plinto.serving import options
from plinto.serving.master import Master
from resilience.slots import Slots


def main() -> int:
    """Serve ``plinto.wsgi``, or the module named by the argument, and return the exit status."""
    logging_config(level=options.LOG_LEVEL)
    master = Master(*(sys.argv[1:] or ["plinto.wsgi"]))
    if not master.is_listening():
        return 1
    # Metrics begin at zero, unless a process of this deployment still adds to them.
    Slots(options.METRICS_DIRECTORY).begin_anew()
    return master.run()


if __name__ == "__main__":
    sys.exit(main())
