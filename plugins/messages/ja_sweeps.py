"""Sweeps and distributions: L0571-L0573."""

MESSAGES: dict[str, str] = {
    "L0571": "どの試行を最良とするかが書かれていません",
    "L0571.both": "最良の試行は 1 つの数値で選びますが、2 つ書かれています",
    "L0571.help": "`minimise = …` か `maximise = …` のどちらか一方を書いてください",
    "L0572": "{count} 個の試行のどれからも値が得られませんでした。最初の試行: {reason}",
    "L0572.help": "各試行で何が起きたかは、上に示されています",
    "sweep.missing": "`{name}` は、そのタスクの出力にありません",
    "L0573": "{low} と {high} の間には何もありません",
    "sweep.not_finite": "値が {value} なので、比較できません",
}
