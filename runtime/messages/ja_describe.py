"""Texts of `llx describe` and of the lock, by key."""

MESSAGES: dict[str, str] = {
    "cli.origin.written": "記述",
    "cli.origin.param": "param",
    "cli.origin.let": "let",
    "cli.origin.with": "with",
    "cli.origin.default": "既定値",
    "cli.origin.derived": "導出",
    "cli.describe.before": "元の値 {place}",
    "cli.describe.within": "{place} の一部を変更",
    "cli.describe.let": "let {name} ({place})",
    "cli.describe.param": "param {name} ({how})",
    "cli.describe.how.default": "既定値, {place}",
    "cli.describe.how.given": "コマンドラインで指定",
    "cli.describe.how.import": "{place} で設定",
    "cli.describe.how.environment": "環境変数から, {place}",
    "cli.describe.imported": "{file}（{place} で読み込み）",
    "cli.describe.unknown": "実験に '{name}' という名前はありません。あるのは: {names}",
}
