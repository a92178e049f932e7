"""Hugging Face tokenizers' figures for the benchmark program: reads the name of an action, prints MB/s.

usage: tokenization_peer.py TOKENIZER_FOLDER TEXT_FILE
"""
import os
import sys
import time

from tokenizers import BertWordPieceTokenizer, ByteLevelBPETokenizer, Tokenizer

folder = sys.argv[1]
path = lambda name: os.path.join(folder, name)


def load():
    if os.path.exists(path("tokenizer.json")):
        tokenizer = Tokenizer.from_file(path("tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer
    if os.path.exists(path("merges.txt")):
        return ByteLevelBPETokenizer(path("vocab.json"), path("merges.txt"))
    return BertWordPieceTokenizer(path("vocab.txt"))


def one(tokenizer):
    return [tokenizer.encode(line, add_special_tokens=False).ids for line in lines]


def batch(tokenizer):
    rows = tokenizer.encode_batch(lines, add_special_tokens=False)
    return rows, [row.ids for row in rows]


def full(tokenizer):
    rows = tokenizer.encode_batch(lines, add_special_tokens=False)
    return rows, [(row.ids, row.tokens, row.offsets) for row in rows]


def even(tokenizer):
    tokenizer.enable_truncation(32)
    tokenizer.enable_padding(length=32)
    rows = tokenizer.encode_batch(lines, add_special_tokens=False)
    return rows, [(row.ids, row.attention_mask) for row in rows]


lines = open(sys.argv[2], encoding="utf-8").read().splitlines()
size = sum(len(line.encode()) for line in lines) / 1e6
actions = {"one": one, "batch": batch, "full": full, "even": even}

print("ready", flush=True)
for name in sys.stdin:
    tokenizer = load()  # a fresh one, which remembers no words
    start = time.perf_counter()
    result = actions[name.strip()](tokenizer)
    print(size / (time.perf_counter() - start), flush=True)
    del result
