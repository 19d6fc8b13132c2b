#!/usr/bin/env bash
# Everything of the inference part that needs a GPU, in under ten minutes on one H100 or H200 (80 GB or more).
#
#   benchmarks/gpu_check.sh [DEVICE [SHAPE]]    figures and logs go to $OUT (default: out/gpu)
#   benchmarks/gpu_check.sh cpu tiny            a rehearsal of the script itself; its figures say nothing of a GPU
#
# Needs torch with CUDA, transformers, peft, safetensors, sentencepiece, soundfile, rfc8785, pyyaml, pytest and
# hypothesis. Exit codes: 0 all passed; 1 a step failed; 3 the device is not there.
set -euo pipefail
cd "$(dirname "$0")/.."
device=${1:-cuda:0}
shape=${2:-13b}
out=${OUT:-out/gpu}
mkdir -p "$out"
export PYTHONUNBUFFERED=1 TOKENIZERS_PARALLELISM=false CUBLAS_WORKSPACE_CONFIG=:4096:8
python=${PYTHON:-python3}
failed=0
summary=()
# step NAME SECONDS COMMAND...: the log has every line, the screen none of the libraries' warnings.
step() {
  local name=$1 limit=$2 begin=$SECONDS status=0
  shift 2
  echo "== $name"
  timeout "$limit" "$@" > "$out/$name.log" 2>&1 || status=$?
  if [ "$status" -eq 0 ]; then
    grep -v -i "warn" "$out/$name.log" || true
  else
    tail -n 60 "$out/$name.log"
    failed=1
  fi
  [ "$status" -ne 124 ] || status="124 (time limit)"
  # The last line says for the tests how many passed and how many were skipped.
  summary+=("$name: exit $status after $((SECONDS - begin)) s; last line: $(tail -n 1 "$out/$name.log")")
}
"$python" - "$device" <<'PYTHON' | tee "$out/versions.txt"
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

print("python", platform.python_version(), platform.platform())
for name in ("torch", "transformers", "tokenizers", "peft", "accelerate", "safetensors", "sentencepiece",
             "soundfile", "soxr", "numpy", "rfc8785", "pyyaml", "pytest", "hypothesis"):
    try:
        print(name, version(name))
    except PackageNotFoundError:
        print(name, "is not installed")
import torch

if sys.argv[1].startswith("cuda"):
    if not torch.cuda.is_available():
        print(f"there is no CUDA device for {sys.argv[1]}; torch is built for CUDA {torch.version.cuda}")
        sys.exit(3)
    found = torch.cuda.get_device_properties(torch.device(sys.argv[1]))
    print("gpu", found.name, f"{found.total_memory / 2**30:.1f} GiB, capability {found.major}.{found.minor}")
    print("cuda", torch.version.cuda, "cudnn", torch.backends.cudnn.version())
PYTHON
goal=()
if [[ $device == cuda* ]]; then
  nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader | tee -a "$out/versions.txt" || true
  goal=(--goal 10)
  clips=128 batch=64 ahead=12
else
  clips=8 batch=4 ahead=1
fi
bench=("$python" benchmarks/inference.py --shape "$shape" --device "$device")
# 1. The golden vectors and the runner on the GPU. A warning of a library about its own future is no wrong number.
step tests 120 "$python" -m pytest -q -p no:cacheprovider -W default -m gpu tests/audit/inference
# 2. Equal outputs in the checked mode: fp32, one at a time against batched.
step "equal-$shape-fp32" 140 "${bench[@]}" --precision fp32 --clips 8 --original-clips 2 --batch 8 \
  --new-tokens 24 --prefetch "$((ahead < 4 ? ahead : 4))" --json "$out/equal-$shape-fp32.json"
# 3. Speed: fp16 as released; the goal is ten times the one-at-a-time loop.
step "speed-$shape-fp16" 180 "${bench[@]}" --precision fp16 --clips "$clips" --original-clips 3 --batch "$batch" \
  --new-tokens 32 --prefetch "$ahead" "${goal[@]}" --json "$out/speed-$shape-fp16.json"
# 4. The same with the encoders batched.
step "speed-$shape-fp16-encode8" 130 "${bench[@]}" --precision fp16 --clips "$clips" --original-clips 2 \
  --batch "$batch" --encode-batch 8 --new-tokens 32 --prefetch "$ahead" --json "$out/speed-$shape-fp16-encode8.json"
printf '== %s\n' "${summary[@]}" | tee "$out/summary.txt"
exit "$failed"
