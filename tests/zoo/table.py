"""The animals, each a row: by what one function does wrong, and what catches it."""

from __future__ import annotations

from tests.zoo import identity, setting_up, store
from tests.zoo.animal import CUT, REORDERED, Animal

_NVM, _GENERATION = "firmware.storage.nvm", "firmware.credentials.generation"

ANIMALS: tuple[Animal, ...] = (
    Animal(
        "no checksum", "A record counts as soon as its header is there, half written or not.",
        "a common one", f"{_NVM}:decode_copy", store.believe_the_header, "power_on", "once",
        "a CRC over the whole record",
    ),
    Animal(
        "both slots erased", "Room is made in both slots before either is written: for a moment there is no copy.",
        "a common one", f"{_NVM}:RecordStore.replace", store.erase_both_then_write,
        "delete_certificate", "old or new", "one good copy at every moment", (CUT,),
    ),
    Animal(
        "second reboot", "A mended copy gets a number of its own: the first reboot still works, the second finds a"
        " record that does not open.",
        "mcuboot #2199", f"{_NVM}:RecordStore.mend", store.mend_with_the_next_number, "power_on", "once",
        "mending writes what was there, number and all", (CUT,), depth=2,
    ),
    Animal(
        "burnt lifeboat", "Mending writes both slots anew, the good one first: a second cut there loses both.",
        "ours", f"{_NVM}:RecordStore.mend", store.mend_both, "delete_certificate", "old or new",
        "never to erase the only good copy", (CUT,), depth=2,
    ),
    Animal(
        "blank by its header", "A slot whose first page is blank counts as erased; what a cut write left is"
        " programmed over.",
        "ours", f"{_NVM}:RecordStore._write_slot", store.erase_when_in_use, "power_on", "strict",
        "erase before every write", (CUT,),
    ),
    Animal(
        "secret left behind", "Only as many blocks are erased as the new record needs: after a security default the"
        " end of the old settings is still in the memory.",
        "a common one", f"{_NVM}:RecordStore._write_slot", store.erase_what_is_needed,
        "trust_and_default", "no secret", "erase the whole slot", (CUT,),
    ),
    Animal(
        "written at each start", "The addresses are noted at every start, changed or not: the flash wears out.",
        "ours", "firmware.boot.choose_configuration:note_lans", store.note_lans_always, "power_on", "settled",
        "write only what has changed", (CUT,), depth=2,
    ),
    Animal(
        "zero-byte file", "Files are written in place: a cut leaves an empty one where a page's answers, or a key,"
        " were.",
        "armbian #10696, littlefs #1164", "firmware.storage.volume:Volume.replace", store.write_in_place,
        "ignite_secondary", "old or new", "write under another name, then rename", (CUT,),
    ),
    Animal(
        "leftover taken for real", "A missing file is looked for in what a cut write left: the page that was being"
        " saved is taken for the mark that all is done.",
        "ours", "firmware.storage.volume:Volume.read", store.read_what_was_to_be, "ignite_secondary", "once",
        "a temporary file is nobody's", (CUT,),
    ),
    Animal(
        "no sync before done", "The disk's cache is trusted to write in order: after a cut, late writes are there"
        " without early ones.",
        "a common one", "firmware.storage.driver:Driver.sync", store.leave_it_to_the_cache, "ignite_secondary",
        "comes up", "sync before what depends on it", (CUT, REORDERED),
    ),
    Animal(
        "writes out of order", "On a card the rename overtakes the binary that it is to bring into place.",
        "littlefs #948", "firmware.storage.driver:Driver.sync", store.leave_it_to_the_cache, "upgrade",
        "old or new", "sync data before metadata", (CUT, REORDERED),
    ),
    Animal(
        "key before certificate", "The new key is committed before its certificate: in between neither fits.",
        "acme.sh #6621", f"{_GENERATION}:commit_identity", identity.key_first, "new_address", "once",
        "key and certificate in one record", (CUT,),
    ),
    Animal(
        "trusted store lost", "A new identity begins with factory settings; the trusted certificates are put back"
        " afterwards.",
        "a common one", f"{_GENERATION}:commit_identity", identity.store_afterwards,
        "delete_certificate", "old or new", "one commit for all settings", (CUT,),
    ),
    Animal(
        "identity made twice", "Whoever has to make an identity announces the next number, also to resume one.",
        "a common one", f"{_GENERATION}:announce", identity.announce_each_time,
        "power_on", "once", "resume what was announced", (CUT,),
    ),
    Animal(
        "tries burnt", "A generation that was begun three times counts as failing for good: quick power cycling uses"
        " the tries up.",
        "rauc #490", f"{_GENERATION}:generate", identity.give_up_after_some_tries, "power_on", "once",
        "a cut is no failure", (CUT,), depth=3,
    ),
    Animal(
        "counter wraps", "Each begin is counted in a few bits; at nought again, the generation seems never to have"
        " been announced.",
        "zephyr #84874", f"{_GENERATION}:announce", identity.count_tries, "power_on", "once",
        "no value of a counter means something else", (CUT,), depth=4,
    ),
    Animal(
        "made in 1970", "A clock that has lost the time reads 1970, and the certificate begins there.",
        "a common one", "firmware.security.certificates:validity", identity.valid_from_nought,
        "flat_battery", "valid", "a date to fall back on", (CUT,),
    ),
    Animal(
        "default step by step", "A security default resets the users first and the identity second: in between the"
        " old identity has factory passwords.",
        "ours", "firmware.credentials.identity:default_security", identity.default_step_by_step,
        "service_and_default", "once", "one commit for all settings", (CUT,),
    ),
    Animal(
        "chain runs ahead", "The chain is brought up to date when the CA is new, the certificate under it later.",
        "ours", "firmware.credentials.authority:_take", identity.chain_follows_at_once,
        "new_authority", "whole", "chain and certificate change together", (CUT,),
    ),
    Animal(
        "stale global", "What was written is remembered in memory that a reset does not clear, and not written again.",
        "mcuboot #1588, #1597", "ignition.settings:write", setting_up.write_once, "ignite_secondary", "old or new",
        "a start knows the flash alone", (CUT,), fresh=setting_up.forget_what_was_written,
    ),
    Animal(
        "half a set-up", "A server that has a network counts as set up.",
        "ignition-dracut #137", "ignition.starting:ignited_as", setting_up.ignited_by_its_network,
        "ignite_secondary", "once", "a mark that comes last", (CUT,),
    ),
    Animal(
        "done too soon", "The mark that ignition is done comes before its last file.",
        "ours", "ignition.apply:_services", setting_up.mark_before_services, "ignite_secondary", "old or new",
        "a mark that comes last", (CUT,),
    ),
    Animal(
        "answers forgotten too soon", "The answers go with the passwords, before all is applied that they are for.",
        "ours", "ignition.apply:_passwords", setting_up.forget_with_the_passwords, "ignite_secondary", "not mixed",
        "a plan is kept until it is carried out", (CUT,),
    ),
    Animal(
        "half an upgrade", "The internal memory has the new binary before the card is whole.",
        "ours", "firmware.boot.administration:upgrade", setting_up.upgrade_the_memory_first, "upgrade",
        "old or new", "the old binary until the new one is whole", (CUT,),
    ),
)  # fmt: skip
