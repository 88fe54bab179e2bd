"""The outcome of a run as JUnit XML, the form in which CI services show what passed and failed.

The run is one test case, each gate another. May import the facts of a run and the errors.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from runner.errors import RunnerError
from runner.results.facts import RunResult

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_of(strategy: str, result: RunResult | None, error: RunnerError | None) -> bytes:
    """Return the outcome as an XML document in UTF-8.

    Args:
        strategy: what to call the suite.
        result: what came of the run; None if it could not begin.
        error: what ended it, if something did.
    """
    gates = result.gates if result is not None else ()
    suite = ElementTree.Element("testsuite", name=_text(f"runner {strategy}".strip()))
    if result is not None and result.started is not None:
        suite.set("timestamp", result.started.strftime("%Y-%m-%dT%H:%M:%S"))
    seconds = f"{result.seconds:.3f}" if result is not None else "0"
    run = _case(suite, strategy, "the run comes to its end", seconds)
    # What a gate has found is told by the gate's own test case.
    has_failed = error is not None and not gates
    if has_failed and error is not None:
        _failure(run, "error", f"{error.id}: {error.what}", str(error))
    for gate in gates:
        case = _case(suite, strategy, gate.required, "0")
        if not gate.passed:
            _failure(case, "failure", f"{gate.required}: {gate.said}", gate.said)
    failed = sum(not gate.passed for gate in gates)
    suite.set("tests", str(1 + len(gates)))
    suite.set("failures", str(failed))
    suite.set("errors", str(int(has_failed)))
    suite.set("time", seconds)
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _case(
    suite: ElementTree.Element, strategy: str, name: str, seconds: str
) -> ElementTree.Element:
    return ElementTree.SubElement(
        suite, "testcase", classname=_text(strategy), name=_text(name), time=seconds
    )


def _failure(case: ElementTree.Element, tag: str, message: str, text: str) -> None:
    ElementTree.SubElement(case, tag, message=_text(message)).text = _text(text)


def _text(text: str) -> str:
    # What XML has no form for, control bytes above all, would make the whole file unreadable.
    return _NOT_XML.sub("\ufffd", text)
