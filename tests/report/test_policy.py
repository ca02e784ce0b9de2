"""A page runs its own script, has its own style, and loads nothing; whatever a file smuggles in does not run."""
from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess

import pytest

from cryoqa_plugin.report import assemble, group
from cryoqa_plugin.report.html import POLICY, locked

from report_documents import document, metric, write_run


def policy(text):
    found = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', text)
    assert len(found) == 1
    return dict(part.strip().split(" ", 1) for part in found[0].split(";"))


def digest(text):
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii") + "'"


def read(path):
    with open(path, encoding="utf-8") as stream:
        return stream.read()


@pytest.fixture
def pages(run_folder, tmp_path):
    """A report, and a page of many maps."""
    write_run(tmp_path / "many" / "one", [document("fsc", "FSC", {}, metrics={"resolution": metric(3.2)})])
    write_run(tmp_path / "many" / "two", [document("fsc", "FSC", {}, metrics={"resolution": metric(4.2)})])
    return {"report": read(assemble.write_report(run_folder, formats=("html",))["html"]),
            "group": read(group.write_group(str(tmp_path / "many"))["html"])}


@pytest.mark.parametrize("kind", ("report", "group"))
def test_scripts_and_style_are_named_by_their_hashes(pages, kind):
    text = pages[kind]
    found = policy(text)
    assert found == {"default-src": "'none'", "img-src": "data:", "base-uri": "'none'", "form-action": "'none'",
                     "style-src": digest(re.search(r"<style>(.*?)</style>", text, re.DOTALL).group(1)),
                     "script-src": digest(re.search(r"<script>(.*?)</script>", text, re.DOTALL).group(1))}
    assert len(re.findall("<script", text)) == len(re.findall("<style", text)) == 1 and POLICY not in text


@pytest.mark.parametrize("kind", ("report", "group"))
def test_no_tag_has_a_style_or_a_script_of_its_own(pages, kind):
    tags = re.findall(r"<[a-zA-Z][^<>]*>", pages[kind])
    assert len(tags) > 50
    assert not [t for t in tags if re.search(r'\s(style|on[a-z]+)\s*=|javascript:|\ssrc="(?!data:)', t)]
    rules = dict(re.findall(r'\[data-css="(\d+)"\]\{([^}]*)\}', pages[kind]))
    assert rules and all(re.search(rf'data-css="{i}"', pages[kind].split("</style>")[1]) for i in rules)
    assert set(re.findall(r'<[^<>]* data-css="(\d+)"', pages[kind])) == set(rules)


def test_a_style_becomes_a_rule_and_text_that_looks_like_one_stays():
    text = locked(f'<meta content="{POLICY}"><style>b{{}}</style><i style="left:3%;width:2px"></i><b style="left:3%;width:2px;"></b>'
                  '<p>a style="color:red" b</p><script>1</script>')
    assert text.count('data-css="0"') == 2 and 'data-css="1"' in text and 'a style="color:red" b' in text
    assert 'b{}[data-css="0"]{left:3%!important;width:2px!important;}' in text
    assert digest("1") in text and POLICY not in text


SMUGGLED = """<p id="seen">still</p><script>document.getElementById("seen").textContent = "script ran";</script>
<img src="x:y" onerror="document.getElementById('seen').textContent = 'handler ran'">
<style>#seen { --probe: styled; }</style><i id="inline" style="--probe: styled"></i><img src="http://127.0.0.1:9/x.png">
<a id="link" href="javascript:void(document.title = 'link ran')">x</a><base href="http://127.0.0.1:9/">"""


@pytest.mark.heavy
@pytest.mark.parametrize("kind", ("report", "group"))
def test_a_browser_agrees(pages, tmp_path, kind):
    """The page as it is breaks no rule of its own; what is smuggled in is named in the console and does nothing."""
    browser = next((b for b in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if b), None)
    if browser is None:
        pytest.skip("no Chromium here")

    def browse(text):
        (tmp_path / "page.html").write_text(text, encoding="utf-8")
        done = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-3d-apis",
                               f"--user-data-dir={tmp_path / 'profile'}",
                               "--enable-logging=stderr", "--virtual-time-budget=4000", "--dump-dom", f"file://{tmp_path / 'page.html'}"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        return done.stdout.decode("utf-8"), [line for line in done.stderr.decode("utf-8", "replace").splitlines() if "CONSOLE" in line]

    text = re.sub("<details ", "<details open ", pages[kind])
    shown, console = browse(text)
    assert console == [] and "</body>" in shown
    shown, console = browse(text.replace("</body>", SMUGGLED + "</body>"))
    assert 'id="seen">still<' in shown
    said = "\n".join(console)
    for what in ("inline script", "inline event handler", "inline style", "127.0.0.1:9/x.png"):
        assert re.search(what.replace(" ", ".{0,40}"), said), (what, said)
