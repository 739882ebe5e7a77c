"""Texts on plugins, by key."""

MESSAGES: dict[str, str] = {
    # L0590: what the author of a component says of a value
    "L0590": "{said}",
    # L0710-L0722: distributions and their plugins
    "L0710": "the distribution `{distribution}` is not installed",
    "L0710.help": "install it: pip install {distribution}",
    "L0711": "version {version} of `{distribution}` is installed, and {wanted} is asked for",
    "L0711.help": 'install another: pip install "{distribution}{wanted}"',
    "L0712": "`{distribution}` registers {count} entry points in the group `llx`, where a plugin has one",
    "L0712.help": "its author registers one in pyproject.toml, under [project.entry-points.llx]",
    "L0713": "`{distribution}` registers `{what}`, which is neither a component nor a kind with a name of the language",
    "L0713.help": "tell its author; its other components can be used",
    "L0714": "the plugin of `{distribution}` can't be imported (`{module}`): {error}",
    "L0714.help": "reinstall or update `{distribution}`, or remove its `use`",
    "L0715": "the code of `{component}` (distribution `{distribution}`) failed: {error}",
    "L0715.help": "this is a mistake of the component and not of the file: tell its author",
    "L0716": "`{what}` of `{distribution}` is there already",
    "L0716.help": "remove one of the two `use` lines, or tell the author; the first one stays",
    "L0717": "`{distribution}` prints while it is imported: {printed}",
    "L0717.help": "what it printed was held back; tell its author",
    "L0718": "the hook `{hook}` of `{distribution}` failed: {error}",
    "L0718.help": "tell its author; what its other hooks offer can be used",
    "L0719": "`{component}` of `{distribution}` is not of the kind `{kind}` that it names",
    "L0719.help": "tell its author: a component derives from the base of its kind, and a new kind is registered",
    "L0720": "the field `{field}` of `{distribution}` has no type of the language: {reason}",
    "L0720.help": "tell its author; the other components of `{distribution}` can be used",
    "L0721": "the component `{component}` of `{distribution}` has no documentation",
    "L0721.help": "its author writes it as the class's docstring",
    "L0722": "`{distribution}` has several problems: {problems}",
    "L0723": "`{distribution}` has a message `{key}` whose key doesn't begin with `{prefix}:`",
    "L0723.help": "tell its author; the message is not used",
}
