"""Compile every kernel with an empty cache, then run everything; what each took and what was compiled after all, as one line of JSON."""
import importlib.util
import json
import sys
import tempfile
import time

from numba.core import event

from cryoqa_plugin.core import ahead, signatures


class Listener(event.Listener):
    """CPU seconds of each kernel, less those of the kernels and library functions that are compiled on the way."""

    def __init__(self):
        self.open, self.seconds = [], {}

    def on_start(self, event):
        self.open.append([time.process_time(), 0.0])

    def on_end(self, event):
        start, within = self.open.pop()
        whole = time.process_time() - start
        if self.open:
            self.open[-1][1] += whole
        function = event.data["dispatcher"].py_func
        name = f"{function.__module__}.{function.__qualname__}"
        self.seconds[name] = self.seconds.get(name, 0.0) + whole - within


def main(record):
    with event.install_listener("numba:compile", Listener()) as ahead_of_runs:
        ahead.compile_kernels(signatures.SIGNATURES)
    spec = importlib.util.spec_from_file_location("record_kernels", record)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with event.install_listener("numba:compile", Listener()) as in_runs, tempfile.TemporaryDirectory() as folder:
        module.run_everything(folder)
    print(json.dumps({"ahead": ahead_of_runs.seconds, "in runs": in_runs.seconds}))


main(sys.argv[1])
