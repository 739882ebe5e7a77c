"""Sweeps and distributions: L0571-L0573."""

MESSAGES: dict[str, str] = {
    "L0571": "どの試行を最良とするかが書かれていません",
    "L0571.both": "最良の試行は 1 つの数値で選びますが、2 つ書かれています",
    "L0571.help": "`minimise = …` か `maximise = …` のどちらか一方を書いてください",
    "L0572": "{count} 個の試行のどれからも値が得られませんでした。最初の試行: {reason}",
    "L0572.help": "各試行で何が起きたかは、上に示されています",
    "sweep.missing": "`{name}` は、そのタスクの出力にありません",
    "L0795": "スイープは {folds} 個のフォールドを順に使いますが、`{data}` は行を {given} 個に分けています",
    "L0795.help": "両方に同じ数を書いてください",
    "L0796": "試行の間に違いがありません",
    "L0796.help": "パラメーターを変えるか（`over = {{ … }}`）、`seeds` または `folds` を指定してください",
    "L0796.folds": "`{objective}` のもとになるデータは、フォールドに分けられていません",
    "L0796.folds.help": "`split` の代わりに `data corpus = reviews |> folds(5)` と書いて分けてください",
    "L0573": "{low} と {high} の間には何もありません",
    "sweep.not_finite": "値が {value} なので、比較できません",
}
