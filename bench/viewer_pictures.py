"""Draw the pictures of docs/viewers.rst and docs/forms.rst: real windows on a screen of Xvfb. Usage: viewer_pictures.py [FOLDER [NAME ...]]

A project with the demonstration data is made in a temporary folder. Forms and windows are opened, and what is on the screen is
written as PNG into FOLDER (docs/pictures of this checkout); with NAMES only those pictures. Needs Scipion, Xvfb and Pillow.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from viewer_project import RUNS, make_project

ROOT = Path(__file__).resolve().parent.parent
SHOWN = ("fsc", "local_fsc", "directional_fsc", "map_symmetry", "combine_maps", "deposit")       # whose form of results is in the docs
FLAT, FULL = 48, 255                                         # colours of the picture of a form, and of a window with colour maps


def environment(folder):
    """What Scipion wants to find in the environment, before it is imported."""
    hosts = folder / "hosts.conf"
    hosts.write_text("[localhost]\nPARALLEL_COMMAND = mpirun -np %_(JOB_NODES)d %_(COMMAND)s\n")
    os.environ.update(SCIPION_DOMAIN="pwem", SCIPION_HOSTS=str(hosts), SCIPION_PYTHON=sys.executable, SCIPION_NOTIFY="False",
                      SCIPION_USER_DATA=str(folder / "data"), SCIPION_HOME=str(folder), SCIPION_LOGS=str(folder / "logs"), MPLBACKEND="Agg")
    sys.path.insert(0, str(ROOT))


def screen():
    """A screen of Xvfb of its own; returns the server."""
    read, write = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", "1500x1200x24", "-nolisten", "tcp"], pass_fds=[write],
                              stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as stream:
        os.environ["DISPLAY"] = ":" + stream.readline().strip()
    return server


class Camera:
    """Writes windows as PNG into a folder; only those of the names wanted, all when there are none."""

    def __init__(self, folder, wanted):
        self.folder, self.wanted, self.taken = folder, set(wanted), []

    def wants(self, name):
        return not self.wanted or name in self.wanted

    def take(self, name, root, size=None):
        """Write what the window shows."""
        from PIL import ImageGrab
        root.deiconify()
        if size:
            root.geometry("{}x{}+20+20".format(*size))
        for _ in range(8):
            root.update()
            root.after(60)
        x, y, w, h = root.winfo_rootx(), root.winfo_rooty(), root.winfo_width(), root.winfo_height()
        picture = ImageGrab.grab(bbox=(x, y, x + w, y + h), xdisplay=os.environ["DISPLAY"])
        path = self.folder / (name + ".png")
        few = name.startswith(("form_", "results_"))
        picture.quantize(FLAT if few else FULL, method=0 if few else 2, kmeans=0 if few else 3, dither=0).save(path, optimize=True)
        self.taken.append(path)
        root.destroy()


def forms(camera, project, runs, master):
    """The form of each protocol, on its first page; returns the title of each by its name."""
    from pyworkflow.gui.form import FormWindow

    from cryoqa_plugin import protocols
    titles = {}
    for name in protocols.__all__:
        cls = getattr(protocols, name)
        short = re.sub(r"(?<!^)(?=[A-Z])", "_", name.replace("CryoqaProt", "")).lower()
        picture = "form_" + short
        titles[short] = cls._label
        if camera.wants(picture):
            protocol = project.newProtocol(cls)
            for parameter in RUNS.get(short, (cls, {"inputVolume": ""}))[1]:
                if hasattr(protocol, parameter):
                    getattr(protocol, parameter).copy(getattr(runs.get(short, runs["fsc"]), parameter))
            protocol.setObjLabel(cls._label)
            window = FormWindow(cls._label, protocol, lambda *a: None, master)
            camera.take(picture, window.root, (860, height_of(protocol)))
    return titles


def height_of(protocol):
    """Height in pixels at which all of the first page of a form is seen."""
    from pyworkflow.protocol.params import LabelParam, MultiPointerParam
    page = protocol.getDefinition().getSection("Input")
    shown = [p for _, p in page.iterParams() if not isinstance(p, LabelParam) and not p.hasCondition()]
    lists = sum(isinstance(p, MultiPointerParam) for p in shown)
    return max(520, 330 + 30 * (len(shown) - lists) + 140 * lists)


def viewers(camera, project, runs, master):
    """The form of the results and each window behind it."""
    from pyworkflow.gui.form import FormWindow

    from cryoqa_plugin.viewers import CryoqaProtocolViewer, CryoqaScoresViewer
    shown = {}
    for name, run in runs.items():
        viewer = CryoqaProtocolViewer(project=project)
        viewer.setProtocol(run)
        viewer.formWindow = master
        shown[name] = viewer
        if name in SHOWN and camera.wants("results_" + name):
            window = FormWindow("Results", viewer, lambda *a: None, master, visualizeDict={n: print for n in viewer._getVisualizeDict()},
                                visualizeMode=True)
            camera.take("results_" + name, window.root, (760, 520))

    def window(name, run, button, change=None, size=None):
        if camera.wants(name):
            opened = shown[run]._getVisualizeDict()[button](button)[0].open()
            if change:
                opened.root.update()
                change(opened)
            camera.take(name, opened.root, size)

    scores = shown["scores"] = CryoqaScoresViewer(project=project)
    scores.setProtocol(runs["q_score"])
    scores.formWindow = master
    if camera.wants("results_scores"):
        opened = FormWindow("Scores", scores, lambda *a: None, master, visualizeDict={n: print for n in scores._getVisualizeDict()},
                            visualizeMode=True)
        camera.take("results_scores", opened.root, (760, 520))

    def gallery(opened):
        opened.mode.set("Gallery")
        opened._changed()

    def threshold(opened):
        opened.sliders["threshold"].set(2.0)
        opened.colours.set("viridis")
        for entry, text in zip(opened.ends, ("2.5", "4.5")):
            entry.delete(0, "end")
            entry.insert(0, text)
        opened.set_range()

    def any_threshold(opened):
        opened.field.delete(0, "end")
        opened.field.insert(0, "0.143, 0.5, 0.3")
        opened.draw()

    def weights(opened):
        opened.choose("overlay", next(name for name in opened.choices["overlay"] if "outputWeights 2" in name))

    large = (1160, 860)
    window("coloured", "local_fsc", "showColoured", size=large)
    window("coloured_range", "local_fsc", "showColoured", threshold, large)
    window("gallery", "local_fsc", "showColoured", gallery, large)
    window("histogram", "local_fsc", "showHistogram")
    window("confidence", "confidence", "showColoured", size=large)
    window("support", "audit", "showColoured", size=large)
    window("sections", "fsc", "showMaps", size=large)
    window("curves", "fsc", "showCurves", any_threshold)
    window("guinier", "fsc", "showGuinier")
    window("sphere", "directional_fsc", "showSphere")
    window("axes", "map_symmetry", "showAxes")
    window("copies", "map_symmetry", "showColoured", size=large)
    window("weights", "combine_maps", "showColoured", weights, large)
    window("outline", "map_align", "showOver", size=large)
    window("new_box", "map_box", "showOver", size=large)
    window("entry", "deposit", "showEntry")
    window("scores_along", "scores", "displaySequence")


def write_page(path, titles):
    """The page of the forms: a heading and a picture for each protocol."""
    lines = ["The forms", "=========", "", ".. made by bench/viewer_pictures.py", "",
             "The first page of the form of each protocol, as Scipion shows it. What a parameter means stands in its help, under the",
             "question mark, and on the pages of the `methods <capabilities>`_; the results are on the page of the",
             "`viewers <viewers.rst>`_.", ""]
    for name, title in titles.items():
        title = title[0].upper() + title[1:]
        lines += [title, "-" * len(title), "", f".. image:: pictures/form_{name}.png", f"   :alt: form of the protocol: {title}", ""]
    path.write_text("\n".join(lines), encoding="utf-8")


def main(folder=str(ROOT / "docs" / "pictures"), *wanted):
    """Make the pictures and, when none is named, the page of the forms."""
    folder = Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="cryoqa_pictures_"))
    environment(scratch)
    server = screen()
    try:
        import pyworkflow.gui.project  # noqa: F401 (first: the form imports it in a circle)
        from pyworkflow.gui import Window
        from pwem import Domain
        project, runs = make_project(scratch)
        Domain.getViewers()                                  # gives them their plugin, whose name the form shows
        master, camera = Window("cryoqa"), Camera(folder, wanted)
        viewers(camera, project, runs, master)
        titles = forms(camera, project, runs, master)
        if not wanted:
            write_page(folder.parent / "forms.rst", titles)
        for path in camera.taken:
            print(f"{path.stat().st_size / 1e3:6.1f} kB  {path.name}")
        print(f"{sum(p.stat().st_size for p in camera.taken) / 1e6:6.2f} MB in all")
    finally:
        os.chdir(str(ROOT))
        server.terminate()
        server.wait(10)
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
