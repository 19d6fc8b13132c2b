"""Completion in shells: the words that may follow, found from the parser itself, so that no list has to be kept."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

SCRIPTS = {
    "bash": r"""# Completion of repro-audit for bash: eval "$(repro-audit completion bash)"
_repro_audit() {
    local line
    COMPREPLY=()
    while IFS=$'\t' read -r line _; do
        COMPREPLY+=("$line")
    done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    if [ "${#COMPREPLY[@]}" -eq 0 ]; then
        compopt -o default
    fi
}
complete -F _repro_audit repro-audit
""",
    "zsh": r"""#compdef repro-audit
# Completion of repro-audit for zsh: eval "$(repro-audit completion zsh)" after compinit
_repro_audit() {
    local -a found
    local name told
    while IFS=$'\t' read -r name told; do
        found+=("${name//:/\\:}${told:+:$told}")
    done < <("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)
    if (( ${#found} )); then
        _describe 'repro-audit' found
    else
        _files
    fi
}
if [ "${funcstack[1]}" = _repro_audit ]; then
    _repro_audit "$@"
else
    compdef _repro_audit repro-audit
fi
""",
    "fish": r"""# Completion of repro-audit for fish: repro-audit completion fish > ~/.config/fish/completions/repro-audit.fish
function __repro_audit
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l last (commandline --current-token --cut-at-cursor)
    set -l found ($words[1] __complete $words[2..-1] "$last" 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path "$last"
    end
end
complete --command repro-audit --no-files --arguments '(__repro_audit)'
""",
}


def candidates(parser: argparse.ArgumentParser, words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The words that can stand where the last one is typed, with their help; none where a file or a value stands.

    Args:
        parser: The whole parser.
        words: The words behind the program's name, the last of them as far as it is typed.
    """
    *before, last = words or [""]
    waiting: argparse.Action | None = None
    for word in before:
        if waiting is not None:
            waiting = None
            continue
        if word.startswith("-"):
            action = parser._option_string_actions.get(word.partition("=")[0])
            waiting = action if action is not None and action.nargs != 0 and "=" not in word else None
            continue
        below = _below(parser)
        if below is not None and word in below.choices:
            parser = below.choices[word]
    if waiting is not None:
        choices = [str(choice) for choice in waiting.choices or ()]
        yield from ((choice, "") for choice in choices if choice.startswith(last))
        return
    below = _below(parser)
    if last.startswith("-"):
        for action in parser._actions:
            if action.help != argparse.SUPPRESS:
                long = [text for text in action.option_strings if text.startswith("--")] or action.option_strings
                yield from ((text, _line(action.help)) for text in long if text.startswith(last))
    elif below is not None:
        helps = {choice.dest: _line(choice.help) for choice in below._choices_actions}
        yield from ((name, helps.get(name, "")) for name in below.choices if name.startswith(last))
    else:
        for action in parser._actions:
            if not action.option_strings and action.choices:
                yield from ((str(choice), "") for choice in action.choices if str(choice).startswith(last))


def _below(parser: argparse.ArgumentParser) -> argparse._SubParsersAction[argparse.ArgumentParser] | None:
    return next((a for a in parser._actions if isinstance(a, argparse._SubParsersAction)), None)


def _line(text: str | None) -> str:
    return " ".join((text or "").replace("%%", "%").split()) if text != argparse.SUPPRESS else ""
