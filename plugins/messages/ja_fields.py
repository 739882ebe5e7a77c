"""Japanese: what the fields of the built-in components are, by `KIND.NAME.FIELD`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def _of(kind: str, names: Iterable[str], fields: Mapping[str, str]) -> dict[str, str]:
    return {f"{kind}.{name}.{field}": text for name in names for field, text in fields.items()}


_ENCODING = "ファイルの文字コード"
_SEED = "シードを変えると、別の分け方になります"

FIELDS: dict[str, str] = {
    # Data
    **_of(
        "data",
        ("text", "csv", "jsonl", "parquet"),
        {"path": "読むファイル。パスまたはパターン（`*`、`?`、`**`）"},
    ),
    **_of(
        "data",
        ("csv", "jsonl", "parquet"),
        {
            "text": "列 `text` にする項目。none ならテキストなし",
            "label": "列 `label` にする項目。none ならラベルなし",
            "columns": "そのほかの列。列 = 項目",
            "bad_rows": "読めない行をどうするか。実行を終える（fail）か、除いて数える（skip）か",
        },
    ),
    "data.text.separator": '文書の区切り（`"\\n"` なら 1 行に 1 文書）。none なら 1 ファイルに 1 文書',
    "data.text.encoding": _ENCODING,
    "data.csv.delimiter": "値の区切り。none なら .tsv ではタブ、それ以外ではコンマ",
    "data.csv.quotes": "値を二重引用符で囲めるかどうか",
    "data.csv.header": "項目名。最初の行に項目名がないファイルのためのもの",
    "data.csv.encoding": _ENCODING,
    **_of("data", ("clean", "filter", "take"), {"data": "元になるデータ"}),
    "data.clean.min_chars": "整形後の文字数がこれより少ないテキストは除かれます",
    "data.clean.normalise": "テキストの Unicode 正規化形式。nfkc では全角英数字や半角カナが通常の文字になります",
    "data.clean.aozora": "青空文庫が加えたもの（ルビ、注記、凡例、奥付）を取り除く",
    "data.clean.strip": "テキストの前後の空白を取り除く",
    "data.clean.unique": "一字一句同じテキストがすでにあれば除く",
    "data.clean.column": "整形する列",
    "data.split.data": "分ける行",
    "data.split.validation": "検証用の分割の割合。0 なら作りません",
    "data.split.test": "テスト用の分割の割合。0 なら作りません",
    "data.split.by": "値の等しい行をまとめる列。none ならテキスト",
    "data.split.seed": _SEED,
    "data.splits.train": "訓練に使う行",
    "data.splits.validation": "選択に使う行",
    "data.splits.test": "一度だけ測定に使う行",
    "data.filter.where": "残す行について成り立つ条件。`row.label` は項目 `label` を表します",
    "data.mix.sources": "混ぜるデータ。名前は自由に付けられます",
    "data.mix.weights": "各データの、ほかに対する重み",
    "data.take.amount": "各分割から取る行数、または割合",
    "data.take.by": "割合のとき、値の等しい行をまとめる列",
    "data.take.seed": "シードを変えると、別の行が選ばれます",
    # Tokenizers
    **_of(
        "tokenizer",
        ("characters", "train_bpe"),
        {
            "data": "学習に使うテキストの行",
            "column": "テキストの列",
            "normalise": "最初に変換する Unicode 正規化形式。none ならテキストをバイト単位でそのまま保ちます",
        },
    ),
    **_of(
        "tokenizer",
        ("train_bpe", "characters", "load_tokenizer"),
        {
            "sentinels": "`span_corruption` が使う、区間の代わりに置くトークンの数",
            "fill_in_middle": "`fill_in_middle` に要る 3 つのトークンを持つかどうか",
        },
    ),
    "tokenizer.characters.vocab_size": "トークンの総数。頻度の高い文字から取ります。none ならすべての文字",
    "tokenizer.train_bpe.vocab_size": "トークンの総数（バイト、結合、特殊トークン）",
    "tokenizer.train_bpe.min_count": "これより出現回数の少ない組は結合しません",
    "tokenizer.load_tokenizer.file": "`tokenizer.json` ファイル",
    "tokenizer.load_tokenizer.end": "テキストを終わらせるトークン。none ならよく使われる名前で探します",
    "tokenizer.load_tokenizer.mask": "ほかを隠すトークン。none ならよく使われる名前で探します",
    "tokenizer.load_tokenizer.pad": "行を埋めるトークン。none ならよく使われる名前で探します",
    # Models
    **_of(
        "model",
        ("decoder", "encoder"),
        {
            "layers": "重ねるブロックの数",
            "hidden_size": "隠れ状態の幅",
            "heads": "注意ヘッドの数。`hidden_size` を割り切る数",
            "context_length": "1 行の最大トークン数",
            "dropout": "埋め込みと、各層が加える値に対するドロップアウト",
            "kv_heads": "ヘッドの組が共有するキー・バリューのヘッド数。none なら各ヘッドに 1 つ",
            "ffn_size": "フィードフォワード層の内側の幅。none なら hidden_size の 4 倍、swiglu では 8/3 倍",
            "norm": "正規化の種類",
            "activation": "フィードフォワード層の活性化関数",
            "positions": "位置ごとの埋め込み、または回転位置埋め込み",
            "bias": "線形層と正規化にバイアスを持たせるかどうか",
            "tied_embeddings": "語彙への射影にトークンの埋め込みをそのまま使うかどうか",
        },
    ),
    "model.encoder.norm_placement": "正規化を、各層が加える値の前に置くか、足した後に置くか",
    # Objectives
    "objective.classification.pair": "最初のテキストの後に読む、2 つ目のテキストの列",
    "objective.classification.pooling": "どの隠れ状態でテキストを代表させるか",
    "objective.classification.keep": "長すぎるテキストのどちら側を残すか",
    "objective.classification.dropout": "ヘッドが読む値に対するドロップアウト。none ならモデルと同じ",
    "objective.classification.label_smoothing": "目標のうち、訓練で全ラベルに分ける割合",
    **_of(
        "objective",
        ("causal_lm", "prefix_lm", "fill_in_middle", "masked_lm"),
        {
            "label_smoothing": "各目標のうち、訓練で全トークンに分ける割合",
            "z_loss": "訓練で加える、ソフトマックスの和の対数の二乗の重み。PaLM では 1e-4",
        },
    ),
    "objective.prefix_lm.rate": "文書のうち、予測させる割合の平均",
    "objective.fill_in_middle.rate": "中間部を移す文書の割合",
    "objective.fill_in_middle.suffix_first": "そのうち、後半部を先に置くもの（SPM）の割合",
    "objective.masked_lm.rate": "行のトークンのうち、推測させる割合",
    "objective.masked_lm.whole_word": "単語の全トークンをまとめて隠す",
    "objective.masked_lm.spans": "SpanBERT のように、平均 3.8 トークン（`whole_word` では単語）の連なりをまとめて隠す",
    "objective.masked_lm.masks": "隠すものを毎回新しく選ぶ（dynamic）か、行ごとに一度だけ選ぶ（static）か",
    # Optimizers and schedules
    **_of(
        "optimizer",
        ("adamw", "muon", "lion", "sgd", "adafactor"),
        {"groups": "パラメータ名のパターンごとに、代わりに使う `lr` や `weight_decay`"},
    ),
    **_of("optimizer", ("adamw", "muon", "lion", "sgd"), {"lr": "スケジュールの頂点での学習率"}),
    **_of("optimizer", ("adamw", "muon"), {"betas": "勾配の平均と、その 2 乗の平均が、どれだけゆっくり忘れるか"}),
    **_of(
        "optimizer",
        ("adamw", "muon", "lion", "adafactor"),
        {"weight_decay": "1 ステップに、重みに lr を掛けた値のうち失われる割合"},
    ),
    "optimizer.muon.momentum": "行列のモーメンタムが、どれだけゆっくり忘れるか",
    "optimizer.muon.nesterov": "最新の勾配をもう一度数えるかどうか",
    "optimizer.lion.betas": "1 ステップに占めるモーメンタムの割合と、モーメンタムがどれだけゆっくり忘れるか",
    "optimizer.sgd.momentum": "前のステップのうち、次に持ち越す割合",
    "optimizer.sgd.nesterov": "モーメンタムが導く先での勾配を使うかどうか（モーメンタムが必要です）",
    "optimizer.sgd.weight_decay": "勾配に加える、重みの割合",
    "optimizer.adafactor.lr": "スケジュールの頂点での、重みに対する学習率",
    "optimizer.adafactor.beta2_decay": "2 乗の平均は、ステップの beta2_decay 乗で忘れます",
    "optimizer.adafactor.threshold": "更新の二乗平均平方根がこれを超えると、縮めます",
    **_of("optimizer", ("adamw", "muon"), {"eps": "0 による割り算を防ぐ値"}),
    **_of(
        "schedule",
        (
            "constant",
            "cosine",
            "cosine_restarts",
            "inverse_sqrt",
            "linear",
            "reduce_on_plateau",
            "warmup_stable_decay",
        ),
        {"warmup": "学習率が直線的に上がる長さ"},
    ),
    **_of(
        "schedule",
        ("cosine", "cosine_restarts", "linear", "warmup_stable_decay"),
        {"final": "終わりに残る学習率の割合"},
    ),
    "schedule.cosine_restarts.cycles": "下げる回数",
    "schedule.cosine_restarts.growth": "周期が前の周期の何倍の長さになるか",
    "schedule.reduce_on_plateau.patience": "改善のない検証が何回続いたら下げるか",
    "schedule.reduce_on_plateau.shrink": "下げるたびに残る学習率の割合",
    "schedule.reduce_on_plateau.least": "どれだけ下げても残る学習率の割合",
    "schedule.warmup_stable_decay.decay": "予算のうち、ウォームアップの後で下げる部分の割合",
    # Decoding
    **_of(
        "decoding",
        ("greedy", "sample"),
        {
            "max_tokens": "書くトークンの最大数",
            "stop": "この文字列が現れたら、その手前で書くのをやめます",
            "repetition_penalty": "1 より大きいと、すでに出たトークンが選ばれにくくなります",
        },
    ),
    "decoding.sample.temperature": "1 より小さいと手堅く、大きいと奔放になります",
    "decoding.sample.top_k": "確率の高いものからこの個数だけを候補にします。none ならすべて",
    "decoding.sample.top_p": "合わせてこの確率になる最少のトークンだけを候補にします",
    "decoding.sample.min_p": "最も確率の高いトークンの、この割合以上の確率を持つものだけを候補にします",
    "decoding.sample.seed": "選ぶときの乱数シード。none なら実験のもの",
    # Stages, evals, exports
    **_of(
        "stage",
        ("train", "finetune"),
        {
            "data": "学習に使うデータ。分割 `train` で訓練し、`validation` で選びます",
            "objective": "何を学習するか",
            "optimizer": "重みが勾配にどう従うか",
            "schedule": "学習率がどう変化するか",
            "batch": "全デバイスを合わせて 1 ステップに使う量。行単位に切り捨てられます",
            "budget": "訓練の長さ。リストなら、最初に達したもの",
            "validate": "検証の間隔。none なら 1 エポックに 1 回で、少なくとも 10 回",
            "select": "検証用の行で `best` を選ぶ基準",
            "patience": "改善のない検証が何回続いたら止めるか",
            "clip": "勾配を抑えるノルムの上限",
            "clip_value": "勾配の各値を切り詰める大きさ。ノルムを抑える前に行います",
            "ema": "重みの移動平均の減衰率。検証にも保存にも、重みの代わりに平均を使います",
            "activation_checkpointing": "メモリを節約するため、逆伝播のときに層が計算し直すもの。ブロック全体か、軽い計算だけ",
            "offload": "オプティマイザーの状態をホストのメモリに置くかどうか",
            "micro_batch": "一度にモデルに通す行数。none ならバッチ全体",
            "save": "再開のために保存する間隔。none なら約 1 分ごと",
            "compile": "torch.compile でネットワークをコンパイルするかどうか",
        },
    ),
    "stage.train.model": "訓練するモデル",
    "stage.train.tokenizer": "テキストをトークンに変えるもの",
    "stage.finetune.from": "始まりとなるチェックポイント",
    "eval.evaluate.checkpoint": "測定するチェックポイント",
    "eval.evaluate.data": "測定に使う行",
    "eval.evaluate.metrics": "測定する指標",
    "eval.evaluate.objective": "行の読み方。none なら訓練したときと同じ",
    "eval.evaluate.batch": "一度に処理する行数",
    "eval.generate.checkpoint": "書くチェックポイント",
    "eval.generate.prompts": "テキストの書き出し",
    "eval.generate.decoding": "トークンの選び方",
    "export.safetensors.to": "書き込むフォルダー",
    "export.safetensors.checkpoint": "書き出すチェックポイント",
    # Sweeps
    "sweep.grid.over": "ファイルの param と、それぞれで試す値のリスト",
    "sweep.random.over": "ファイルの param と、それぞれの値のリスト、または値を引く分布",
    "sweep.random.trials": "引く組み合わせの数",
    "sweep.random.seed": "別のシードなら、別の組み合わせを引く",
    **{
        f"{sweep}.{field}": text
        for sweep in ("sweep.grid", "sweep.random")
        for field, text in {
            "seeds": "各試行を実行するシードの数。実験のシード、その次、…",
            "minimise": "最良の試行で最も小さくなる数",
            "maximise": "最良の試行で最も大きくなる数",
        }.items()
    },
    **{
        f"distribution.{name}.{field}": text
        for name in ("uniform", "log_uniform", "integers")
        for field, text in {"low": "最小の値", "high": "最大の値"}.items()
    },
    **_of(
        "sweep",
        ("grid", "random"),
        {
            "seeds": "各試行で使うシードの数。実験のシードから順に使います",
            "minimise": "最良の試行で最小になる数値",
            "maximise": "最良の試行で最大になる数値",
        },
    ),
    **_of("distribution", ("uniform", "log_uniform", "integers"), {"low": "最小値", "high": "最大値"}),
    # Experiment
    "backend.torchrun.processes": "プロセスの数。GPU では 1 台に 1 つ",
    "backend.torchrun.strategy": "ddp は各プロセスがネットワーク全体を持ち、fsdp は各テンソルを分けて持ちます（大きなモデル向け）",
    "backend.torchrun.max_restarts": "プロセスが落ちたとき、最後の保存から再開する回数の上限",
    "experiment.experiment.seed": "すべてのステージのシード。データとトークナイザーには別のシードがあります",
    "experiment.experiment.device": "モデルを動かす場所。auto なら使えるものの中で最良のもの",
    "experiment.experiment.backend": "ステージを訓練するプロセスの数。none なら 1 プロセス",
    "experiment.experiment.budget": "1 回の実行の長さ。過ぎると保存して止まり、同じコマンドで続きから再開します。none なら終わるまで",
    "experiment.experiment.precision": "訓練の演算精度。auto なら、デバイスが対応していれば bf16、そうでなければ float32",
    "experiment.experiment.deterministic": "実行のたびに結果が変わりうる演算を拒否する",
}
