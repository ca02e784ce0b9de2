"""The window of an entry for EMDB: its picture, what would be sent back, and the numbers of the form."""
from __future__ import annotations

import os
import tkinter
from tkinter import ttk
from typing import Any, Mapping, Optional

from pyworkflow.gui import Window

from .windows import WindowView, bring_up

_TAB = 290                                                   # pixels: where the numbers stand beside their names


class EntryView(WindowView):
    """A window with the picture of an entry and the text beside its files.

    ``folder`` holds the files, ``document`` is the saved result.
    """

    def __init__(self, folder: str, document: Mapping[str, Any], title: str, parent: Any = None) -> None:
        self.folder, self.document, self.title, self.parent = folder, document, title, parent

    def file(self, name: str) -> Optional[str]:
        """Path of a file of the result, by the name of its field; None where it was not written."""
        found = self.document.get("files", {}).get(name)
        path = os.path.join(self.folder, found["path"]) if found else ""
        return path if os.path.isfile(path) else None

    def heading(self) -> str:
        """Whether the entry is ready, and what its picture shows."""
        metrics = self.document["metrics"]
        level = metrics.get("contour", {}).get("value")
        words = "ready for EMDB" if metrics["ready"]["value"] else "not ready for EMDB"
        return f"The entry is {words}." + (f" Picture at the contour level {level:.4g}." if level is not None else "")

    def text(self) -> str:
        """What would be sent back, and the numbers of the form."""
        path = self.file("text")
        if path is None:
            return self.document["summary"]
        with open(path, encoding="utf-8") as stream:
            return stream.read()

    def open(self) -> "EntryWindow":
        """Build the window and bring it up, without entering an event loop."""
        window = EntryWindow(self)
        bring_up(window)
        return window


class EntryWindow(Window):
    """The window of :class:`EntryView`; ``words`` is the field with the text."""

    def __init__(self, view: EntryView) -> None:
        Window.__init__(self, view.title, view.parent, minsize=(1100, 600))
        ttk.Label(self.root, text=view.heading(), padding=8).grid(row=0, column=0, columnspan=3, sticky="w")
        self.picture: Optional[tkinter.PhotoImage] = None
        path = view.file("image")
        if path is not None:
            self.picture = tkinter.PhotoImage(master=self.root, file=path)
            ttk.Label(self.root, image=self.picture, padding=8).grid(row=1, column=0, sticky="n")
        self.words = tkinter.Text(self.root, wrap="word", width=84, height=30, font="TkDefaultFont", padx=10, pady=6, spacing1=3)
        for line in view.text().splitlines():
            name, gap, value = line.partition("  ")          # the numbers of the form: their names, then blanks
            number = bool(gap) and bool(name)
            self.words.insert("end", f"{name}\t{value.strip()}\n" if number else line + "\n", "number" if number else "")
        self.words.tag_configure("number", tabs=(_TAB,), lmargin2=_TAB)
        self.words.configure(state="disabled")
        bar = ttk.Scrollbar(self.root, command=self.words.yview)
        self.words.configure(yscrollcommand=bar.set)
        self.words.grid(row=1, column=1, sticky="nsew")
        bar.grid(row=1, column=2, sticky="ns")
        self.root.columnconfigure(0, weight=0)
        self.root.columnconfigure(1, weight=1)
        self.root.rowconfigure(0, weight=0)
        self.root.rowconfigure(1, weight=1)


class FolderView(WindowView):
    """Scipion's window of a folder."""

    def __init__(self, folder: str, title: str, parent: Any = None) -> None:
        self.folder, self.title, self.parent = os.path.abspath(folder), title, parent

    def open(self) -> Window:
        """Build the window and bring it up, without entering an event loop."""
        from pyworkflow.gui.browser import FileBrowserWindow
        window = FileBrowserWindow(self.title, self.parent, self.folder, selectButton=None)
        bring_up(window)
        return window
