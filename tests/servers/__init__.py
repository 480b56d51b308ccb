"""
Real servers for the suite, each started on a free port and stopped by its process id.

``redis``, ``postgres``, ``smtp`` and ``fault_proxy`` stand in front of or beside the code;
``website`` and ``name_server`` are somebody else's, as are ``identity_provider``, which does what
a test tells it, and ``foreign_providers``. ``plinto`` is the production server itself,
and ``stuck`` an application for it to fail on.
``plugin`` starts what the settings need before Django reads the environment.
"""
