# SPDX-License-Identifier: BSD-2-Clause
"""Pictures: bars, and curves of a cost against a size."""

import math
from xml.sax.saxutils import escape

COLOURS = ["#2563eb", "#f59e0b", "#10b981", "#ef4444", "#8b5cf6"]


def _svg(width, height, shapes):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
            f'font-size="12"><rect width="100%" height="100%" fill="white"/>' + "\n".join(shapes) + "</svg>\n")


def _text(x, y, text, extra=""):
    return f'<text x="{x:.0f}" y="{y:.0f}" {extra}>{escape(text)}</text>'


def bars(groups):
    """@groups: (title, unit, [(name, value, colour)]); each group has its own scale."""
    shapes, y = [], 24
    for title, unit, group in groups:
        longest = max(value for _, value, _ in group) or 1
        shapes.append(_text(8, y, title, 'font-weight="bold"'))
        for name, value, colour in group:
            y += 18
            width = max(1, 440 * value / longest)
            shapes.append(_text(8, y, name))
            shapes.append(f'<rect x="80" y="{y - 11}" width="{width:.0f}" height="13" fill="{colour}"/>')
            shapes.append(_text(88 + width, y, f"{value:.1f} {unit}"))
        y += 28
    return _svg(680, y, shapes)


def ratios(title, rows):
    """@rows: (name, times, colour); a logarithmic scale that begins at a tenth."""
    shapes, y = [_text(8, 20, title, 'font-weight="bold"')], 24
    scale = 320 / max(math.log10(10 * max(value for _, value, _ in rows)), 1)
    shapes.append(f'<path d="M{300 + scale:.0f} 30V{36 + 18 * len(rows)}" stroke="#6b7280"/>')
    for name, value, colour in rows:
        y += 18
        width = max(1, scale * math.log10(10 * max(value, 0.1)))
        shapes.append(_text(292, y, name, 'text-anchor="end"'))
        shapes.append(f'<rect x="300" y="{y - 11}" width="{width:.0f}" height="13" fill="{colour}"/>')
        shapes.append(_text(306 + width, y, f"{value:.1f} x"))
    return _svg(700, y + 20, shapes)


def count(n):
    """1 k, 2 M"""
    for unit, size in (("M", 10 ** 6), ("k", 10 ** 3)):
        if n >= size:
            return f"{n / size:g} {unit}"
    return f"{n:g}"


def _ticks(top):
    """About four round numbers up to @top."""
    step = 10 ** math.floor(math.log10(top / 4))
    step *= next(m for m in (1, 2, 5, 10) if step * m * 4 >= top)
    return [step * i for i in range(1, int(top / step) + 1)]


def curves(title, unit, lines):
    """@lines: {name: [(size, value)]}; sizes on a logarithmic scale, values from nought."""
    left, top, width, height = 56, 40, 480, 220
    sizes = sorted({size for points in lines.values() for size, _ in points})
    most = max(value for points in lines.values() for _, value in points) * 1.05 or 1
    low, high = math.log10(sizes[0]), math.log10(sizes[-1] if len(sizes) > 1 else sizes[0] * 10)

    def x(size):
        return left + width * (math.log10(size) - low) / (high - low)

    def y(value):
        return top + height * (1 - value / most)

    shapes = [_text(8, 20, f"{title}, {unit}", 'font-weight="bold"'),
              f'<path d="M{left} {top}V{top + height}H{left + width}" fill="none" stroke="#6b7280"/>']
    for size in sizes:
        if math.log10(size) % 1 < 1e-9 or size == sizes[-1]:
            shapes.append(_text(x(size), top + height + 16, count(size), 'text-anchor="middle"'))
    for value in _ticks(most):
        shapes.append(f'<path d="M{left} {y(value):.0f}h{width}" stroke="#e5e7eb"/>')
        shapes.append(_text(left - 6, y(value) + 4, count(value), 'text-anchor="end"'))
    for i, (name, points) in enumerate(lines.items()):
        colour = COLOURS[i % len(COLOURS)]
        path = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in points)
        shapes.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        shapes.extend(f'<circle cx="{x(size):.1f}" cy="{y(value):.1f}" r="3" fill="{colour}"/>'
                      for size, value in points)
        shapes.append(_text(left + width + 16, top + 16 + 18 * i, name, f'fill="{colour}"'))
    return _svg(left + width + 190, top + height + 28, shapes)
