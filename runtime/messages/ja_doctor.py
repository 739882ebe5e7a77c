"""日本語: `llx doctor` の文。"""

MESSAGES: dict[str, str] = {
    "doctor.fine": "このマシンで実験を実行できます。",
    "doctor.help": "ヘルプ",
    "doctor.missing": "未インストール",
    "doctor.install": "llx を入れ直してください: pip install llx-lang",
    "doctor.extra": "一部の機能だけが使います: pip install 'llx-lang[{extra}]'",
    "doctor.broken": "インポートできません: {error}",
    "doctor.cores": "{cores} コア（torch が使うのは {threads}）",
    "doctor.speed": "float32 で {float32}、bfloat16 で {bfloat16}（行列積をいま測定）。"
    "このデバイスでは `precision = auto` は {auto} です",
    "doctor.kernels.none": "まだ何も選ばれていません。新しい大きさの学習が始まるときに測って選びます",
    "doctor.kernel": "{what}: {way}（順伝播と逆伝播 1 回の最短時間: {times}）",
    "doctor.gpu": "{name}、{memory}",
    "doctor.free": "{path}、空き {free}",
    "doctor.space": "チェックポイントを保存する実行には足りないかもしれません。不要なものは `llx gc` で削除できます",
    "doctor.unwritable": "{path} に書き込めません: {reason}",
    "doctor.store": "書き込めるようにするか、LLX_STORE で別の場所を指定してください",
}
