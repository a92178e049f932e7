"""Hugging Face's figures for the training benchmark: answers "step", "peak" and "before" as the worker of ours does.

usage: training_peer.py MODEL MODE THREADS

MODE is what ours is asked for: of its parts, "checkpointing" has a counterpart here, and with "in-backward" gradients are not clipped.
"""
import os
import sys
import time

import torch
from transformers import AutoModelForCausalLM, T5Config, T5ForConditionalGeneration

path, mode, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
torch.set_num_threads(threads)
torch.manual_seed(1)
if path == "t5-small":
    model = T5ForConditionalGeneration(T5Config(
        vocab_size=32128, d_model=512, d_kv=64, d_ff=2048, num_layers=6, num_heads=8, dropout_rate=0.0, decoder_start_token_id=0))
    batch = {"input_ids": torch.randint(10, 32000, (8, 128)), "labels": torch.randint(10, 32000, (8, 32))}
    tokens = 8 * (128 + 32)
else:
    folder, gguf = (os.path.dirname(path), os.path.basename(path)) if path.endswith(".gguf") else (path, None)
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=gguf, dtype=torch.float32)
    ids = torch.randint(10, model.config.vocab_size - 10, (4, 128))
    batch = {"input_ids": ids, "labels": ids}
    tokens = 4 * 128
model.train()
if "checkpointing" in mode:
    model.gradient_checkpointing_enable()
if "lora" in mode:
    from peft import LoraConfig, get_peft_model

    targets = (["q", "v"] if path == "t5-small" else ["q_proj", "v_proj"]) if "lora-qv" in mode else "all-linear"
    if "checkpointing" in mode:
        model.enable_input_require_grads()
    model = get_peft_model(model, LoraConfig(r=8, lora_alpha=16, target_modules=targets))
parameters = [p for p in model.parameters() if p.requires_grad]
optimizer = torch.optim.AdamW(parameters, lr=1e-5, fused=True)


def status(key):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith(key))


def step():
    start = time.perf_counter()
    model(**batch).loss.backward()
    if "in-backward" not in mode:
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return tokens / (time.perf_counter() - start)


import ctypes
import gc

gc.collect()
ctypes.CDLL(None).malloc_trim(0)
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")
before = status("VmRSS:")
print("ready", flush=True)
for line in sys.stdin:
    print({"step": step, "peak": lambda: status("VmHWM:"), "before": lambda: before}[line.strip()](), flush=True)
