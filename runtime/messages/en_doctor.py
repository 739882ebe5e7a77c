"""Texts of `llx doctor`, by key."""

MESSAGES: dict[str, str] = {
    "doctor.fine": "This machine can run experiments.",
    "doctor.help": "help",
    "doctor.missing": "not installed",
    "doctor.install": "install llx anew: pip install llx-lang",
    "doctor.extra": "only some things need it: pip install 'llx-lang[{extra}]'",
    "doctor.broken": "can't be imported: {error}",
    "doctor.cores": "{cores} cores, {threads} used by torch",
    "doctor.speed": "{float32} in float32, {bfloat16} in bfloat16 (products of matrices, measured now); "
    "`precision = auto` is {auto} here",
    "doctor.kernels.none": "none chosen yet: that happens when a training first meets a size",
    "doctor.kernel": "{what}: {way} (least times of a pass forward and back: {times})",
    "doctor.gpu": "{name}, {memory}",
    "doctor.free": "{path}, {free} free",
    "doctor.space": "a run with checkpoints may need more; `llx gc` frees what is no longer needed",
    "doctor.unwritable": "{path} can't be written: {reason}",
    "doctor.store": "make it writable, or put the store elsewhere with LLX_STORE",
}
