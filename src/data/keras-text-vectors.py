"""Writes keras-text-vectors.json: what Keras 3.15.1 (NumPy 2.4.6) makes of a few texts and sequences.

Only the two modules are loaded, so no backend has to be installed:
    pip install keras==3.15.1 numpy && python keras-text-vectors.py
"""
import importlib.util
import json
import pathlib

keras = pathlib.Path(importlib.util.find_spec("keras").origin).parent / "src"


def load(path):
    source = (keras / path).read_text()
    lines = [line for line in source.split("\n") if not line.startswith("from keras")]
    names = {"keras_export": lambda *args: lambda function: function}
    exec(compile("\n".join(lines), path, "exec"), names)
    return names


Tokenizer = load("legacy/preprocessing/text.py")["Tokenizer"]
pad_sequences = load("utils/sequence_utils.py")["pad_sequences"]

texts = [
    "The cat sat on the mat.",
    "The dog ate my homework; the CAT didn't!",
    "\tTabs\nand  lines -- über ÉCOLE 世界 𝄞 constructor __proto__",
    "a b a b a the [x] ^y \\z",
]
new = ["The unknown cat constructor ate", "Über the homework", "", "école toString 𝄞"]
tokenizers = []
for options in [
    dict(),
    dict(num_words=4),
    dict(num_words=4, oov_token="<OOV>"),
    dict(oov_token="cat"),
    dict(char_level=True, num_words=12, oov_token="?"),
    dict(lower=False, filters=".;", split="a"),
    dict(lower=False, split="__", filters=" "),
    dict(filters="", split=" "),
    dict(filters="^]-\\a", split="$&"),
]:
    tokenizer = Tokenizer(**options)
    tokenizer.fit_on_texts(texts[:2])
    tokenizer.fit_on_texts(texts[2:])
    sequences = tokenizer.texts_to_sequences(new)
    last = len(tokenizer.word_index)
    ids = [[0, 1, 2, 3, last, last + 5]] + sequences
    tokenizers.append(
        dict(
            options=options,
            wordIndex=list(tokenizer.word_index.items()),
            sequences=sequences,
            ids=ids,
            texts=tokenizer.sequences_to_texts(ids),
        )
    )

paddings = []
ragged = [[1], [2, 3], [4, 5, 6, 7], []]
vectors = [[[1, 2], [3, 4]], [], [[5, 6], [7, 8], [9, 10]]]
for sequences, options in [
    (ragged, dict()),
    (ragged, dict(maxlen=3)),
    (ragged, dict(maxlen=3, padding="post")),
    (ragged, dict(maxlen=3, truncating="post")),
    (ragged, dict(maxlen=2, padding="post", truncating="post", value=-1)),
    (ragged, dict(maxlen=6, value=9)),
    ([[1.5], [2, 3]], dict(value=0.5, dtype="float32", padding="post")),
    (vectors, dict(maxlen=2, padding="pre", value=7)),
    ([[], []], dict()),
]:
    padded = pad_sequences(sequences, **options)
    paddings.append(
        dict(sequences=sequences, options=options, shape=padded.shape, values=padded.ravel().tolist())
    )

result = dict(texts=texts, new=new, tokenizers=tokenizers, paddings=paddings)
target = pathlib.Path(__file__).with_suffix(".json")
target.write_text(json.dumps(result, ensure_ascii=False) + "\n")
