#!/usr/bin/env python3
"""Draws Vega-Lite specifications as files: draw_charts.py png|svg LIST.json, a list of {"file", "spec"}."""
import json
import sys

import vl_convert


def main():
    kind, path = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        charts = json.load(file)
    for chart in charts:
        try:
            if kind == "png":
                content = vl_convert.vegalite_to_png(chart["spec"], scale=2, allowed_base_urls=[])
            else:
                content = vl_convert.vegalite_to_svg(chart["spec"], allowed_base_urls=[]).encode()
            with open(chart["file"], "wb") as file:
                file.write(content)
        except (OSError, ValueError) as error:
            sys.exit(f"cannot draw {chart['file']!r}: {error}")


if __name__ == "__main__":
    main()
