"""The trader's limits on a desk: kept per mode, changed under way, and never loosened in silence."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from core import Settings, open_desk
from core.desk.limits import LimitsFile, RiskLimits, check_limits, default_limits
from core.domain.errors import BadRequest, FathomError, RiskDenied
from core.domain.events import Notice
from tests.core.desk.waiting import until

TIGHT = RiskLimits(max_parent_notional=Decimal(1_000))


def test_live_begins_tight_and_what_nobody_knows_begins_as_live() -> None:
    live = default_limits("live")
    assert (live.price_collar_bps, live.max_order_notional, live.duplicate_window_s) == (200, 50_000, 10)
    assert live == RiskLimits() == default_limits("a mode of tomorrow")
    assert default_limits("testnet").max_order_notional == live.max_order_notional
    assert live.max_order_notional < default_limits("paper").max_order_notional < default_limits("demo").max_order_notional


def test_limits_are_kept_for_their_mode_alone(tmp_path: Path) -> None:
    LimitsFile(tmp_path / "demo", "demo").save(TIGHT)
    assert LimitsFile(tmp_path / "demo", "demo").load() == TIGHT
    assert LimitsFile(tmp_path / "live", "live").load() == default_limits("live")


def test_without_a_profile_nothing_is_kept() -> None:
    LimitsFile(None, "demo").save(TIGHT)
    assert LimitsFile(None, "demo").load() == default_limits("demo")


@pytest.mark.parametrize("content", ["", "{", '{"max_open": 0}', '{"max_opne": 5}'], ids=["empty", "cut", "senseless", "unknown"])
def test_a_damaged_file_is_said_and_kept_aside(tmp_path: Path, content: str) -> None:
    path = tmp_path / "live" / "limits.json"
    path.parent.mkdir()
    path.write_text(content)
    file = LimitsFile(tmp_path / "live", "live")
    assert file.load() == default_limits("live")
    assert file.complaint == ("The saved risk limits can't be read; the defaults of live apply. The file is kept as limits.damaged.json.")
    assert path.with_name("limits.damaged.json").read_text() == content


def test_limits_that_can_not_be_saved_are_said_to_apply_until_the_end(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("in the way")
    with pytest.raises(FathomError, match="apply now, but could not be saved"):
        LimitsFile(tmp_path / "demo", "demo").save(TIGHT)


def test_a_limit_out_of_its_bounds_is_named_as_the_form_names_it() -> None:
    with pytest.raises(BadRequest, match=r"^Open orders in all: "):
        check_limits({"max_open": 0})


async def test_a_desk_uses_what_its_profile_holds_and_keeps_what_is_changed(tmp_path: Path) -> None:
    async with open_desk(Settings(profile=tmp_path)) as desk:
        assert desk.limits == default_limits("demo")
        desk.set_limits(TIGHT)
    async with open_desk(Settings(profile=tmp_path)) as desk:
        assert desk.limits == TIGHT
        await until(lambda: desk.market("BTC/USDT").mid is not None)
        with pytest.raises(RiskDenied, match="over the limit of 1,000 USDT"):
            await desk.engine.execute_order("BTC/USDT", "buy", "1", "market")


async def test_limits_of_the_settings_win_over_the_saved_ones(tmp_path: Path) -> None:
    LimitsFile(tmp_path / "demo", "demo").save(TIGHT)
    async with open_desk(Settings(profile=tmp_path, limits=default_limits("live"))) as desk:
        assert desk.limits == default_limits("live")


async def test_a_desk_tells_the_trader_when_the_saved_limits_do_not_apply(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "limits.json").write_text("{")
    heard: list[Notice] = []
    async with open_desk(Settings(profile=tmp_path)) as desk:
        desk.on_notice(heard.append)
    assert [notice.level for notice in heard if "risk limits" in notice.sentence] == ["warning"]


async def test_balances_are_known_before_the_first_order() -> None:
    async with open_desk(Settings()) as desk:
        await until(lambda: all(desk.engine.risk.funds.available(venue, "USDT") is not None for venue in desk.connectors))
        request = desk.engine.request(symbol="BTC/USDT", side="buy", amount="600", price="62000", exchanges=["kraken_spot"])
        assert desk.engine.preview(request).blocking.startswith("Balance: what is free on kraken_spot carries")


async def test_why_nothing_may_be_sent_is_one_sentence_while_it_lasts() -> None:
    async with open_desk(Settings()) as desk:
        assert desk.halted == ""
        await desk.engine.kill()
        assert desk.halted == "Trading is stopped by the kill switch; release it to trade again."
        desk.engine.release_kill()
        assert desk.halted == ""
