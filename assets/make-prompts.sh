#!/usr/bin/env bash
# Speaks prompts.toml into prompts/<language>/<name>.wav: 8 kHz, mono, µ-law, as telephones carry it.
# Needs espeak-ng and sox. Run once after a text has changed and commit what it writes.
set -euo pipefail
cd "$(dirname "$0")"

# language, key of the reading, voice of espeak-ng, words per minute
voices='ko ko ko 185
en en en-us 170
zh zh_say cmn-latn-pinyin 185
ja ja_say ja 190
vi vi vi 175'

speak() { # name, language, voice, speed, text
  espeak-ng -v "$3" -s "$4" -w "$raw" -- "$5"
  # Telephones carry 300 to 3400 Hz; the peak is brought to -4 dB so that all prompts are alike.
  sox "$raw" -r 8000 -c 1 -e mu-law "prompts/$2/$1.wav" \
    gain -6 highpass 200 lowpass 3400 gain -n -4 silence 1 0.02 0.5% reverse silence 1 0.02 0.5% reverse \
    pad 0.05 0.15
}

raw=$(mktemp --suffix .wav)
trap 'rm -f "$raw"' EXIT
rm -rf prompts
while read -r language key voice speed; do
  mkdir -p "prompts/$language"
  awk -v key="$key" '/^\[/ { name = substr($0, 2, length($0) - 2) }
    index($0, key " = \"") == 1 { text = substr($0, length(key) + 5)
      print name "\t" substr(text, 1, length(text) - 1) }' prompts.toml |
    while IFS=$'\t' read -r name text; do
      speak "$name" "$language" "$voice" "$speed" "$text"
    done
done <<<"$voices"

# No voice: two tones say "a message for you, see the page".
mkdir -p prompts/mn
sox -n -r 8000 -c 1 -e mu-law prompts/mn/signal.wav \
  synth 0.25 sine 523 gain -16 : synth 0.35 sine 659 gain -16 fade 0.02 0 0.02 pad 0 0.2
