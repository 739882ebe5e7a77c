"""Japanese: what a file expects, and whether it came out so."""

MESSAGES: dict[str, str] = {
    "expect.absent": "タスク `{label}` の結果がありません",
    "expect.none": "`{name}`: タスク `{label}` はこの数値を測っていません",
    "expect.key": "`{name}` に `{key}` というキーはありません。あるのは {keys} です",
    "expect.no_keys": "`{name}` にキーはありません",
    "expect.value": "{value}",
    "expect.cut": "`{label}` は途中で切り詰められています",
    "expect.smoke": "スモーク実行では判定しません",
    "L0850": "`{name}` が成り立ちません: {shown}",
    "L0851": "`{name}` を判定できません: {reason}",
    "cli.expects": "期待",
    "cli.expects.met": "成立",
    "cli.expects.failed": "不成立",
    "cli.expects.open": "判定なし",
    "cli.plan.judged": "実行後に判定",
    "cli.run.unmet": "すべて {seconds}で終わりましたが、期待どおりでないものがあります。{ran}を実行、{stored} 件は保存済み。",
    "report.expects": "期待",
    "report.expects.name": "名前",
    "report.expects.value": "結果",
}
