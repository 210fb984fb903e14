#!/usr/bin/env bash
# Calls bench gate with what the action was given, and tells the verdict to the steps after it.
# Inputs come as environment variables and never as text of this script.
set -uo pipefail
arguments=()
for name in baseline store candidate embeddings against labels methods inconclusive junit markdown; do
  variable="GATE_${name^^}"
  if [ -n "${!variable:-}" ]; then arguments+=("--$name" "${!variable}"); fi
done
read -ra metrics <<<"${GATE_METRICS:-}"
for metric in ${metrics[@]+"${metrics[@]}"}; do arguments+=(--metric "$metric"); done
read -ra margins <<<"${GATE_MARGINS:-}"
for margin in ${margins[@]+"${margins[@]}"}; do arguments+=(--margin "$margin"); done

bench gate "${arguments[@]}"
code=$?
verdicts=(pass regression usage nothing-measured runs-failed inconclusive)
if [ -n "${GITHUB_OUTPUT:-}" ]; then
  printf 'verdict=%s\nexit-code=%s\n' "${verdicts[code]:-broken}" "$code" >>"$GITHUB_OUTPUT"
fi
exit "$code"
