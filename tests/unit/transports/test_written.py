from __future__ import annotations

import errno
import re
from decimal import Decimal
from pathlib import Path
from string import ascii_lowercase, digits
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.app.live import order_prefix
from runner.errors import MachineError
from runner.journal import Journal
from runner.protocol.commands import (
    CancelOrder,
    CancelResult,
    Command,
    ModifyOrder,
    OrderHandle,
    Reply,
    SubmitOrder,
)
from runner.protocol.enums import OrderStatus, OrderType, Side
from runner.strategy.desk import Desk
from runner.transports.written import Written
from tests.helpers import AAPL, snapshot

ORDER = SubmitOrder(AAPL, Side.BUY, Decimal(1), OrderType.MARKET, client_order_id="r-1")


class Gateway:
    def __init__(self) -> None:
        self.asked: list[type] = []

    def execute(self, command: Command) -> Reply:
        self.asked.append(type(command))
        if isinstance(command, SubmitOrder):
            return OrderHandle("o-1", OrderStatus.OPEN)
        return CancelResult(True, snapshot("o-1", status=OrderStatus.CANCELLED))


def full(path: Path) -> Journal:
    """Return a journal whose disk is full from now on."""
    journal = Journal(path / "journal.jsonl")

    def fail(file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    journal._sync = fail
    return journal


@pytest.mark.parametrize("command", [ORDER, ModifyOrder("o-1", "r-1", quantity=Decimal(2))])
def test_O5_what_cannot_be_written_down_is_not_sent(
    tmp_path: Path, command: SubmitOrder | ModifyOrder
) -> None:
    gateway = Gateway()

    with pytest.raises(MachineError):
        Written(gateway, full(tmp_path)).execute(command)

    assert gateway.asked == []


def test_O5_a_cancellation_is_sent_whatever_the_disk_does(tmp_path: Path) -> None:
    gateway = Gateway()
    journal = full(tmp_path)
    journal.close()  # not even a line without waiting for the disk can be written

    with pytest.raises(MachineError):
        Written(gateway, journal).execute(CancelOrder("o-1", "r-1"))

    assert gateway.asked == [CancelOrder]


@given(st.text(max_size=60) | st.from_regex(r"[a-z0-9-]{33,60}", fullmatch=True))
def test_R7_an_id_that_a_gateway_may_cut_or_escape_is_refused_here(name: str) -> None:
    gateway = Gateway()
    is_fit = 0 < len(name) <= 32 and set(name) <= set(ascii_lowercase + digits + "-")
    with TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal.jsonl", sync=lambda file: None)
        order = msgspec.structs.replace(ORDER, client_order_id=name)

        reply = Written(gateway, journal).execute(order)

        assert (name in journal.past.orders, len(gateway.asked)) == (is_fit, int(is_fit))
        journal.close()
    assert isinstance(reply, OrderHandle) is is_fit


def test_R7_ids_of_ours_are_taken_everywhere() -> None:
    desk = Desk(order_prefix=order_prefix())

    assert all(re.fullmatch(r"[a-z0-9-]{1,32}", desk.next_order_id()) for _ in range(1000))
