#!/bin/sh
# Linters over the stack and the workflow; nothing here asks anything of the internet.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# No profile, no telemetry, no question to the machine's metadata.
export HOME="$work" AWS_EC2_METADATA_DISABLED=true AWS_DEFAULT_REGION=eu-central-1 SAM_CLI_TELEMETRY=0

step() { printf -- '-- %s\n' "$1"; }

step "sam validate --lint (cfn-lint over the template)"
.venv/sam/bin/sam validate --lint --template template.yaml

step "cfn-lint over what SAM makes of it"
.venv/sam/bin/python tests/stack/transform.py template.yaml >"$work/transformed.json" 2>"$work/said" || { cat "$work/said"; exit 1; }
# W2001: SAM puts a parameter's value in itself; W3005: SAM writes dependencies that CloudFormation would see anyway.
.venv/bin/cfn-lint --ignore-checks W2001 W3005 -- "$work/transformed.json"

step "checkov over the same"
.venv/checkov/bin/checkov --config-file infra/checkov.yaml --file "$work/transformed.json"

step "statelint over the state machines"
for machine in infra/*.asl.json; do
  # statelint does not know the item readers of a Distributed Map, whose input type the language demands
  # (Step Functions developer guide, "ItemReader (Map)"); it may have this complaint alone.
  .venv/bin/statelint "$machine" >"$work/said" || true
  if grep -vE '^(One error:|[0-9]+ errors:)$|^ Field "InputType" not allowed in .*\.ItemReader\.ReaderConfig$|^$' "$work/said"; then
    exit 1
  fi
done

step "the workflow: its schema, and its security"
.venv/workflows/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
.venv/workflows/bin/zizmor --offline --quiet .github/workflows
