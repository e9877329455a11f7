"""Opens the .keras files of a folder and compares what they compute with the .json beside each. Prints what differs, and how many agree."""
import glob
import json
import os
import sys

import keras
import numpy as np

folder = sys.argv[1]
agree = 0
for path in sorted(glob.glob(os.path.join(folder, "*.keras"))):
    try:
        model = keras.models.load_model(path)
        with open(path + ".json") as file:
            runs = json.load(file)
        worst = 0.0
        for run in runs:
            inputs = [np.array(x["values"], dtype="float32").reshape(x["shape"]) for x in run["inputs"]]
            given = model(inputs if len(inputs) > 1 else inputs[0])
            expected = run["outputs"]
            pairs = [(given[key], expected[key]) for key in expected] if isinstance(expected, dict) else list(zip(keras.tree.flatten(given), expected))
            assert len(pairs) == len(expected)
            for output, want in pairs:
                want = np.array(want["values"]).reshape(want["shape"])
                worst = max(worst, float(np.max(np.abs(keras.ops.convert_to_numpy(output) - want) / (0.1 + np.abs(want)))))
        if worst < 1e-4:
            agree += 1
        else:
            print(os.path.basename(path), "differs by", worst)
    except Exception as fault:
        print(os.path.basename(path), type(fault).__name__, str(fault)[:600])
print(f"{agree} models agree")
