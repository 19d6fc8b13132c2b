"""One clip at a time, as the original does it, against the batched engine, on one random-weight model.

    python benchmarks/inference.py --shape small                       # on a CPU; --threads 1 where other work is
    python benchmarks/inference.py --shape small --together --rounds 3 # all questions of a clip in one test set
    python benchmarks/inference.py --shape small --profile             # where the engine's time goes
    python benchmarks/inference.py --shape small --int8 --rounds 3     # the engine with --precision int8-cpu as well
    python benchmarks/inference.py --shape 13b --precision fp16 --device cuda:0 --batch 64 --clips 64 --prefetch 8

"As the original": every (clip, prompt) is read, heard and answered by itself; the prompt goes through the language
model once a beam; keys and values are concatenated and all reordered at every step (transformers 4.28); attention is
written out. The engine hears a clip once for all prompts, shares a prompt among beams, and batches; in fp32 on a CPU its
weights are packed as in a loaded model (not with --no-packing), those of the original are as torch makes them. Both follow the
same beam rule, and the tokens are compared; in fp32 they must be equal (exit code 1 if not). Those of --int8 are others; how
many answers stay equal on random weights says nothing about a trained model.

The limit: the fewest bytes (weights once a step, keys and values once) over measured copy bandwidth, or operations over
the measured matrix rate, whichever is larger, for each phase. The share is that time over the engine's time.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch

from audit.inference.feature_cache import FeatureStore
from audit.inference.frontend import Frontend, Prepared, prepare
from audit.inference.prefetch import Prefetcher
from audit.inference.salmonn import decoding as rules
from audit.inference.salmonn.decoding import Decoding, Generation
from audit.inference.salmonn.int8 import quantise
from audit.inference.salmonn.model import Salmonn
from audit.inference.salmonn.packed import PackedLinear, pack
from benchmarks import inference_profile
from benchmarks.random_model import SHAPES, Shape, random_model
from tasks.datasets.manifest import Item

Question = tuple[Item, str]
Answers = dict[tuple[str, str], Generation]
PROMPTS = {"asr": 20, "translation": 14, "story": 30}  # length of the part after the audio, in tokens


class OriginalStepper:
    """The same interface as the engine's stepper, with the ways of transformers 4.28."""

    def __init__(self, model: Salmonn, embeds: torch.Tensor, mask: torch.Tensor | None, beams: int) -> None:
        from transformers import DynamicCache

        assert mask is None
        self.model, self.beams = model, beams
        self.llama = model.decoder
        self.llama.config._attn_implementation = "eager"
        self.cache = DynamicCache()
        expanded = embeds.repeat_interleave(beams, dim=0)
        with model.autocast():
            out = self.llama(inputs_embeds=expanded, past_key_values=self.cache, use_cache=True)
        self.first = out.logits[::beams, -1].float()

    def reorder(self, order: torch.Tensor) -> None:
        """Copy all keys and values in the new order."""
        self.cache.batch_select_indices(order)

    def keep(self, rows: list[int]) -> None:
        """Never asked for with one clip."""
        raise AssertionError(f"one clip at a time, not {rows}")

    def __call__(self, tokens: torch.Tensor) -> torch.Tensor:
        """One more token a beam."""
        with self.model.autocast():
            out = self.llama(input_ids=tokens[:, None], past_key_values=self.cache, use_cache=True)
        return out.logits[:, -1].float()


@dataclass
class Bench:
    """A model, clips, prompts, and the two ways through them; `plain` is the model as torch makes it, for the original."""

    plain: Salmonn
    model: Salmonn
    shape: Shape
    frontend: Frontend
    items: list[Item]
    prompts: dict[str, tuple[list[int], list[int]]]
    decoding: Decoding
    together: bool = False

    def hear(self, model: Salmonn, clips: list[Prepared]) -> torch.Tensor:
        """Auditory tokens of some clips at once."""
        device = model.device
        banks = [torch.from_numpy(clip.bank) for clip in clips]
        frames = torch.tensor([len(bank) for bank in banks], device=device)
        mel = torch.stack([torch.from_numpy(clip.mel) for clip in clips]).to(device)
        return model.encode(mel, torch.nn.utils.rnn.pad_sequence(banks, batch_first=True).to(device), frames)

    def original(self, items: list[Item]) -> Answers:
        """One clip and one prompt at a time."""
        found, model = {}, self.plain
        attention = model.decoder.config._attn_implementation
        for name, prompt in self.prompts.items():
            for item in items:
                audio = self.hear(model, [prepare(self.frontend, item)])
                embeds, mask = model.assemble(audio, [prompt])
                with torch.inference_mode():
                    make = partial(OriginalStepper, model, embeds, mask)
                    found[item.id, name] = rules.beam_search(model, embeds, self.decoding, make)[0]
        model.decoder.config._attn_implementation = attention
        return found

    def batches(self, size: int) -> list[list[Question]]:
        """The batches of the engine: a test set for each prompt, or one whose clips have several questions."""
        if self.together:
            rows = [(item, name) for item in self.items for name in self.prompts]
            return [rows[i : i + size] for i in range(0, len(rows), size)]
        chunks = [self.items[i : i + size] for i in range(0, len(self.items), size)]
        return [[(item, name) for item in chunk] for chunk in chunks for name in self.prompts]

    def engine(self, batch: int, encode_batch: int, prefetcher: Prefetcher[Prepared]) -> Answers:
        """As the runner works: prefetch, hear once, batches."""
        found: Answers = {}
        folder = Path(tempfile.mkdtemp(prefix="repro-audit-bench-"))
        store = FeatureStore(folder)
        batches = self.batches(batch)
        keys: dict[str, str] = {}
        for number, rows in enumerate(batches):
            for later in batches[number : number + 2]:
                prefetcher.begin([item for item in unique(later) if item.id not in keys])
            fresh = [item for item in unique(rows) if item.id not in keys]
            clips = prefetcher.take(fresh)
            for i in range(0, len(clips), encode_batch):
                for clip, tokens in zip(clips[i : i + encode_batch], self.hear(self.model, clips[i : i + encode_batch]),
                                        strict=True):  # fmt: skip
                    store.put(clip.key, tokens)
            keys |= {item.id: clip.key for item, clip in zip(fresh, clips, strict=True)}
            kept = [store.get(keys[item.id]) for item, _ in rows]
            audio = torch.stack([t for t in kept if t is not None]).to(self.model.device)
            answers = rules.generate(self.model, audio, [self.prompts[name] for _, name in rows], self.decoding)
            found |= {(item.id, name): answer for (item, name), answer in zip(rows, answers, strict=True)}
        shutil.rmtree(folder)
        return found


def unique(rows: list[Question]) -> list[Item]:
    """The clips of some questions, each once."""
    return list({item.id: item for item, _ in rows}.values())


@dataclass(frozen=True, slots=True)
class Round:
    """Both ways once, one after the other, and the engine in int8 if asked for: seconds and processor seconds an answer."""

    original: float
    engine: float
    original_cpu: float
    engine_cpu: float
    int8: float = 0.0
    int8_cpu: float = 0.0

    @property
    def ratio(self) -> float:
        """How many times the engine's rate is the original's."""
        return self.original / self.engine


def timed(way: Callable[[], Answers], device: str) -> tuple[float, float, Answers]:
    """Seconds and processor seconds an answer, and the answers."""
    sync(device)
    begin, used = time.perf_counter(), time.process_time()
    answers = way()
    sync(device)
    return (time.perf_counter() - begin) / len(answers), (time.process_time() - used) / len(answers), answers


def sync(device: str) -> None:
    """Wait for the device."""
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def measure_limits(device: str, precision: str, packed: bool) -> tuple[float, float]:
    """(bytes a second of a large copy, read and written; operations a second of a large matrix product)."""
    cuda = device.startswith("cuda")
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}.get(precision, torch.float16)
    size, width = (2**30, 8192) if cuda else (2**26, 1024)
    source = torch.randn(size // 4, device=device)
    target = torch.empty_like(source)
    left, right = (torch.randn(width, width, device=device, dtype=dtype) for _ in range(2))

    def best(work: Any, repeats: int) -> float:
        times = []
        for _ in range(repeats):
            sync(device)
            begin = time.perf_counter()
            work()
            sync(device)
            times.append(time.perf_counter() - begin)
        return min(times[1:])

    copy = best(lambda: target.copy_(source), 8)
    product = best(lambda: left @ right, 8)
    if packed:
        layer = PackedLinear(torch.nn.Linear(width, width, bias=False))
        product = min(product, best(lambda: layer(left), 8))
    return 2 * size / copy, 2 * width**3 / product


def floor_seconds(bench: Bench, batch: int, tokens: Answers, limits: tuple[float, float]) -> float:
    """The least time for the engine's work: hearing and prompts by operations, steps by bytes or operations."""
    bandwidth, rate = limits
    model, beams = bench.model, bench.decoding.beams
    llama = sum(p.numel() for p in model.decoder.parameters()) - model.embedding.weight.numel()
    width = model.embedding.weight.element_size()
    whisper = sum(p.numel() for p in model.speech_encoder.parameters())
    beats = sum(p.numel() for p in model.beats.parameters())
    heads = bench.shape.hidden * bench.shape.layers
    total = 0.0
    for item in bench.items:
        seconds = item.extra["milliseconds"] / 1000
        total += 2 * (1500 * whisper + 50 * seconds * beats) / rate
    for rows in bench.batches(batch):
        heard = len(unique(rows)) if bench.together else len(rows)
        positions = heard * (len(next(iter(bench.prompts.values()))[0]) + 88)
        positions += sum(len(bench.prompts[name][1]) for _, name in rows)
        total += max(2 * positions * llama / rate, llama * width / bandwidth)
        # What each answer still needs at a step: the number of its tokens, and its prompt's keys and values.
        lengths = [(len(tokens[item.id, name].ids) - 1, sum(map(len, bench.prompts[name])) + 88) for item, name in rows]
        for step in range(1, max(length for length, _ in lengths)):
            cached = [prompt + beams * step for length, prompt in lengths if length > step]
            memory = llama * width + sum(cached) * 2 * heads * width
            total += max(memory / bandwidth, 2 * len(cached) * beams * llama / rate)
    return total


def make_clips(folder: Path, count: int) -> list[Item]:
    """Noise with a moving tone, 2 to 20 seconds, longest first, as WAV files."""
    import wave

    generator = np.random.default_rng(7)
    seconds = sorted(generator.uniform(2, 20, count), reverse=True)
    items = []
    for number, length in enumerate(seconds):
        t = np.arange(int(length * 16000)) / 16000
        sound = 0.3 * np.sin(2 * np.pi * (200 + 40 * number % 900) * t) + 0.05 * generator.standard_normal(len(t))
        with wave.open(str(folder / f"{number:04d}.wav"), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(16000)
            out.writeframes((sound * 32767 * 0.9).clip(-32768, 32767).astype("<i2").tobytes())
        items.append(Item(f"{number:04d}", (f"{number:04d}.wav",), "", extra={"milliseconds": int(length * 1000)}))
    return items


def main() -> int:
    """Read the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="small")
    parser.add_argument("--precision", choices=("fp32", "fp16", "bf16"), default="fp32")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--clips", type=int, default=16)
    parser.add_argument(
        "--original-clips", type=int, default=4, help="how many of them one at a time; the rate is compared"
    )
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--encode-batch", type=int, default=1)
    parser.add_argument("--beams", type=int, default=4)
    parser.add_argument("--new-tokens", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=1, help="both ways in turn; the median ratio is printed")
    parser.add_argument(
        "--together", action="store_true", help="one test set with all questions of a clip, not one for each prompt"
    )
    parser.add_argument(
        "--no-packing", action="store_true", help="the engine's products by torch's own kernels, too; on a CPU in fp32"
    )
    parser.add_argument("--int8", action="store_true",
                        help="in each round the engine with int8-cpu, too; on a CPU in fp32")  # fmt: skip
    parser.add_argument("--prefetch", type=int, default=0)
    parser.add_argument("--threads", type=int, help="of torch, on a CPU")
    parser.add_argument("--goal", type=float, help="fail if the ratio is below this")
    parser.add_argument("--profile", action="store_true", help="print where the engine's time goes, on a CPU, and end")
    parser.add_argument("--json", type=Path, help="write the figures there")
    args = parser.parse_args()
    if args.int8 and (args.device, args.precision, args.no_packing) != ("cpu", "fp32", False):
        parser.error("--int8 is compared with packed weights in fp32 on a CPU")
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    folder = Path(tempfile.mkdtemp(prefix="repro-audit-bench-"))
    try:
        return bench(args, folder)
    finally:
        shutil.rmtree(folder)


def bench(args: argparse.Namespace, folder: Path) -> int:
    """Measure, print, and judge."""
    shape = SHAPES[args.shape]
    plain = model = random_model(shape, args.precision, args.device)
    packed = 0
    if args.device == "cpu" and args.precision == "fp32" and not args.no_packing:
        # As a loaded model is; its own copy, so that the original multiplies as torch does.
        model = random_model(shape, args.precision, args.device)
        packed = pack(model)
    short = int8_model(shape) if args.int8 else None
    items = make_clips(folder, args.clips)
    vocabulary = np.random.default_rng(3)
    prompts = {
        n: ([1, 5, 6, 7], [int(i) for i in vocabulary.integers(3, shape.vocabulary, k)]) for n, k in PROMPTS.items()
    }
    frontend = Frontend(folder, folder, "benchmark")
    work = Bench(plain, model, shape, frontend, items, prompts, Decoding(beams=args.beams, max_new_tokens=args.new_tokens),
                 args.together)  # fmt: skip
    limits = measure_limits(args.device, args.precision, packed > 0)
    prefetcher = Prefetcher(frontend, args.prefetch)
    # Warm up both ways: libraries, kernels and worker processes.
    warm = Bench(plain, model, shape, frontend, items[-2:], prompts, Decoding(beams=args.beams, max_new_tokens=4))
    warm.original(items[-1:])
    warm.engine(2, args.encode_batch, prefetcher)
    if short is not None:
        replace(warm, model=short).engine(2, args.encode_batch, prefetcher)
    if args.prefetch:
        prefetcher.take(items[: 2 * args.prefetch])
    if args.profile:
        parts = {
            "reading and features": (Prefetcher, "take"),
            "encoders": (Salmonn, "encode"),
            "prompts": (rules.Stepper, "__init__"),
            "steps": (rules.Stepper, "__call__"),
            "order of beams": (rules.Stepper, "reorder"),
        }
        rows = inference_profile.table(lambda: work.engine(args.batch, args.encode_batch, prefetcher), parts)
        print(inference_profile.markdown(rows))
        return 0
    # A sample of all lengths, the same share of short and long clips as in the whole.
    sample = items[:: max(1, len(items) // args.original_clips)][: args.original_clips]
    figures: dict[str, Any] = {"shape": args.shape, "precision": args.precision, "device": name_of(args.device)}
    many: Answers = {}
    others: Answers = {}
    rounds: list[Round] = []
    equal = asked = len(sample) * len(prompts)
    for _ in range(args.rounds):
        slow, slow_cpu, one = timed(lambda: work.original(sample), args.device)
        if args.device.startswith("cuda"):
            torch.cuda.reset_peak_memory_stats()
        fast, fast_cpu, many = timed(lambda: work.engine(args.batch, args.encode_batch, prefetcher), args.device)
        eight, eight_cpu = 0.0, 0.0
        if short is not None:
            way = partial(replace(work, model=short).engine, args.batch, args.encode_batch, prefetcher)
            eight, eight_cpu, others = timed(way, args.device)
        rounds.append(Round(slow, fast, slow_cpu, fast_cpu, eight, eight_cpu))
        equal = min(equal, sum(many[key] == answer for key, answer in one.items()))
    prefetcher.close()
    # The round of the median ratio, of an even number the lower one of the middle.
    chosen = sorted(rounds, key=lambda one_round: one_round.ratio)[(len(rounds) - 1) // 2]
    seconds = chosen.engine * len(many)
    new = sum(len(answer.ids) - 1 for answer in many.values())
    peak = (
        torch.cuda.max_memory_allocated()
        if args.device.startswith("cuda")
        else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    )
    floor = floor_seconds(work, args.batch, many, limits)
    figures |= {
        "one_at_a_time_ms_an_answer": round(chosen.original * 1000, 2),
        "engine_ms_an_answer": round(chosen.engine * 1000, 2),
        "ratio": round(chosen.ratio, 2),
        "ratios_of_rounds": [round(one_round.ratio, 2) for one_round in rounds],
        "cpu_time_ratio": round(chosen.original_cpu / chosen.engine_cpu, 2),
        "cpu_time_ratios": [round(one_round.original_cpu / one_round.engine_cpu, 2) for one_round in rounds],
        "tokens_a_second": round(new / seconds, 1),
        "peak_memory_gib": round(peak / 2**30, 3),
        "bandwidth_gb_a_second": round(limits[0] / 1e9, 1),
        "matrix_tflops": round(limits[1] / 1e12, 3),
        "floor_ms_an_answer": round(floor / len(many) * 1000, 3),
        "share_of_limit": round(floor / seconds, 3),
        "equal_answers": f"{equal} of {asked}",
        "batch": args.batch,
        "encode_batch": args.encode_batch,
        "beams": args.beams,
        "together": args.together,
        "packed_layers": packed,
    }
    if short is not None:
        figures |= {
            "int8_ms_an_answer": round(chosen.int8 * 1000, 2),
            "int8_cpu_time_ratio": round(chosen.original_cpu / chosen.int8_cpu, 2),
            "int8_cpu_time_ratios": [round(one_round.original_cpu / one_round.int8_cpu, 2) for one_round in rounds],
            "engine_to_int8_cpu_ratios": [round(one_round.engine_cpu / one_round.int8_cpu, 2) for one_round in rounds],
            "int8_equal_answers": f"{sum(many[key] == answer for key, answer in others.items())} of {len(many)}",
        }
    for name, value in figures.items():
        print(f"{name:<28} {value}")
    if args.json is not None:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(figures, indent=1) + "\n")
    if args.precision == "fp32" and equal != asked:
        print("the answers differ in fp32", file=sys.stderr)
        return 1
    if args.goal is not None and chosen.ratio < args.goal:
        print(f"the ratio is below {args.goal}", file=sys.stderr)
        return 1
    return 0


def int8_model(shape: Shape) -> Salmonn:
    """The same random model as with `--precision int8-cpu`."""
    model = random_model(shape, "int8-cpu", "cpu")
    quantise(model.llama_model)
    pack(model)
    return model


def name_of(device: str) -> str:
    """The device for people."""
    return (
        torch.cuda.get_device_name(device) if device.startswith("cuda") else f"cpu, {torch.get_num_threads()} threads"
    )


if __name__ == "__main__":
    sys.exit(main())
