"""Texts of `llx describe` and of the lock, by key."""

MESSAGES: dict[str, str] = {
    "cli.origin.written": "written",
    "cli.origin.param": "param",
    "cli.origin.let": "let",
    "cli.origin.with": "with",
    "cli.origin.default": "default",
    "cli.origin.derived": "derived",
    "cli.describe.before": "in place of {place}",
    "cli.describe.within": "within {place}",
    "cli.describe.let": "let {name} ({place})",
    "cli.describe.param": "param {name} ({how})",
    "cli.describe.how.default": "default, {place}",
    "cli.describe.how.given": "given on the command line",
    "cli.describe.how.import": "set at {place}",
    "cli.describe.how.environment": "from the environment, {place}",
    "cli.describe.imported": "{file}, imported at {place}",
    "cli.describe.unknown": "nothing in the experiment is called '{name}'; there are: {names}",
}
