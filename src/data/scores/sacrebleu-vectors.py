"""Writes sacrebleu-vectors.json: what sacreBLEU 2.6.0 computes of made-up sentences, with every option.

    pip install sacrebleu==2.6.0 && python sacrebleu-vectors.py
"""
import json
import logging
import pathlib
import random

from sacrebleu.metrics import BLEU, CHRF, TER

logging.disable(logging.WARNING)
random.seed(5)
words = (
    "the a cat dog sat on mat, and; 'hello' 3.5 1,000 (so) well-known he's “quoted” € 20% world. end! no? 我们 在 北京 "
    "你好。 Ärger naïve 𝒳 – — x-1 &amp; <b> foo_bar a/b Ⅳ ½ … 7-8 ok."
).split()


def sentence(length):
    return [random.choice(words) for _ in range(length)]


def noisy(sentence):
    """Some words dropped, exchanged or in capitals, and three moved."""
    said = []
    for word in sentence:
        kind = random.random()
        if kind >= 0.1:
            said.append(random.choice(words) if kind < 0.2 else word.upper() if kind < 0.25 else word)
    if len(said) > 6:
        start = random.randrange(len(said) - 3)
        moved = said[start : start + 3]
        del said[start : start + 3]
        to = random.randrange(len(said) + 1)
        said[to:to] = moved
    return said


right = [sentence(length) for length in (1, 2, 3, 5, 7, 9, 12, 14, 17, 20, 24, 35, 60)]
hypotheses = [" ".join(noisy(words)) for words in right]
references = [[" ".join(words), " ".join(noisy(noisy(words))) if i % 3 else ""] for i, words in enumerate(right)]
cases = []


def add(score, options, metric):
    first = metric.corpus_score(hypotheses, [[a for a, _ in references]])
    signature = str(metric.get_signature())
    cases.append(
        {
            "score": score,
            "options": options,
            "text": first.format(),
            "signature": signature[: signature.index("version:")],
            "first": first.score,
            "all": metric.corpus_score(hypotheses, [[pair[k] or None for pair in references] for k in (0, 1)]).score,
            "sentences": [
                metric.sentence_score(hypothesis, [text for text in pair if text]).score
                for hypothesis, pair in zip(hypotheses, references)
            ],
        }
    )


for tokenize in ("13a", "intl", "zh", "char", "none"):
    add("bleu", {"tokenize": tokenize}, BLEU(tokenize=tokenize))
add("bleu", {"lowercase": True}, BLEU(lowercase=True))
add("bleu", {"maxNgramOrder": 2}, BLEU(max_ngram_order=2))
for method, value in (("exp", None), ("floor", None), ("floor", 0.5), ("add-k", None), ("add-k", 2), ("none", None)):
    options = {"smoothMethod": method, "effectiveOrder": True} | ({} if value is None else {"smoothValue": value})
    add("bleu", options, BLEU(smooth_method=method, smooth_value=value, effective_order=True))
for char_order, word_order, beta, lowercase, whitespace, smoothing in (
    (6, 0, 2, False, False, False),
    (6, 2, 2, False, False, False),
    (4, 1, 3, True, False, False),
    (6, 0, 1, False, True, False),
    (6, 2, 2, False, False, True),
):
    add(
        "chrF",
        {
            "charOrder": char_order,
            "wordOrder": word_order,
            "beta": beta,
            "lowercase": lowercase,
            "whitespace": whitespace,
            "epsSmoothing": smoothing,
        },
        CHRF(char_order, word_order, beta, lowercase, whitespace, smoothing),
    )
for normalized, punctuation, asian, cased in (
    (False, True, False, False),
    (True, True, False, True),
    (True, True, True, False),
    (False, False, True, False),
    (True, False, False, False),
):
    add(
        "ter",
        {"normalized": normalized, "punctuation": punctuation, "asianSupport": asian, "caseSensitive": cased},
        TER(normalized, not punctuation, asian, cased),
    )

target = pathlib.Path(__file__).with_name("sacrebleu-vectors.json")
vectors = {"hypotheses": hypotheses, "references": references, "cases": cases}
lines = [f"{json.dumps(key)}: [\n{chr(10).join(json.dumps(item, ensure_ascii=False) + ',' for item in items)[:-1]}\n]" for key, items in vectors.items()]
target.write_text("{\n" + ",\n".join(lines) + "\n}\n")
