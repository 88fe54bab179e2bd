"""`runner explain-order`: all that the record of a run tells about one order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from runner.cli.runs_access import DirOption, JsonOption, RunArgument, print_json, records, shelf_at

if TYPE_CHECKING:
    from runner.records.lines import OrderLine
    from runner.records.reading import Record


def explain_order(
    run: RunArgument,
    order: Annotated[
        str,
        typer.Argument(
            help="The order's id, ours or the peer's, as runner runs export shows it.",
            show_default=False,
            metavar="ORDER",
        ),
    ],
    directory: DirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell an order's whole story: why it was placed, what became of it, and why."""
    (record,) = records(shelf_at(directory), run)
    story = _story(record, order)
    if as_json:
        print_json(story)
        return
    from runner.cli.output import result_output

    with result_output():
        for line in _lines(story):
            typer.echo(line)


def _story(record: Record, wanted: str) -> dict[str, Any]:
    import msgspec

    from runner.errors import ConfigError

    history = [one for one in record.order_history if wanted in (one.id, one.peer_id)]
    if not history:
        from difflib import get_close_matches

        ids = [one.id for one in record.orders]
        near = get_close_matches(wanted[:64], ids, n=1)
        raise ConfigError(
            f"run {record.id} has no order {wanted[:64]!r}",
            where=str(record.folder),
            fix=(f"did you mean {near[0]}? " if near else "")
            + f"all of them: runner runs export {record.id} --table orders",
            id="E396",
        )
    last = history[-1]
    legs = [
        one
        for one in record.orders
        if one.parent is not None and one.parent in (last.id, last.peer_id)
    ]
    trades = [one for one in record.trades if one.order_id == last.peer_id]
    return {
        "run": record.id,
        "runtime": record.begin.runtime,
        "mode": record.begin.mode,
        "account": record.begin.account,
        "order": msgspec.to_builtins(last, enc_hook=str),
        "states": [msgspec.to_builtins(one, enc_hook=str) for one in _changes(history)],
        "trades": [msgspec.to_builtins(one, enc_hook=str) for one in trades],
        "exits": [msgspec.to_builtins(one, enc_hook=str) for one in legs],
        "denied": (last.reject_reason or "").startswith("DENIED"),
    }


def _changes(history: list[OrderLine]) -> list[OrderLine]:
    """Leave out states that say the same of the order as the one before."""
    kept: list[OrderLine] = []
    for one in history:
        facts = (one.status, one.filled, one.quantity, one.limit, one.stop)
        before = kept[-1] if kept else None
        if before is None or facts != (
            before.status, before.filled, before.quantity, before.limit, before.stop
        ):  # fmt: skip
            kept.append(one)
    return kept


def _lines(story: dict[str, Any]) -> list[str]:
    order = story["order"]
    prices = "".join(
        f" {label} {order[key]}"
        for label, key in (("limit", "limit"), ("stop", "stop"), ("trailing by", "trail"))
        if order.get(key)
    )
    where = " ".join(one for one in (story["runtime"], story["mode"], story["account"]) if one)
    rows = [
        ("Order", f"{order['side']} {order['quantity']} {order['symbol']} {order['type']}{prices}"),
        ("Ids", ", ".join(filter(None, (order["id"], order.get("peer_id"))))),
        ("Run", f"{story['run']}, {where}"),
        ("Why", order.get("reason") or ("an exit of another order" if order.get("parent") else "")),
        ("Parent", order.get("parent") or ""),
    ]
    for one in story["states"]:
        moment = (one.get("updated") or one.get("created") or "").replace("T", " ")[:19]
        filled = one.get("filled", "0")
        done = f", {filled} of {one['quantity']} filled" if filled not in ("0", 0) else ""
        rows.append(("State", f"{moment or '-':<19}  {one['status']}{done}"))
    for one in story["trades"]:
        moment = one["time"].replace("T", " ")[:19]
        profit = f", realized {one['realized_pnl']}" if one["realized_pnl"] is not None else ""
        rows.append(
            ("Trade", f"{moment}  {one['side']} {one['quantity']} at {one['price']}{profit}")
        )
    if order.get("reject_reason"):
        who = "a limit here, it was never sent" if story["denied"] else "refused"
        rows.append(("Rejected", f"{order['reject_reason']} ({who})"))
        rows.append(("", order.get("reject_message") or ""))
    rows += [
        ("Exit", f"{one['id']} {one['type']} {one['quantity']}: {one['status']}")
        for one in story["exits"]
    ]
    return [f"{label:<10}{text}" for label, text in rows if text]
