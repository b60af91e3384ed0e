"""What Bybit's sockets have in common: subscribing by topic, and a ping that is an ordinary message.

The client pings; a pong on the public stream calls itself `ping` with `ret_msg` "pong", and only on the private one `pong`.
One bad topic refuses all that were asked for with it. https://bybit-exchange.github.io/docs/v5/ws/connect
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import orjson

from tests.emulator.streams import Stream

MOST_SPOT_ARGS = 10  # topics per request
_connections = itertools.count(1)

Knows = Callable[[str], bool]
Joined = Callable[[str], None]


class Conversation:
    """One connection's requests and answers.

    Args:
        knows: whether there is such a topic.
        joined: called after a topic was granted.
        most_args: topics that one request may name; None is no bound.
    """

    def __init__(self, stream: Stream, knows: Knows, joined: Joined, *, most_args: int | None = None) -> None:
        self.stream = stream
        self.id = f"emulator-{next(_connections)}"
        self._knows = knows
        self._joined = joined
        self._most_args = most_args

    async def hear(self, frame: str) -> None:
        """Take one text frame."""
        try:
            said = orjson.loads(frame)
        except orjson.JSONDecodeError:
            said = None
        if not isinstance(said, dict):
            self.stream.reply({"success": False, "ret_msg": "error:params error", "conn_id": self.id, "req_id": "", "op": ""})
            return
        self.on_request(str(said.get("op", "")), list(said.get("args") or []), str(said.get("req_id", "")))

    def on_request(self, op: str, args: list[Any], req_id: str) -> None:
        """Answer `op`; a private stream knows one more."""
        match op:
            case "ping":
                self.pong(req_id)
            case "subscribe":
                self._subscribe([str(arg) for arg in args], req_id)
            case "unsubscribe":
                self.stream.topics.difference_update(str(arg) for arg in args)
                self.say(op, req_id)
            case _:
                self.say(op, req_id, f"error:invalid op,{op}")

    def pong(self, req_id: str) -> None:
        self.stream.reply({"success": True, "ret_msg": "pong", "conn_id": self.id, "req_id": req_id, "op": "ping"})

    def say(self, op: str, req_id: str, error: str = "") -> None:
        """Whether a request was granted."""
        self.stream.reply({"success": not error, "ret_msg": error, "conn_id": self.id, "req_id": req_id, "op": op})

    def _subscribe(self, topics: list[str], req_id: str) -> None:
        if self._most_args is not None and len(topics) > self._most_args:
            self.say("subscribe", req_id, f"error:args size >{self._most_args}")
            return
        for topic in topics:
            if not self._knows(topic):
                self.say("subscribe", req_id, f"error:handler not found,topic:{topic}")
                return
            if topic in self.stream.topics:
                self.say("subscribe", req_id, f"error:already subscribed,topic:{topic}")
                return
        self.stream.topics.update(topics)
        self.say("subscribe", req_id)
        for topic in topics:
            self._joined(topic)
