"""What Kraken says of a key, with ccxt's own client and no network behind it; the others are asked on the emulator (`test_account.py`)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.domain.clock import SimulatedClock
from core.domain.errors import VenueRefused
from core.exchanges.ccxt.permissions import Permissions, permissions
from tests.core.exchanges.ccxt.offline import Offline, offline, perp_of

INFO, BALANCE = "GetApiKeyInfo", "BalanceEx"
# As its documentation has it: https://docs.kraken.com/api-reference/account-data/get-api-key-info
ANSWER = {"apiKeyName": "my-api-key", "apiKey": "4/SDrDBc", "nonceWindow": 0, "validUntil": "0", "ipAllowlist": []}


def info(*granted: str) -> dict[str, Any]:
    return {"error": [], "result": {**ANSWER, "permissions": list(granted)}}


def refusal(desk: Offline, code: str) -> Exception:
    """As ccxt raises it."""
    answer = {"error": [code]}
    with pytest.raises(Exception, match=code) as caught:
        desk.client.handle_errors(200, "OK", "https://api.kraken.com", "POST", {}, json.dumps(answer), answer, {}, "")
    return caught.value


async def asked(desk: Offline) -> Permissions:
    desk.clients.ccxt_id = "kraken"
    return await permissions(desk.clients, SimulatedClock())


@pytest.mark.parametrize(
    ("granted", "trade", "withdraw"),
    [
        (("query-funds", "query-open-trades", "modify-trades", "close-trades"), True, False),
        (("query-funds", "withdraw-funds", "query-open-trades", "modify-trades"), True, True),
        (("query-funds", "query-open-trades", "query-closed-trades"), False, False),
        ((), False, False),
    ],
)
async def test_kraken_says_what_a_key_may_do(granted: tuple[str, ...], trade: bool, withdraw: bool) -> None:
    async with offline("kraken_spot", perp_of("kraken")) as desk:
        desk.answers[INFO] = info(*granted)
        told = await asked(desk)
        assert (told.can_trade, told.can_withdraw) == (trade, withdraw)
        assert ("WITHDRAW" in told.words) is withdraw
        assert [path.rpartition("/")[2] for path, _ in desk.asked] == [INFO]


@pytest.mark.parametrize(
    "answer",
    ["EGeneral:Permission denied", "EGeneral:Unknown method", {"error": [], "result": {}}, {"error": [], "result": {"permissions": "all"}}],
)
async def test_where_kraken_does_not_say_it_that_it_takes_the_key_is_still_known(answer: str | dict[str, Any]) -> None:
    async with offline("kraken_spot", perp_of("kraken")) as desk:
        desk.answers |= {INFO: refusal(desk, answer) if isinstance(answer, str) else answer, BALANCE: {"error": [], "result": {}}}
        told = await asked(desk)
        assert told == Permissions(None, None, "kraken takes the key; it does not say what it may do.")


async def test_a_key_that_kraken_does_not_know_is_refused() -> None:
    async with offline("kraken_spot", perp_of("kraken")) as desk:
        desk.answers |= {end: refusal(desk, "EAPI:Invalid key") for end in (INFO, BALANCE)}
        with pytest.raises(VenueRefused, match="Invalid key"):
            await asked(desk)
