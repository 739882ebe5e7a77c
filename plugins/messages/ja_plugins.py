"""Texts on plugins, by key."""

MESSAGES: dict[str, str] = {
    # L0590: what the author of a component says of a value
    "L0590": "{said}",
    # L0710-L0722: distributions and their plugins
    "L0710": "ディストリビューション `{distribution}` がインストールされていません",
    "L0710.help": "インストールしてください: pip install {distribution}",
    "L0711": "`{distribution}` のバージョン {version} がインストールされていますが、{wanted} が求められています",
    "L0711.help": '別のバージョンを入れてください: pip install "{distribution}{wanted}"',
    "L0712": "`{distribution}` はグループ `llx` にエントリーポイントを {count} 個登録しています(プラグインは 1 個です)",
    "L0712.help": "作者が pyproject.toml の [project.entry-points.llx] に 1 個だけ登録します",
    "L0713": "`{distribution}` が登録した `{what}` は、この言語で名前を持つコンポーネントでも種別でもありません",
    "L0713.help": "作者に知らせてください。ほかのコンポーネントは使えます",
    "L0714": "`{distribution}` のプラグインをインポートできません(`{module}`): {error}",
    "L0714.help": "`{distribution}` を入れ直すか更新するか、`use` の行を消してください",
    "L0715": "`{component}`(ディストリビューション `{distribution}`)のコードが失敗しました: {error}",
    "L0715.help": "ファイルではなくコンポーネント側の誤りです。作者に知らせてください",
    "L0716": "`{distribution}` の `{what}` はすでに登録されています",
    "L0716.help": "`use` の一方を消すか、作者に知らせてください。先に登録されたものが残ります",
    "L0717": "`{distribution}` はインポート中に文字を出力します: {printed}",
    "L0717.help": "出力は表示していません。作者に知らせてください",
    "L0718": "`{distribution}` のフック `{hook}` が失敗しました: {error}",
    "L0718.help": "作者に知らせてください。ほかのフックが提供するものは使えます",
    "L0719": "`{distribution}` の `{component}` は、名乗っている種別 `{kind}` のものではありません",
    "L0719.help": "作者に知らせてください。コンポーネントは種別の基底クラスを継承し、新しい種別は登録が必要です",
    "L0720": "`{distribution}` のフィールド `{field}` は、この言語の型になりません: {reason}",
    "L0720.help": "作者に知らせてください。`{distribution}` のほかのコンポーネントは使えます",
    "L0721": "`{distribution}` のコンポーネント `{component}` には説明がありません",
    "L0721.help": "作者がクラスの docstring に書きます",
    "L0722": "`{distribution}` に複数の問題があります: {problems}",
    "L0723": "`{distribution}` のメッセージ `{key}` のキーが `{prefix}:` で始まっていません",
    "L0723.help": "作者に知らせてください。このメッセージは使われません",
}
