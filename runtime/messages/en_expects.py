"""English: what a file expects, and whether it came out so."""

MESSAGES: dict[str, str] = {
    "expect.absent": "the task `{label}` is not there",
    "expect.none": "`{name}`: the task `{label}` measured no such number",
    "expect.key": "`{name}` has no key `{key}`; it has {keys}",
    "expect.no_keys": "`{name}` has no keys",
    "expect.value": "{value}",
    "expect.cut": "`{label}` was cut short",
    "expect.smoke": "a smoke run judges nothing",
    "L0850": "`{name}` is not so: {shown}",
    "L0851": "`{name}` can't be judged: {reason}",
    "cli.expects": "Expectations",
    "cli.expects.met": "met",
    "cli.expects.failed": "failed",
    "cli.expects.open": "not judged",
    "cli.plan.judged": "judged after the run",
    "cli.run.unmet": "All ran in {seconds}, but not all is as expected. {ran} ran, {stored} stored.",
    "report.expects": "Expectations",
    "report.expects.name": "name",
    "report.expects.value": "what came out",
}
