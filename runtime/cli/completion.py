"""`llx completion SHELL`: the script that lets a shell complete commands, options, files, params and names."""

from __future__ import annotations

import click


@click.command(
    epilog='Bash: eval "$(llx completion bash)" in ~/.bashrc. Zsh: the same with zsh in ~/.zshrc. '
    "Fish: llx completion fish > ~/.config/fish/completions/llx.fish"
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    from click.shell_completion import get_completion_class

    from .main import llx

    completion = get_completion_class(shell)
    assert completion is not None, "click knows all three"
    click.echo(completion(llx, {}, "llx", "_LLX_COMPLETE").source(), nl=False)
