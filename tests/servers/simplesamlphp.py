"""
SimpleSAMLphp from Debian's package, as an identity provider under PHP's own web server.

The package is unpacked and not installed: ``SIMPLESAMLPHP_ROOT`` says where, else
``build/simplesamlphp``. Its configuration is a directory of the test's own.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.saml_providers import ForeignSaml, missing, running

_BUILT = Path(__file__).resolve().parents[2] / "build" / "simplesamlphp"
_CONFIG = """<?php
$here = '%(here)s/';
$config = [
  'baseurlpath' => 'http://127.0.0.1:%(port)d/',
  'certdir' => $here, 'loggingdir' => $here, 'datadir' => $here, 'tempdir' => $here . 'tmp',
  'metadatadir' => $here . 'metadata/', 'attributenamemapdir' => $here . 'attributemap/',
  'secretsalt' => 'of a test', 'auth.adminpassword' => 'of a test', 'timezone' => 'UTC',
  'technicalcontact_email' => 'na@example.org', 'logging.handler' => 'errorlog',
  'enable.saml20-idp' => true, 'store.type' => 'phpsession',
  'session.phpsession.savepath' => $here . 'sessions', 'session.cookie.secure' => false,
  'session.cookie.samesite' => null, 'admin.checkforupdates' => false,
  'module.enable' => ['exampleauth' => true, 'core' => true, 'saml' => true],
  'language.available' => ['en'], 'language.default' => 'en',
  'metadata.sources' => array_merge(
    [['type' => 'flatfile']],
    file_exists($here . 'sp.xml') ? [['type' => 'xml', 'file' => $here . 'sp.xml']] : []
  ),
];
"""
_SOURCES = """<?php
$config = ['users' => ['exampleauth:UserPass', 'ada:adapass' => [
  'uid' => ['ada'], 'mail' => ['ada@corp.example'], 'displayName' => ['Ada Lovelace'],
  'groups' => ['engineers'],
]]];
"""
_HOSTED = """<?php
$metadata['http://127.0.0.1:%(port)d/idp'] = [
  'host' => '__DEFAULT__', 'privatekey' => 'idp.key', 'certificate' => 'idp.crt',
  'auth' => 'users', 'validate.authnrequest' => true, 'sign.logout' => true,
  'validate.logout' => true, 'assertion.encryption' => file_exists('%(here)s/encrypt'),
  'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
  'authproc' => [3 => ['class' => 'saml:AttributeNameID', 'attribute' => 'uid',
    'Format' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent']],
];
"""


@contextmanager
def simplesamlphp() -> Iterator[ForeignSaml]:
    """Run it; it verifies requests, and signs responses, assertions and what ends sessions."""
    root = Path(os.environ.get("SIMPLESAMLPHP_ROOT", _BUILT))
    php = shutil.which("php")
    if php is None or not (root / "usr/share/simplesamlphp/www").is_dir():
        missing("SimpleSAMLphp", ".ci/run unpacks it, and SIMPLESAMLPHP_ROOT may name another")

    def command(port: int, here: Path) -> list[str]:
        for name in ("config", "metadata", "tmp", "sessions"):
            (here / name).mkdir()
        (here / "attributemap").symlink_to(root / "etc/simplesamlphp/attributemap")
        facts = {"here": here, "port": port}
        (here / "config/config.php").write_text(_CONFIG % facts)
        (here / "config/authsources.php").write_text(_SOURCES)
        (here / "metadata/saml20-idp-hosted.php").write_text(_HOSTED % facts)
        return [
            *("env", f"SIMPLESAMLPHP_CONFIG_DIR={here}/config", str(php)),
            *("-d", "opcache.enable=0", "-S", f"127.0.0.1:{port}"),
            *("-t", str(root / "usr/share/simplesamlphp/www")),
        ]

    with running("SimpleSAMLphp", command, metadata_path="/saml2/idp/metadata.php") as provider:
        yield provider
