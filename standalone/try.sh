#!/bin/sh
# Try the one-file program where there is nothing else: no Python, no shell, no package; the C library and zlib alone.
# It trains a tiny model, makes it speak, and says its size and how long it takes to start. Linux; needs bubblewrap (bwrap).
set -eu
program=${1:-dist/minigpt}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

alone() {
    set -- --setenv HOME /work --setenv LANG C.UTF-8 --ro-bind "$program" /bin/minigpt /bin/minigpt "$@"
    for library in $(ldd "$program" | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p; s/^[[:space:]]*\(\/[^ ]*ld-[^ ]*\).*/\1/p') $extra; do
        set -- --ro-bind "$library" "$library" "$@"
    done
    bwrap --unshare-all --die-with-parent --clearenv --proc /proc --dev /dev --tmpfs /tmp --bind "$work" /work --chdir /work "$@"
}

# What the libraries inside need from any Linux: parts of the C library.
folder=$(dirname "$(ldd "$program" | sed -n 's/.*libc\.so\.6 => \([^ ]*\).*/\1/p')")
extra=$(for name in libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1 libutil.so.1; do [ ! -e "$folder/$name" ] || echo "$folder/$name"; done)

ls -l "$program"
alone --version
start=$(date +%s.%N)
alone --version > /dev/null
echo "$start $(date +%s.%N)" | awk '{printf "started and ended in %.2f s\n", $2 - $1}'
alone train --prompt "A GPT that writes haiku" --source template --init none --layers 2 --heads 2 --width 64 --positions 128 \
    --epochs 1 --initial-tokens 4000 --final-tokens 2000 --out tiny > /dev/null
alone generate tiny --prompt "The moon" --max-tokens 20 --seed 1
alone check --layer Gelu > /dev/null
echo "the one-file program works without Python"
