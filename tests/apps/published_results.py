"""The layout of the original's raw results with its published means (docs/workloads.md).

The original's own file has no licence to be copied: here are 500 steps a series, 100 slow ones first, whose last 400 have
these means and deviations.
"""
VERSIONS = ("0.1.12_2", "0.2.0_4", "0.3.1.post2", "0.4.0")
SERIES = (
    ("pytorch_cudnnLSTM", "1x320-LSTM_cross-entropy", 572800, (145.52, 145.32, 86.83, 79.54)),
    ("pytorch_LSTMCell-fused", "1x320-LSTM_cross-entropy", 572800, (299.16, 263.37, 170.17, 168.85)),
    ("pytorch_LSTMCell-basic", "1x320-LSTM_cross-entropy", 572800, (534.12, 676.67, 309.53, 306.98)),
    ("pytorch_cudnnLSTM", "4x320-BIDIR-LSTM_cross-entropy", 8533760, (813.36, 812.00, 558.00, 534.47)),
    ("pytorch_cudnnLSTM", "4x320-BIDIR-LSTM_CTC", 8565120, (None, 2508.95, 623.84, 596.53)),
)


def csv_text():
    lines = ["bench,experiment,name,parameters,runtime,version"]
    for bench, experiment, parameters, means in SERIES:
        for version, mean in zip(VERSIONS, means):
            if mean is None:
                continue
            for step in range(500):
                ms = 3 * mean if step < 100 else mean * (1.01 if step % 2 else 0.99)
                lines.append(f"{bench},{experiment},bench_{bench}.py,{parameters},{ms / 1000!r},{version}")
    return "\n".join(lines) + "\n"


def chart(experiment):
    """Names and labels of the original's chart from top to bottom: implementations by their mean over all versions, the
    newest version first; "80ms ::: 1.0x", the ratio to the shortest bar."""
    series = [(bench, [(v, m) for v, m in zip(VERSIONS, means) if m]) for bench, name, _, means in SERIES if name == experiment]
    series.sort(key=lambda one: sum(mean for _, mean in one[1]) / len(one[1]))
    least = min(mean for _, bars in series for _, mean in bars)
    return [(f"{bench.replace('_', '/', 1)}  {version}", f"{mean:.0f}ms ::: {mean / least:.1f}x")
            for bench, bars in series for version, mean in reversed(bars)]
