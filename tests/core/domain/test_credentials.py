"""Keys that show themselves to nobody who did not ask for exactly them."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback
from dataclasses import asdict

import pytest

from core.domain.credentials import Credentials
from core.domain.errors import BadRequest

KEY, SECRET, PASSPHRASE = "CANARYkeyKEYkeyWXYZ", "CANARYsecretSECRET", "CANARY passphrase"


@pytest.fixture
def credentials() -> Credentials:
    return Credentials("binance", "main", KEY, SECRET, PASSPHRASE)


def test_what_is_printed_of_them_is_the_account_and_the_end_of_the_key(credentials: Credentials) -> None:
    for text in (repr(credentials), str(credentials), f"{credentials}", f"{credentials!r:>10}"):
        assert "CANARY" not in text
        assert "binance" in text
        assert "WXYZ" in text


def test_neither_dictionaries_nor_collections_nor_logs_show_them(credentials: Credentials, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("%s %r %s", credentials, [credentials.secret], asdict(credentials))
    shown = (repr(vars(credentials)), repr(asdict(credentials)), repr({"secret": credentials.secret}), caplog.text)
    assert "CANARY" not in "".join(shown)


def test_a_traceback_with_its_locals_does_not_show_them(credentials: Credentials) -> None:
    secret = credentials.secret
    try:
        raise ValueError(len(secret))
    except ValueError as error:
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
    assert "secret = '…'" in "".join(told.format())
    assert "CANARY" not in "".join(told.format())


def test_whoever_signs_gets_the_real_thing(credentials: Credentials) -> None:
    assert (credentials.key, credentials.secret, credentials.passphrase) == (KEY, SECRET, PASSPHRASE)
    assert credentials.secret.encode() == SECRET.encode()
    assert str(credentials.key) == f"{credentials.key}" == KEY


def test_they_can_be_handed_on_but_not_pickled(credentials: Credentials) -> None:
    assert copy.deepcopy({"of": credentials})["of"] is credentials
    for each in (credentials, credentials.secret):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(each)


def test_what_copying_leaves_around_a_key_is_dropped_and_the_exchange_is_one_word() -> None:
    pasted = Credentials(" Binance ", " main ", f" {KEY}\n", f"{SECRET}\r\n")
    assert (pasted.exchange, pasted.label, pasted.key, pasted.secret, pasted.passphrase) == ("binance", "main", KEY, SECRET, "")


def test_a_short_key_gives_no_hint() -> None:
    assert Credentials("binance", "main", "shortkey", SECRET).key_hint == ""


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        (("binance", "main", " ", SECRET), "The key of the binance account is empty"),
        (("binance", "main", KEY, "\n"), "The secret of the binance account is empty"),
        ((f"{SECRET} {KEY}", "main", KEY, SECRET), "Name the exchange"),
    ],
)
def test_a_slip_while_entering_them_is_said_without_repeating_it(parts: tuple[str, str, str, str], says: str) -> None:
    with pytest.raises(BadRequest, match=says) as caught:
        Credentials(*parts)
    assert "CANARY" not in "".join(traceback.format_exception(caught.value))
