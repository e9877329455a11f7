"""What the peers in Python share: the requests that bench/compare.ts sends, and the arrays of a case.

A peer reads one JSON request a line from standard input and answers with one JSON line on standard output:

    {"request": "describe"}
    {"request": "prepare", "case": {...}, "directory": "..."}  builds the model from the shared weights, returns losses and output
    {"request": "measure", "variant": "...", "repeats": 3}     runs one variant of the prepared case
    {"request": "close"}

The answer to `prepare` is {"outputFile", "losses", "variants"}: a file of float32 in the directory, laid out as
[batch, time, columns] with zeros at padding, or of three steps of a stream; by variant the losses of the first training
steps; and the names of the ways to run the case, of which the comparison takes the fastest. {"missing": why},
{"unsupported": why} and {"error": what} say that there is no answer.
"""

import json
import os
import sys
import time

NUM_THREADS = int(os.environ.get("RONDO_BENCH_THREADS", "1"))

# Answers go to the real standard output; whatever libraries print goes to standard error.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


class Unsupported(Exception):
    """The case has no counterpart in the library."""


def answer(value):
    print(json.dumps(value), file=answers, flush=True)


def leave_missing(missing):
    """Says that the library is not installed, and ends."""
    answer({"missing": f"{sys.executable} cannot import {missing.name}"})
    sys.exit(0)


def read_arrays(directory):
    """The float32 arrays of a case by name."""
    import numpy as np

    with open(os.path.join(directory, "arrays.json"), encoding="utf-8") as file:
        listed = json.load(file)
    values = np.fromfile(os.path.join(directory, "arrays.bin"), dtype="<f4")
    return {a["name"]: values[a["offset"] : a["offset"] + a["size"]].reshape(a["shape"]) for a in listed}


def weights_of(arrays):
    """The weights from the bottom to the top: of each layer the input kernel, the recurrent kernel and the bias."""
    return [array for name, array in arrays.items() if name.startswith("weight")]


def is_streaming(case):
    return case["mode"] == "infer" and case["timesteps"] == 1


def clear_padding(output, lengths):
    """Sets [batch, time, columns] to zero behind the end of each sequence. @returns the same array"""
    if lengths is not None:
        for row, length in zip(output, lengths):
            row[int(length) :] = 0
    return output


def write_output(directory, name, output):
    """@returns the name of the file"""
    output.astype("<f4").tofile(os.path.join(directory, name))
    return name


def measure(run, repeats):
    elapsed = []
    cpu_before, wall_before = time.process_time(), time.perf_counter()
    for _ in range(repeats):
        before = time.perf_counter()
        run()
        elapsed.append((time.perf_counter() - before) * 1e3)
    return {
        "elapsedMs": elapsed,
        "cpuMs": (time.process_time() - cpu_before) * 1e3,
        "wallMs": (time.perf_counter() - wall_before) * 1e3,
    }


def python_version():
    return "Python " + ".".join(map(str, sys.version_info[:3]))


def serve(versions, prepare):
    """Answers requests to prepare and to measure until the end.

    versions: text for the report. prepare: (case, directory) -> object with `variants`, functions by name, and
    `check(directory)`, which gives the answer to `prepare`.
    """
    prepared = None

    def answer_prepare(request):
        nonlocal prepared
        prepared = None
        prepared = prepare(request["case"], request["directory"])
        return prepared.check(request["directory"])

    def answer_measure(request):
        return measure(prepared.variants[request["variant"]], request["repeats"])

    serve_requests(versions, {"prepare": answer_prepare, "measure": answer_measure})


def serve_requests(versions, handlers):
    """Answers requests until the end. handlers: by the request's name, what makes its answer from it."""
    for line in sys.stdin:
        request = json.loads(line)
        name = request["request"]
        if name == "close":
            return
        try:
            if name == "describe":
                answer({"versions": f"{versions}, {python_version()}"})
            elif name in handlers:
                answer(handlers[name](request))
            else:
                answer({"error": f"unknown request {name}"})
        except Unsupported as reason:
            answer({"unsupported": str(reason)})
        except Exception as error:  # The comparison reports it as the row's reason.
            answer({"error": f"{type(error).__name__}: {error}"})
