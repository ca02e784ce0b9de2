"""The page of the table of confusion, reStructuredText."""
from confusion_judge import by_column, totals
from confusion_rows import COLUMNS, TUNING

_SHOWN = {"named": "named", "silent": "·", "wrong": "**wrong**", "right": "·", "false": "**false**"}
_HEAD = """Good and bad inputs: what is said of them
=========================================

Made by ``python bench/confusion.py``, which needs the simulator. Each row is a simulated data set whose truth is known, as it is or with
one change; each column what a capability says of it. A good input should be left in peace: any warning, and any check that is not met,
counts as false unless it is true of that input (half-maps may differ in scale, a molecule may lie off the centre). Of a bad input the cause
has to be named by at least one column; a cause that is not there counts as wrong.

Most limits were set on other inputs than these. Rules and sentences were mended after earlier runs had shown what was false, so
that its rows are no longer unseen; rows of another noise (``--seeds``) were run when all that was done.

``·`` nothing said; **false**, something said of a good input that is not so; *named*, the right cause; **wrong**, another cause and not the
right one; ``+`` beside *named*, another cause as well. An empty cell was not run.
"""


def totals_text(verdicts):
    """The totals in sentences."""
    t = totals(verdicts)

    def part(n, of):
        return f"{n} of {of} ({100 * n / of:.0f} %)" if of else "0 of 0"

    lines = [f"Bad rows whose cause is named: {part(t['named'], t['bad'])}; silent {t['bad_silent']}, only another cause {t['bad_wrong']}.",
             f"Named, and another cause with it: {part(t['named_and_false'], t['bad'])}.",
             f"Good rows of which something false is said: {part(t['good_false'], t['good'])}; cells "
             f"{part(t['good_cells_false'], t['good_cells'])}."]
    if len({v.seed for v in verdicts}) > 1:
        other = totals([v for v in verdicts if v.seed])
        lines.append(f"Of these with noise of other seeds: named {part(other['named'], other['bad'])}, something false of "
                     f"{part(other['good_false'], other['good'])}.")
    if t["good_scores"] and t["bad_scores"]:
        lines.append("Scores of the validation: good rows {:.1f} to {:.1f}, bad rows {:.1f} to {:.1f}.".format(
            *t["good_scores"], *t["bad_scores"]))
    return "\n".join(lines)


def _table(header, rows):
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in [header] + rows:
        lines += [("   * - " if i == 0 else "     - ") + str(cell) for i, cell in enumerate(row)]
    return "\n".join(lines).replace(" - \n", " -\n") + "\n"


def _cell(verdict, name):
    cell = verdict.cells.get(name)
    if cell is None:
        return ""
    return _SHOWN[cell.outcome] + (" +" if cell.outcome == "named" and cell.false else "")


def _rows_table(verdicts):
    columns = [c for c in COLUMNS if any(c in v.cells for v in verdicts)]
    return _table(["input"] + columns + ["all"], [
        [v.row.name + (f", noise {v.seed}" if v.seed else "")] + [_cell(v, c) for c in columns] + [_SHOWN[v.outcome].replace("·", "well")]
        for v in verdicts])


def _columns_table(verdicts):
    found = by_column(verdicts)
    return _table(["column", "bad rows it can see", "named", "good rows", "with something false"],
                  [[c, f["seen"], f["named"], f["good"], f["false"]] for c, f in ((c, found[c]) for c in COLUMNS if c in found)])


def _false_list(verdicts):
    lines = []
    for v in verdicts:
        seen = {}
        for name, one in v.false:
            seen.setdefault((one.where, one.text.split(" [")[0]), []).append(name)
        for (_, text), names in seen.items():
            lines.append(f"* {v.row.name} -- {', '.join(names)}: {text.replace('*', '').replace('|', ' ').replace('_', ' ')}")
    return "\n".join(lines) + "\n" if lines else "None.\n"


def _numbers_table(verdicts, findings):
    """Resolutions of ``fsc`` beside the true ones."""
    def shown(value):
        return f"{value:.2f}" if isinstance(value, (int, float)) else "none"

    rows = []
    for v in verdicts:
        found = findings[f"{v.row.name} #{v.seed}"]
        columns, truth = found["columns"], found["truth"]
        if v.row.kind != "moved" and {"fsc", "fsc, no mask"} <= set(columns):
            true = [shown((truth.get(k) or {}).get("d143")) for k in ("masked", "unmasked")]
            read = [shown(columns[c]["metrics"].get("resolution")) for c in ("fsc", "fsc, no mask")]
            rows.append([v.row.name, true[0], read[0], true[1], read[1]])
    return _table(["input", "true, in the mask", "fsc", "true, without", "fsc, no mask"], rows)


def _scores_table(verdicts, findings):
    """Score and verdict of each validation, the best first, with what argues against the map."""
    rows = []
    for v in sorted((v for v in verdicts if v.score is not None), key=lambda v: -v.score):
        found = findings[f"{v.row.name} #{v.seed}"]["columns"]["validate"]["document"]
        against = "; ".join(a["cause"] for a in found["trust"]["arguments"] if a["strength"] != "remark")
        items = f"{found['score']['passed']} of {found['score']['evaluable']}"
        rows.append([v.row.name, "good" if v.row.good else "bad", f"{v.score:.1f}", found["trust"]["verdict"], against, items])
    return _table(["input", "", "score", "verdict", "against it", "items that pass"], rows)


def _section(title, body):
    return f"\n{title}\n{'-' * len(title)}\n\n{body}"


def page(verdicts, findings):
    """The whole page."""
    judged = [v for v in verdicts if not v.row.tuned]
    groups = [("Good inputs", [v for v in judged if v.row.good]), ("Bad inputs", [v for v in judged if not v.row.good]),
              (f"Inputs that limits were set on ({', '.join(TUNING)})", [v for v in verdicts if v.row.tuned])]
    body = _HEAD + _section("Totals", "Without the inputs that limits were set on.\n\n" + "\n".join(
        f"* {line}" for line in totals_text(verdicts).split("\n")) + "\n\n" + _columns_table(verdicts))
    for title, group in groups:
        if group:
            body += _section(title, _rows_table(group))
    if any(v.score is not None for v in verdicts):
        body += _section("Scores of the validation", _scores_table(verdicts, findings))
    body += _section("Resolutions of the half-maps", "In Å, at FSC 0.143; the true ones are of signal against all noise of these data, none"
                     "\nwhere the signal is gone or filtered.\n\n" + _numbers_table(judged, findings))
    return body + _section("What is false", _false_list(judged))
