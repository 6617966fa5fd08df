"""Telephones that people have: sipsak, Linphone and baresip, set up for one unit."""

from __future__ import annotations

from pathlib import Path

from tests.interop.live import HOST, OTHER_ROOT, Live, Ran, run, started, until
from tests.live.serving import wait_for

FOR_TEN_MINUTES = 600  # sipsak's own 15 s are too brief for a registrar


def sipsak(folder: Path, port: int, *options: object, user: str = "", transport: str = "tls") -> Ran:
    """It validates nothing, and is to speak TLS 1.2: the tickets that a server of 1.3 sends it takes for an answer."""
    (priorities := folder / "gnutls").write_text("[overrides]\ndisabled-version = tls1.3\n")
    return run(
        "sipsak", "-vv", "-E", transport, *options, "-s", f"sip:{user}{'@' if user else ''}{HOST}:{port}",
        GNUTLS_SYSTEM_PRIORITY_FILE=priorities,
    )  # fmt: skip


def sipsak_registers(folder: Path, unit: Live, transport: str = "tls", password: str = "", port: int = 0) -> Ran:
    options = ("-U", "-i", "-x", FOR_TEN_MINUTES, "-u", "201", "-a", password or unit.password)
    return sipsak(folder, port or unit.port(f"sip-{transport}"), *options, user="201", transport=transport)


LINPHONE = """\
[sip]
sip_port=0
sip_tcp_port=0
sip_tls_port=-2
verify_server_certs={validates:d}
verify_server_cn={validates:d}
root_ca={root}
default_proxy=0
[auth_info_0]
username=201
passwd={password}
realm=ipoffice
[proxy_0]
reg_proxy=<sip:{name}:{port};transport=tls;maddr=127.0.0.1>
reg_identity=sip:201@127.0.0.1
reg_expires=600
reg_sendregister=1
"""
LINPHONE_REGISTERED, LINPHONE_FAILED = "RegistrationOk", "RegistrationFailed"


def linphone(folder: Path, unit: Live, outcome: str, *, root: Path, name: str, validates: bool = True) -> str:
    """What it says until its registration came to this outcome."""
    (folder / ".local/share/linphone").mkdir(parents=True)
    file = LINPHONE.format(validates=validates, root=root, password=unit.password, name=name, port=unit.port("sip-tls"))
    (folder / "rc").write_text(file)
    return until(f"moving from state .* to .Linphone{outcome}", "linphonec", "-d", 6, "-c", folder / "rc", HOME=folder)


BARESIP = """\
sip_listen 127.0.0.1:0
sip_cafile {root}
module_path /usr/lib/baresip/modules
module_app account.so
"""


def baresip_registers(folder: Path, unit: Live, certificate: Path | None = None, port: int = 0) -> None:
    """It has a wrong root and registers all the same, as an E.129 does; over TLS 1.3."""
    said = until(r"200 OK|reg: ", "stdbuf", "-oL", *_baresip(folder, unit, certificate, port))
    assert "{0/TLS/v4} 200 OK (IP Office)" in said, said


def baresip_is_refused(folder: Path, unit: Live, why: str) -> None:
    """It says nothing of it: in TLS 1.3 its own handshake is over by then. The unit's log does."""
    before = len(unit.log)
    with started(*_baresip(folder, unit, None, 0)):
        wait_for(lambda: why in unit.log[before:], f"no {why!r}")
    assert "SIP/2.0" not in unit.log[before:]


def _baresip(folder: Path, unit: Live, certificate: Path | None, port: int) -> list[object]:
    lines = BARESIP.format(root=OTHER_ROOT) + (f"sip_certificate {certificate}\n" if certificate else "")
    (folder / "config").write_text(lines)
    where = f"{HOST}:{port or unit.port('sip-tls')}"
    (folder / "accounts").write_text(f"<sip:201@{where};transport=tls>;auth_pass={unit.password};regint=600\n")
    (folder / "contacts").touch()
    return ["baresip", "-4", "-f", folder]
