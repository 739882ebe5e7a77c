"""学習の当てはまりに関する文。"""

MESSAGES: dict[str, str] = {
    "fitting.warning": "{opening}。過学習が始まっています。{change}",
    "fitting.opens": "ステップ {step} までに検証損失がステップ {best_step} の {best} から {validation} に上がり、その間に訓練損失は {training_then} から {training} に下がりました",
    "fitting.stop": "ステージに `patience = 3` と書けばそこで止まります。`dropout`、`token_dropout`、`augment`、またはデータの追加で、この点を先に延ばせます（docs/ja/overfitting.md）",
    "fitting.stops": "`dropout`、`token_dropout`、`augment`、またはデータの追加で、この点を先に延ばせます（docs/ja/overfitting.md）",
    "fitting.gap": "終了時（ステップ {step}）の訓練損失は {training}、検証損失は {validation} です。訓練用の行を丸暗記しています",
    "fitting.best": "`best` はステップ {step} の重みです。`last` ではなく、こちらを使ってください",
    "fitting.overfits.ended": "`patience` によって止まっています。ファイルでは、モデルの `dropout`、`weight_decay`、`token_dropout = 10%`、訓練用の行の `augment`、データの追加、モデルの縮小が使えます（docs/ja/overfitting.md）",
    "fitting.overfits.change": "ファイルでは、`patience = 3`、エポック数を減らす、モデルの `dropout`、`weight_decay`、`token_dropout = 10%`、訓練用の行の `augment`、データの追加、モデルの縮小が使えます（docs/ja/overfitting.md）",
    "fitting.falls": "検証損失は最後まで下がり続けていました（ステップ {step} の {old} から {new} へ）",
    "fitting.trivial": "検証損失 {validation} は、自明なモデルの {trivial} とほとんど変わりません",
    "fitting.underfits.change": "ファイルでは、`budget` を増やす、`lr` を上げる（または `lr = auto`）、`dropout` と `weight_decay` を減らす、モデルを大きくする、学習済みの重みから始める、のいずれかを試せます（docs/ja/overfitting.md）",
    "fitting.fits": "検証損失はステップ {step} で最小（{best}）になり、その後も誤差を超えて上がってはいません",
    "fitting.few": "検証が {count} 回では何も言えません。{least} 回から判断できます",
}
