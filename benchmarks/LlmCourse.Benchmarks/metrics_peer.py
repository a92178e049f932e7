"""rouge_score's and sacreBLEU's figures for the benchmark program: reads "rouge N" or "bleu N", prints pairs a second over N passes.

usage: metrics_peer.py FILE PREDICTION_FIELD REFERENCE_FIELD
"""
import json
import sys
import time

import sacrebleu
from rouge_score import rouge_scorer

rows = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
predictions, references = [row[sys.argv[2]] for row in rows], [row[sys.argv[3]] for row in rows]
scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL", "rougeLsum"], use_stemmer=True)


def rouge(passes):
    for _ in range(passes):
        for prediction, reference in zip(predictions, references):
            scorer.score(reference, prediction)


def bleu(passes):
    sacrebleu.corpus_bleu(predictions * passes, [references * passes])


print("ready", flush=True)
for line in sys.stdin:
    name, passes = line.split()
    start = time.perf_counter()
    {"rouge": rouge, "bleu": bleu}[name](int(passes))
    print(len(rows) * int(passes) / (time.perf_counter() - start), flush=True)
