"""Line plots over time as SVG, without libraries."""

from xml.sax.saxutils import escape

LEFT, RIGHT, TOP, GAP, BOTTOM = 80, 40, 70, 50, 80
FONT = 'font-family="sans-serif"'


def _step(highest, most):
    """A round distance of ticks, so that at most so many fit."""
    size = 1
    while True:
        for factor in (1, 2, 5):
            if highest / (size * factor) <= most:
                return size * factor
        size *= 10


class Panel:
    def __init__(self, title, height):
        self.title, self.height, self.lines = title, height, []

    def line(self, points, colour, dashed=False):
        """`points`: [(seconds, value)]"""
        self.lines.append((points, colour, dashed))
        return self

    def highest(self):
        return max((value for points, _, _ in self.lines for _, value in points), default=0) or 1


def plot(title, panels, marks, legend, width=960):
    """`marks`: [(seconds, text)] as vertical lines; `legend`: [(colour, dashed, text)]. The SVG's text."""
    end = max((at for panel in panels for points, _, _ in panel.lines for at, _ in points), default=1)
    inner = width - LEFT - RIGHT
    bottom = BOTTOM + 20 * ((len(legend) + 1) // 2)
    height = TOP + sum(panel.height + GAP for panel in panels) + bottom - GAP
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        _text(width / 2, 26, title, 17, "middle"),
    ]

    def x(seconds):
        return LEFT + inner * seconds / end

    top = TOP
    for panel in panels:
        out += _panel(panel, top, inner, end, x)
        top += panel.height + GAP
    axis = top - GAP
    for seconds in range(0, int(end) + 1, _step(end, 12)):
        out.append(_text(x(seconds), axis + 18, f"{seconds} s", 12, "middle"))
    for number, (seconds, text) in enumerate(marks, 1):
        out.append(_line(x(seconds), TOP - 12, x(seconds), axis, "#888", "4 4"))
        out.append(_text(x(seconds), TOP - 18, str(number), 13, "middle"))
    out.append(_text(LEFT, axis + 44, " \u00b7 ".join(f"{i} {text}" for i, (_, text) in enumerate(marks, 1)), 12))
    for i, (colour, dashed, text) in enumerate(legend):
        left, base = LEFT + (i % 2) * inner / 2, axis + 72 + 20 * (i // 2)
        out.append(_line(left, base - 4, left + 28, base - 4, colour, "6 4" if dashed else None, 2.5))
        out.append(_text(left + 36, base, text, 13))
    return "\n".join([*out, "</svg>", ""])


def _panel(panel, top, inner, end, x):
    highest, floor = panel.highest() * 1.05, top + panel.height
    out = [_text(LEFT, top - 4, panel.title, 12)]

    def y(value):
        return floor - panel.height * value / highest

    step = _step(highest, 6)
    for i in range(int(highest / step) + 1):
        out.append(_line(LEFT, y(i * step), LEFT + inner, y(i * step), "#ddd"))
        out.append(_text(LEFT - 8, y(i * step) + 4, f"{i * step:,}", 12, "end"))
    for points, colour, dashed in panel.lines:
        path = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in points)
        style = ' stroke-dasharray="6 4"' if dashed else ""
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{style}/>')
    return out


def _line(x1, y1, x2, y2, colour, dashes=None, width=1):
    style = f' stroke-dasharray="{dashes}"' if dashes else ""
    place = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {place} stroke="{colour}" stroke-width="{width}"{style}/>'


def _text(x, y, text, size, anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" {FONT}>{escape(text)}</text>'
