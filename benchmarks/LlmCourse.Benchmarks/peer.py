"""Hugging Face's figures for the benchmark program: reads a line such as "decode 1" or "prefill 512", prints a number.

usage: peer.py MODEL THREADS
"""
import os
import sys
import time

import torch
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

torch.set_num_threads(int(sys.argv[2]))
path = sys.argv[1]
folder, gguf = (os.path.dirname(path), os.path.basename(path)) if path.endswith(".gguf") else (path, None)
config = AutoConfig.from_pretrained(folder, gguf_file=gguf)
kind = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModel if config.model_type == "bert" else AutoModelForCausalLM
model = kind.from_pretrained(folder, gguf_file=gguf, dtype=torch.float32).eval()
tokenizer = None


def seconds(action):
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def ids(batch, length):
    return torch.randint(10, model.config.vocab_size - 10, (batch, length))


def decode(batch, prompt=128, steps=32, beams=1):
    prompts = ids(batch, prompt)

    def generate(count):
        model.generate(prompts, attention_mask=torch.ones_like(prompts), min_new_tokens=count, max_new_tokens=count,
                       do_sample=False, pad_token_id=0, eos_token_id=None, num_beams=beams)

    first = seconds(lambda: generate(1))
    return batch * steps / (seconds(lambda: generate(steps + 1)) - first)


def prefill(length):
    prompt = ids(1, length)
    if config.is_encoder_decoder:
        return length / seconds(lambda: model.generate(
            prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=1, do_sample=False, pad_token_id=0, eos_token_id=None))
    return length / seconds(lambda: model(prompt, use_cache=True, logits_to_keep=1))


def read(batch, length=128, passes=5):
    texts = ids(batch, length)
    return passes * batch * length / seconds(lambda: [model(texts).last_hidden_state for _ in range(passes)])


def tokenize(file):
    global tokenizer
    tokenizer = tokenizer or AutoTokenizer.from_pretrained(folder)
    lines = open(file, encoding="utf-8").read().splitlines()
    size = sum(len(line.encode()) for line in lines)
    return size / 1e6 / seconds(lambda: [tokenizer.backend_tokenizer.encode(line, add_special_tokens=False).ids for line in lines])


print("ready", flush=True)
with torch.inference_mode():
    for line in sys.stdin:
        name, argument = line.strip().split(" ", 1)
        value = {"decode": lambda a: decode(int(a)), "beams": lambda a: decode(1, beams=int(a)), "prefill": lambda a: prefill(int(a)),
                 "read": lambda a: read(int(a)), "tokenize": tokenize}[name](argument)
        print(value, flush=True)
