#!/bin/sh
# Written by `steadyline shim install`.
#
# The command `genesys` of the reliability guides, for pipelines that call it. There is no such tool from Genesys; what
# these verbs do is done by steadyline, with the same exit codes: 0 done, 1 blocked, 2 wrong call, 3 not known, 4 held by
# somebody else. STEADYLINE names another steadyline than the one in the PATH.
set -u
steadyline=${STEADYLINE:-steadyline}

usage() {
    cat >&2 <<'TEXT'
genesys, as the reliability guides call it, by steadyline:
  genesys init
  genesys flow validate --flow-id FLOW
  genesys flow publish --flow-id FLOW
  genesys integration check --integration-id INTEGRATION
  genesys deployment push --target TARGET
  genesys deployment approve --target TARGET
TEXT
}

verb="${1-} ${2-}"
case "$verb" in
'flow validate' | 'flow publish' | 'integration check' | 'deployment push')
    exec "$steadyline" "$@"
    ;;
'deployment approve')
    # In the guides this is the last step: what is approved goes out.
    exec "$steadyline" "$@" --push
    ;;
init\ *)
    exec "$steadyline" "$@"
    ;;
'--help ' | '-h ' | 'help ')
    usage
    exit 0
    ;;
*)
    printf 'genesys: there is no `%s` here\n' "$verb" >&2
    usage
    exit 2
    ;;
esac
