"""Every sandbox that the table names can be entered, and nothing in it leads to real money."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from core.desk.exchanges import _has_sandbox
from core.domain.errors import NotPossible, UnknownVenue
from core.exchanges.ccxt.account import Account
from core.exchanges.ccxt.asking import Asking
from core.exchanges.ccxt.clients import load_ccxt
from core.exchanges.ccxt.quirks import QUIRKS, quirks_of
from core.exchanges.ccxt.skew import ClockSkew
from core.exchanges.ccxt.venues import FIRST_CLASS, parse_venue
from tests.core.exchanges.ccxt.offline import client_of
from tests.core.exchanges.ccxt.trading_desk import CLOCK

# Part of every URL that trades there. okx's REST host is the real one; the header tells.
PLACES = {"binance": "demo-", "binanceusdm": "demo-", "bybit": "-testnet", "okx": "wspap", "krakenfutures": "demo-"}
# What we speak to: Binance lists the hosts of its other markets beside them.
USED = {"binance": ("public", "private", "v3"), "binanceusdm": ("fapi",), "okx": ("ws",)}

DESCRIBED_BY_CCXT = [
    name for name in load_ccxt().exchanges if quirks_of(name).sandbox is None and getattr(load_ccxt(), name)().has.get("watchOrderBook")
]


def addresses(urls: Any) -> Iterator[str]:
    if isinstance(urls, str):
        yield urls
    elif isinstance(urls, dict):
        for inner in urls.values():
            yield from addresses(inner)


def hosts(client: Any, urls: Any) -> set[str]:
    return {urlsplit(client.implode_hostname(url)).netloc for url in addresses(urls)}


@pytest.mark.parametrize("ccxt_id", [ccxt_id for ccxt_id, quirks in QUIRKS.items() if quirks.sandbox is not None])
async def test_a_sandbox_of_the_table_opens_and_is_not_the_real_exchange(ccxt_id: str) -> None:
    client, real = client_of(ccxt_id, "testnet"), client_of(ccxt_id)
    api = client.urls["api"]
    used = {key: url for key, url in api.items() if key != "www" and key.startswith(USED.get(ccxt_id, ""))}
    found = list(addresses(used))
    assert found
    assert [url for url in found if PLACES[ccxt_id] not in url] == []
    assert not set(found) & set(addresses(real.urls["api"]))
    await client.close_quietly()
    await real.close_quietly()


async def test_okx_is_told_with_every_request_that_it_is_only_tried_out_and_never_when_it_is_not() -> None:
    client, real = client_of("okx", "testnet"), client_of("okx")
    assert client.prepare_request_headers()["x-simulated-trading"] == "1"
    assert "x-simulated-trading" not in real.prepare_request_headers()
    assert "brokerId=9999" in client.get_url("orders", "private")
    await client.close_quietly()
    await real.close_quietly()


@pytest.mark.parametrize("ccxt_id", DESCRIBED_BY_CCXT)
async def test_a_sandbox_that_only_ccxt_knows_leads_nowhere_real_or_can_not_be_entered(ccxt_id: str) -> None:
    real = client_of(ccxt_id)
    try:
        client = client_of(ccxt_id, "testnet")
    except NotPossible:
        pass
    else:
        assert client.isSandboxModeEnabled
        # Documentation and such, which gemini has among them, signs nothing.
        found = {key: url for key, url in client.urls["api"].items() if not key.startswith(("web", "www"))}
        assert any(url.startswith("wss://") for url in addresses(found)), "it streams no books"
        assert not hosts(client, found) & hosts(real, real.urls["api"])
        await client.close_quietly()
    await real.close_quietly()


@pytest.mark.parametrize("ccxt_id", ["gate", "deribit", "bingx", "phemex", "cryptocom", "gemini", "hitbtc", "coinbaseexchange"])
async def test_the_sandboxes_of_the_larger_exchanges_can_be_entered(ccxt_id: str) -> None:
    client = client_of(ccxt_id, "testnet")
    await client.close_quietly()


# Real hosts, none at all, no streams, and two that ccxt takes for another exchange's.
@pytest.mark.parametrize("ccxt_id", ["alpaca", "weex", "myokx", "okxus", "kraken", "bitget", "poloniex", "binanceus", "blockchaincom"])
async def test_what_is_no_sandbox_of_its_own_is_refused(ccxt_id: str) -> None:
    with pytest.raises(NotPossible, match="has no test network that Fathom knows of"):
        client_of(ccxt_id, "testnet")


async def test_a_sandbox_that_has_one_real_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an update of ccxt might bring it."""
    ccxt = load_ccxt()
    described = ccxt.deribit().describe()
    described["urls"]["test"]["ws"] = described["urls"]["api"]["ws"]
    monkeypatch.setattr(ccxt.deribit, "describe", lambda _self: described)
    with pytest.raises(NotPossible):
        client_of("deribit", "testnet")


async def test_crypto_coms_sandbox_streams_from_where_ccxt_looks() -> None:
    client = client_of("cryptocom", "testnet")
    assert all("uat-stream" in client.urls["api"]["ws"][side] for side in ("public", "private"))
    await client.close_quietly()


@pytest.mark.parametrize(("exchange", "spot"), [("gate", False), ("bingx", False), ("deribit", True), ("phemex", True)])
def test_a_market_that_the_sandbox_does_not_stream_is_not_offered_there(exchange: str, spot: bool) -> None:
    assert (_has_sandbox(f"{exchange}_spot"), _has_sandbox(f"{exchange}_perp")) == (spot, True)


@pytest.mark.parametrize("venue", [*FIRST_CLASS, "gate_perp", "weex_spot", "nonsense_spot"])
async def test_a_desk_offers_a_venue_on_testnet_exactly_where_it_can_be_opened(venue: str) -> None:
    try:
        client = client_of(parse_venue(venue).ccxt_id, "testnet")
    except (NotPossible, UnknownVenue):
        assert not _has_sandbox(venue)
    else:
        await client.close_quietly()
        assert _has_sandbox(venue)


async def test_binances_demo_trading_is_not_asked_for_fees_that_it_does_not_know() -> None:
    client = client_of("binance", "testnet")
    asking = Asking("binance_spot", client, ClockSkew(client, CLOCK))
    account = Account(parse_venue("binance_spot"), client, QUIRKS["binance"], asking)
    assert await account.fees(None) is None  # type: ignore[arg-type]  # whatever the instrument, nobody is asked
    await client.close_quietly()
