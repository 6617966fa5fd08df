"""Every page row and every field rule, by examples typed from the product's document."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from datetime import datetime
from ipaddress import IPv4Address

import pytest
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12

from firmware.basis import Basis
from firmware.device.entropy import Entropy
from firmware.release import BY_VERSION
from firmware.security import reading
from firmware.security.certificates import Names, self_signed
from firmware.security.profiles import CA_ISSUED
from firmware.times import parse_time
from ignition import keeping, pages, passwords, wizard, zones
from ignition.pages import PAGES, Kind
from platforms import load
from tests.ignition.imports import company_ca, imported_file, pem_file
from tests.ignition.units import GIVEN, LINUX, SERVERS, at, given_for

# ignition.md: number, page, which servers.
ROOTS = {"primary", "application_server", "ucm"}
ROWS: dict[str, tuple[str, set[str]]] = {
    "licence": ("1", set(LINUX)),
    "server_type": ("2", set(SERVERS)),
    "network": ("4", set(LINUX)),
    "time": ("5", set(LINUX)),
    "passwords": ("6", set(LINUX)),
    "services": ("6b", {"application_server", "ucm"}),
    "security": ("7", ROOTS),
    "review": ("8", set(LINUX)),
}


@pytest.mark.parametrize("kind", LINUX)
def test_each_server_sees_the_pages_of_the_table_in_its_order(kind: str) -> None:
    seen = [(page.number, page.name) for page in pages.visible(wizard.server(at(kind, "review")))]
    assert seen == [(number, name) for name, (number, kinds) in ROWS.items() if kind in kinds]


@pytest.mark.parametrize("kind", SERVERS)
def test_a_further_disk_is_asked_about_between_type_and_network(kind: str) -> None:
    unit = at("primary, further disk", "server_type")
    with_disk = wizard.submit(unit, "browser", "server_type", {"server_type": kind})
    names = [page.name for page in with_disk.pages]
    assert names[:4] == ["licence", "server_type", "new_hardware", "network"]
    assert ("security" in names, "services" in names) == (kind in ROOTS, kind == "application_server")


def test_a_disk_that_has_failed_is_not_found() -> None:
    unit = at("primary, further disk", "licence")
    card = unit.slots["second-disk"].card
    assert card is not None
    card.failed = True
    assert "new_hardware" not in [page.name for page in pages.visible(wizard.server(unit))]


def test_a_module_has_no_time_of_its_own_to_set() -> None:
    shown = wizard.open_page(at("ucm", "time"), "browser", "time")
    assert list(shown.values) == ["time_zone", "companding"]


def test_every_row_says_where_it_comes_from_and_every_field_what_it_is() -> None:
    assert [page.number for page in PAGES] == ["0", "1", "2", "3", "4", "5", "6", "6b", "7", "8", "9"]
    documented = {page.name for page in PAGES if page.basis is Basis.DOCUMENTED}
    assert documented == {"licence", "server_type", "network", "time", "passwords", "security"}
    for page in PAGES:
        assert page.title
        assert page.lead
        assert page.source
        names = [field.name for field in page.fields]
        assert len(set(names)) == len(names)
        for field in page.fields:
            assert field.label
            assert field.again is None or field.again in names


def _errors(kind: str, page: str, **changes: str) -> dict[str, str]:
    unit = at(kind, page)
    return dict(wizard.submit(unit, "browser", page, given_for(unit, page, **changes)).errors)


LONG = "a" * 41
BAD: list[tuple[str, dict[str, str], str, str]] = [
    ("licence", {"accepted": "no"}, "accepted", "must be accepted"),
    ("licence", {"accepted": ""}, "accepted", "must be accepted"),
    ("licence", {"accepted": "on"}, "accepted", "yes or no"),
    ("server_type", {"server_type": "none"}, "server_type", "Choose one of: "),
    ("server_type", {"server_type": "ucm"}, "server_type", "Choose one of: "),
    ("server_type", {"server_type": "ip500v2"}, "server_type", "Choose one of: "),
    ("network", {"interface": "eth2"}, "interface", "Choose one of: eth0 (LAN1), eth1 (LAN2)."),
    ("network", {"interface": ""}, "interface", "Enter an interface."),
    ("network", {"mode": "bootp"}, "mode", "Choose one of: Fixed, By DHCP."),
    ("network", {"address": ""}, "address", "Enter an IPv4 address such as 192.168.42.1."),
    *(
        ("network", {"address": text}, "address", "IPv4 address")
        for text in (
            "10.1.2",
            "10.1.2.256",
            "10.1.2.3.4",
            "10.1.2.03",
            "fe80::1",
            "server1",
            "10.1.2.3/24",
            "1 0.1.2.3",
        )
    ),
    *(
        ("network", {"address": text}, "address", "cannot be the address of a host")
        for text in ("0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255")  # noqa: S104
    ),
    ("network", {"address": "10.1.2.0"}, "address", "the address of the network 10.1.2.0/24 itself"),
    ("network", {"address": "10.1.2.255"}, "address", "the address of the network 10.1.2.0/24 itself"),
    *(
        ("network", {"mask": text}, "mask", "subnet mask")
        for text in ("", "255.255.0.255", "0.0.0.255", "255.255.255", "254.0.0.0", "255.255.255.255", "0", "31", "mask")
    ),
    ("network", {"gateway": "10.1.3.1"}, "gateway", "a host of the subnet 10.1.2.0/24"),
    ("network", {"gateway": "10.1.2.255"}, "gateway", "a host of the subnet"),
    ("network", {"gateway": "10.1.2.0"}, "gateway", "a host of the subnet"),
    ("network", {"gateway": "10.1.2.3"}, "gateway", "another host than this one"),
    ("network", {"dns1": "dns.example.com"}, "dns1", "IPv4 address"),
    ("network", {"dns2": "10.1.2"}, "dns2", "IPv4 address"),
    *(
        ("network", {"host_name": text}, "host_name", "letters, digits and hyphens")
        for text in ("-a", "a-", "a_b", "a b", "a..b", ".a", "a.", "ä", "a.1", "12", "10.1.2.3", "a/b", "*")
    ),
    ("network", {"host_name": LONG}, "host_name", "at most 40 characters"),
    ("time", {"use_ntp": "yes", "ntp_server": ""}, "ntp_server", "Enter a host name or an IPv4 address."),
    ("time", {"use_ntp": "yes", "ntp_server": "a b"}, "ntp_server", "0.pool.ntp.org"),
    ("time", {"use_ntp": "yes", "ntp_server": "10.1.2"}, "ntp_server", "IPv4 address"),
    ("time", {"use_ntp": "yes", "ntp_server": "a" * 254}, "ntp_server", "0.pool.ntp.org"),
    ("time", {"date_time": "tomorrow"}, "date_time", "such as 2026-11-23 09:00"),
    ("time", {"date_time": "2026-02-30 09:00"}, "date_time", "no such date or time"),
    ("time", {"date_time": "2026-11-23 24:01"}, "date_time", "no such date or time"),
    ("time", {"date_time": "1999-12-31 23:59"}, "date_time", "from the year 2000 to 2099"),
    ("time", {"date_time": "2100-01-01 00:00"}, "date_time", "from the year 2000 to 2099"),
    ("time", {"date_time": "2026-03-29 02:30"}, "date_time", "does not exist in Europe/Berlin: summer time"),
    ("time", {"time_zone": ""}, "time_zone", "Enter a time zone such as Europe/Berlin."),
    ("time", {"time_zone": "Europe/Berlino"}, "time_zone", "time zone of the list"),
    ("time", {"time_zone": "../../etc/passwd"}, "time_zone", "time zone of the list"),
    ("time", {"companding": "b-law"}, "companding", "Choose one of: A-law, µ-law."),
    ("passwords", {"root": "Other-2026"}, "root_again", "not the same password"),
    ("passwords", {"system": "", "system_again": ""}, "system", "8 to 31 characters"),
    ("security", {"ca": "borrow"}, "ca", "Choose one of: "),
    ("security", {"ca": ""}, "ca", "where the CA comes from"),
    ("security", {"ca": "import"}, "ca_file", "Choose the file of the CA."),
    ("security", {"ca": "import", "ca_file": "A"}, "ca_file", "did not arrive whole"),
    ("security", {"ca": "import", "ca_file": "AAAA"}, "ca_file", "neither a PKCS#12 nor a PEM file"),
    ("security", {"ca": "import", "ca_file": imported_file(), "ca_password": "x"}, "ca_password", "does not open"),
    ("security", {"ca": "import", "ca_file": imported_file(), "ca_password": ""}, "ca_password", "does not open"),
]


@pytest.mark.parametrize(("page", "changes", "field", "sentence"), BAD, ids=lambda value: str(value)[:40])
def test_what_a_field_may_not_hold_is_said_in_a_sentence_and_nothing_is_saved(
    page: str, changes: dict[str, str], field: str, sentence: str
) -> None:
    unit = at("primary", page)
    shown = wizard.submit(unit, "browser", page, given_for(unit, page, **changes))
    assert sentence in shown.errors.get(field, ""), shown.errors
    assert set(shown.errors) == {field}
    assert shown.errors[field].endswith(".")
    assert shown.page.name == page
    assert wizard.server(unit).answers.of(page) is None


GOOD: list[tuple[str, dict[str, str], dict[str, str]]] = [
    ("network", {"address": "10.255.255.254", "mask": "255.0.0.0"}, {"address": "10.255.255.254"}),
    ("network", {"address": " 10.1.2.3 "}, {"address": "10.1.2.3"}),
    ("network", {"mask": "24"}, {"mask": "255.255.255.0"}),
    ("network", {"mask": "/16"}, {"mask": "255.255.0.0"}),
    ("network", {"mask": "255.255.255.252", "gateway": "10.1.2.2", "address": "10.1.2.1"}, {"gateway": "10.1.2.2"}),
    ("network", {"gateway": "", "dns1": "", "dns2": ""}, {"gateway": "", "dns1": ""}),
    ("network", {"mode": "dhcp", "address": "nonsense", "mask": "x", "gateway": "y"}, {"address": "", "gateway": ""}),
    ("network", {"host_name": "3com"}, {"host_name": "3com"}),
    ("network", {"host_name": "A-b.example.com"}, {"host_name": "A-b.example.com"}),
    ("network", {"host_name": "a" * 40}, {"host_name": "a" * 40}),
    ("network", {"host_name": ""}, {"host_name": ""}),
    ("time", {"date_time": "2026-03-29 03:00"}, {"date_time": "2026-03-29T03:00:00"}),
    ("time", {"date_time": "2026-10-25 02:30:15"}, {"date_time": "2026-10-25T02:30:15"}),
    ("time", {"date_time": ""}, {"date_time": ""}),
    ("time", {"use_ntp": "yes", "ntp_server": "0.pool.ntp.org"}, {"ntp_server": "0.pool.ntp.org", "date_time": ""}),
    ("time", {"use_ntp": "yes", "ntp_server": "10.1.2.9"}, {"ntp_server": "10.1.2.9"}),
    ("time", {"use_ntp": "yes", "ntp_server": "ntp1." + "department-" * 4 + "x.example.com"}, {"use_ntp": "yes"}),
    ("time", {"use_ntp": "", "ntp_server": "left over"}, {"use_ntp": "no", "ntp_server": ""}),
    ("time", {"time_zone": "America/Argentina/Buenos_Aires"}, {"time_zone": "America/Argentina/Buenos_Aires"}),
    ("time", {"companding": "mu-law"}, {"companding": "mu-law"}),
    ("security", {"ca": "generate", "ca_file": "AAAA", "ca_password": "x"}, {"ca": "generate"}),
]


@pytest.mark.parametrize(("page", "changes", "held"), GOOD, ids=lambda value: str(value)[:40])
def test_what_a_field_may_hold_is_kept_in_one_form(page: str, changes: dict[str, str], held: dict[str, str]) -> None:
    unit = at("primary", page)
    shown = wizard.submit(unit, "browser", page, given_for(unit, page, **changes))
    assert shown.errors == {}
    found = wizard.server(unit).answers.of(page) or {}
    assert {name: found.get(name) for name in held} == held


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("Short-1", "8 to 31 characters; this one has 7"),
        ("L" * 30 + "-1", "8 to 31 characters; this one has 32"),
        ("onlylower", "at least two of"),
        ("ONLYUPPER", "at least two of"),
        ("1357924680", "at least two of"),
        ("?!?!?!?!", "at least two of"),
        ("aaaa1234", "no more than 3 equal characters"),
        ("abc11112", "no more than 3 equal characters"),
        ("Administrator", "another password than the one of the installation"),
        ("Pässword-1", "plain keyboard"),
        ("Tab\tulator1", "plain keyboard"),
    ],
)
def test_a_password_that_breaks_a_rule_is_told_which(password: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        passwords.check(password)


@pytest.mark.parametrize("password", ["aaab1234", "lower7up", "with space1", "UPPERlower", "???aaabb", "x1" * 15])
def test_a_password_within_the_rules_is_taken(password: str) -> None:
    assert passwords.check(password) == password


def test_passwords_are_kept_as_salted_scrypt_hashes_that_differ_by_account_and_server() -> None:
    one, other = Entropy(1, "00e007060001"), Entropy(2, "00e007060001")
    kept = passwords.hash_of("Secret-1", one, "root")
    assert kept.startswith("$scrypt$n=1024,r=8,p=1$")
    assert passwords.matches("Secret-1", kept)
    assert not passwords.matches("Secret-2", kept)
    assert not passwords.matches("", kept)
    assert not passwords.matches("Secret-1", "")
    assert not passwords.matches("Secret-1", kept[:-1])
    hashes = [kept, passwords.hash_of("Secret-1", one, "system"), passwords.hash_of("Secret-1", other, "root")]
    assert len({hashed.split("$")[3] for hashed in hashes}) == 3
    assert len({hashed.split("$")[4] for hashed in hashes}) == 3


def test_an_empty_password_page_that_was_answered_before_keeps_what_was_set() -> None:
    unit = at("primary", "review")
    before = wizard.server(unit).answers.of("passwords")
    wizard.submit(unit, "browser", "passwords", dict.fromkeys(GIVEN["passwords"], ""))
    assert wizard.server(unit).answers.of("passwords") == before
    first = at("primary", "passwords")
    assert wizard.submit(first, "browser", "passwords", dict.fromkeys(GIVEN["passwords"], "")).errors


@pytest.mark.parametrize("file", [pem_file(), imported_file()])
def test_an_imported_ca_is_kept_opened_and_needs_no_file_again(file: str) -> None:
    unit = at("primary", "security")
    values = {"ca": "import", "ca_file": file, "ca_password": "secret"}
    assert not wizard.submit(unit, "browser", "security", values).errors
    kept = wizard.server(unit).answers.of("security") or {}
    assert keeping.imported(kept).der == company_ca().der
    assert "secret" not in str(kept)
    assert not wizard.submit(unit, "browser", "security", {"ca": "import"}).errors
    assert wizard.server(unit).answers.of("security") == kept


def test_a_certificate_that_is_no_ca_is_refused() -> None:
    unit = at("primary", "security")
    ca = company_ca()
    names = Names("00e007060001", IPv4Address("10.1.2.3"), IPv4Address("10.1.3.3"), "x")
    dates = parse_time("2026-01-01T00:00:00Z"), parse_time("2030-01-01T00:00:00Z")
    identity = self_signed(CA_ISSUED, names, ca.key, 5, *dates)
    bag = pkcs12.serialize_key_and_certificates(b"x", ca.key.private, reading.load(identity.der), None, NoEncryption())
    values = {"ca": "import", "ca_file": b64encode(bag).decode(), "ca_password": ""}
    assert "CA:TRUE" in wizard.submit(unit, "browser", "security", values).errors["ca_file"]


def test_a_ca_that_would_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "LARGEST_AUTHORITY", 1000)
    errors = _errors("primary", "security", ca="import", ca_file=imported_file(), ca_password="secret")
    assert "1000 is the most" in errors["ca_file"]


def test_an_imported_ca_that_is_out_of_date_by_the_chosen_clock_is_refused_there_and_at_review() -> None:
    file = {"ca": "import", "ca_file": imported_file(), "ca_password": "secret"}
    unit = at("primary", "security")
    wizard.submit(unit, "browser", "time", {**GIVEN["time"], "date_time": "2040-01-01 00:00"})
    assert "Expired" in wizard.submit(unit, "browser", "security", file).errors["ca_file"]
    wizard.submit(unit, "browser", "time", GIVEN["time"])
    wizard.submit(unit, "browser", "security", file)
    wizard.submit(unit, "browser", "time", {**GIVEN["time"], "date_time": "2000-01-01 00:00"})
    with pytest.raises(wizard.NotYet, match="The imported CA is valid from 2023") as refused:
        wizard.submit(unit, "browser", "review", {})
    assert refused.value.page == "security"
    assert unit.state == "ignition.review"


def test_a_release_may_be_older_than_a_kind_of_server() -> None:
    known = wizard.server(at("primary", "server_type"))
    newer = replace(load("expansion"), since="99.0")
    server = replace(known, kin=(*known.kin[:1], newer), release=BY_VERSION["12.3"])
    _, errors = pages.check(pages.BY_NAME["server_type"], {"server_type": "expansion"}, server)
    assert "cannot be a Server Edition Expansion" in errors["server_type"]


def test_no_secret_is_ever_shown_again() -> None:
    unit = at("primary, CA imported", "review")
    for page in ("passwords", "security"):
        shown = wizard.open_page(unit, "browser", page)
        secret = [field.name for field in shown.page.fields if field.kind in (Kind.PASSWORD, Kind.FILE)]
        assert all(shown.values[name] == "" for name in secret)


def test_of_two_moments_that_a_zone_shows_alike_the_first_is_meant() -> None:
    assert zones.to_ms(datetime(2026, 10, 25, 2, 30), "Europe/Berlin") == parse_time("2026-10-25T00:30:00Z")
    assert zones.to_ms(datetime(2026, 7, 1, 12, 0), "America/New_York") == parse_time("2026-07-01T16:00:00Z")
    assert zones.to_ms(datetime(2026, 7, 1, 12, 0), "Etc/UTC") == parse_time("2026-07-01T12:00:00Z")
    with pytest.raises(LookupError):
        zones.zone("Mars/Base")
