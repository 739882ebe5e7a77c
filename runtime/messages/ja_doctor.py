"""日本語: `llx doctor` の文。"""

MESSAGES: dict[str, str] = {
    "doctor.fine": "このマシンで実験を実行できます。",
    "doctor.help": "ヘルプ",
    "doctor.missing": "未インストール",
    "doctor.install": "llx を入れ直してください: pip install llx-lang",
    "doctor.extra": "一部の機能だけが使います: pip install 'llx-lang[{extra}]'",
    "doctor.broken": "インポートできません: {error}",
    "doctor.cores": "{cores} コア（torch が使うのは {threads}）",
    "doctor.speed": "{speed}（float32 の行列積で測定）",
    "doctor.gpu": "{name}、{memory}、{speed}",
    "doctor.free": "{path}、空き {free}",
    "doctor.space": "チェックポイントを保存する実行には足りないかもしれません。不要なものは `llx gc` で削除できます",
    "doctor.unwritable": "{path} に書き込めません: {reason}",
    "doctor.store": "書き込めるようにするか、LLX_STORE で別の場所を指定してください",
}
