"""Which of the checks of an entry an archive, or its readers, would send back, and what to do about each."""
from __future__ import annotations

from typing import Any, Dict, List, Tuple

from ...checks import causes_first, evaluate
from ...limits import CHECKS, EXPLAINED
from ...results import Result, Table, to_document

# what no one sends back: it is put right in the files that are written, or is worth a look
_LOOK_AT = ("origin_off", "kept_noise", "contour_verdict", "reported_deviation")
_SAYS = {"ok": "passes", "skipped": "not judged"}
RULE_COLUMNS = ("rule", "verdict", "found")
BACK_COLUMNS = ("what would be sent back", "what to do")


def judged(result: Result) -> Dict[str, Any]:
    """The verdict on an entry by its checks, a cause before what it explains.

    Parameters
    ----------
    result
        Of the deposition, with all its values.

    Returns
    -------
    dict
        ``ready``, ``sent_back_count`` and the tables ``sent_back`` and ``rules``. The limits are those of the table of checks.
    """
    outcomes = causes_first(evaluate(CHECKS["deposit"], to_document(result)["metrics"]), EXPLAINED)
    back = [o for o in outcomes if _verdict(o) == "sent back"]
    return dict(ready=not back, sent_back_count=len(back), sent_back=Table(BACK_COLUMNS, tuple((o["claim"], o["advice"]) for o in back)),
                rules=Table(RULE_COLUMNS, tuple(_row(o) for o in outcomes)))


def _verdict(outcome: Dict[str, Any]) -> str:
    status = str(outcome["status"])
    return _SAYS.get(status) or ("look at" if outcome["metric"] in _LOOK_AT else "sent back")


def _row(outcome: Dict[str, Any]) -> Tuple[str, str, str]:
    return str(outcome["title"]), _verdict(outcome), str(outcome["sentence"])


def in_words(result: Any) -> str:
    """The verdict as the summary of the result.

    Parameters
    ----------
    result
        With the fields of :func:`judged`.

    Returns
    -------
    str
        One or two sentences.
    """
    at = f", at {result.resolution:.2f} Å" if result.resolution else ""
    if result.ready:
        return f"The entry is ready for EMDB{at}: nothing that was checked would be sent back."
    claims = [str(row[0]) for row in result.sent_back.rows]
    many = f"{len(claims)} things" if len(claims) > 1 else "One thing"
    return f"The entry is not ready: {many} would be sent back. {'. '.join(claims)}."


def text(result: Any) -> str:
    """What goes into the folder to read: what would be sent back, and the numbers of the form.

    Parameters
    ----------
    result
        With the fields of :func:`judged`, and the table ``form``.

    Returns
    -------
    str
        Lines.
    """
    lines: List[str] = [result.summary, ""]
    for row in result.sent_back.rows:
        lines += [f"* {row[0]}. {row[1]}"]
    looks = [row for row in result.rules.rows if row[1] == "look at"]
    if looks:
        lines += ["", "Worth a look, and no reason to send it back:", *(f"* {row[2]}" for row in looks)]
    wide = max(len(str(row[0])) for row in result.form.rows)
    lines += ["", "Numbers that the form asks for", "", *(f"{row[0]:<{wide}}  {row[1]}" for row in result.form.rows)]
    if result.references is not None:
        lines += ["", "References between the entries, once they have their numbers", ""]
        lines += [f"* {row[0]}: refer to {row[1]}" for row in result.references.rows]
    return "\n".join(lines) + "\n"
