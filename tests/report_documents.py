"""Result documents made by hand, to draw reports from."""
from __future__ import annotations

import json
import os
import re


def curve(x, y, y_label="FSC", x_unit="1/Å", **more):
    return dict(x=list(x), y=list(y), meaning=more.pop("meaning", "a curve"), x_label="Frequency", x_unit=x_unit, y_label=y_label,
                y_unit="", **more)


def metric(value, unit="Å", meaning="a value", better="lower"):
    return dict(value=value, unit=unit, meaning=meaning, better=better)


def document(capability, title, inputs, **more):
    out = dict(schema=f"cryoqa/{capability}/1", capability=capability, title=title, summary=f"Summary of {title}.", inputs=inputs,
               parameters={}, metrics={}, curves={}, tables={}, maps={}, checks=[], warnings=[],
               provenance=dict(cryoqa="0.1.0", python="3.11", machine="x", versions={"numpy": "1"}, threads=2, wall_seconds=1.0,
                               cpu_seconds=1.5, peak_memory_bytes=200000000, date_utc="2024-05-06T07:08:09Z", command=["cryoqa", "fsc"]))
    out.update(more)
    return out


def check(status, sentence, name="resolution"):
    return dict(metric=name, op="<=", limit=1, unit="", title="T", advice="", reference="", value=2, status=status, sentence=sentence)


def write_run(folder, documents, errors=()):
    for d in list(documents) + list(errors):
        place = os.path.join(str(folder), d["capability"])
        os.makedirs(place, exist_ok=True)
        with open(os.path.join(place, "error.json" if "error" in d else "result.json"), "w", encoding="utf-8") as stream:
            json.dump(d, stream)
    return str(folder)


def unlocked(text):
    """A page without the policy that keeps the scripts of a test out."""
    return re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
