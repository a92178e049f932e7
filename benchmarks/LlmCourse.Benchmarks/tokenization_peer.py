"""Hugging Face tokenizers' figures for the benchmark program: reads "one" or "batch", prints MB/s.

usage: tokenization_peer.py TOKENIZER_FOLDER TEXT_FILE
"""
import os
import sys
import time

from tokenizers import BertWordPieceTokenizer, ByteLevelBPETokenizer, Tokenizer

folder = sys.argv[1]
path = lambda name: os.path.join(folder, name)
if os.path.exists(path("tokenizer.json")):
    tokenizer = Tokenizer.from_file(path("tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
elif os.path.exists(path("merges.txt")):
    tokenizer = ByteLevelBPETokenizer(path("vocab.json"), path("merges.txt"))
else:
    tokenizer = BertWordPieceTokenizer(path("vocab.txt"))

lines = open(sys.argv[2], encoding="utf-8").read().splitlines()
size = sum(len(line.encode()) for line in lines) / 1e6
actions = {
    "one": lambda: [tokenizer.encode(line, add_special_tokens=False).ids for line in lines],
    "batch": lambda: [encoding.ids for encoding in tokenizer.encode_batch(lines, add_special_tokens=False)],
}

print("ready", flush=True)
for name in sys.stdin:
    start = time.perf_counter()
    actions[name.strip()]()
    print(size / (time.perf_counter() - start), flush=True)
