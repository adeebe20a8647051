"""Makes curved.csv: currents of small crossbars with wires, access devices and cells of a non-linear I-V, by NumPy.

Independent of Rebias: all nodes at once, those between cells and access devices among them, by Newton's method with a
dense Jacobian. Usage: python3 curved.py > curved.csv

Wires are those of nodal.py. A cell of conductance g at voltage u (in volts; 1 V is the read voltage) conducts
g * (a1*u + a2*u*|u| + a3*u^3). Each row of the table is one cell of one array: its conductance, the voltage of its word
line's driver and the current of its bit line in that one read.
"""

import numpy as np

ARRAYS = [
    # name, word lines, bit lines, segment in ohms, access device in ohms, highest cell in microsiemens, a1, a2, a3
    ("cubic", 8, 8, 5.0, 100.0, 300.0, 0.7, 0.0, 0.3),
    ("quadratic", 12, 5, 10.0, 2000.0, 100.0, 0.4, 0.6, 0.0),
    ("both", 6, 16, 20.0, 500.0, 500.0, 0.5, 0.2, 0.3),
]


def solve(cells, drives, segment, access, curve):
    """Current of each bit line in amperes."""
    a1, a2, a3 = curve
    n_words, n_bits = cells.shape
    n = n_words * n_bits
    wire, device = 1.0 / segment, 1.0 / access

    def word(r, c):
        return r * n_bits + c

    def bit(r, c):
        return n + r * n_bits + c

    def between(r, c):
        return 2 * n + r * n_bits + c

    linear = np.zeros((3 * n, 3 * n))
    sources = np.zeros(3 * n)

    def connect(a, b, conductance):
        linear[a, a] += conductance
        linear[b, b] += conductance
        linear[a, b] -= conductance
        linear[b, a] -= conductance

    for r in range(n_words):
        linear[word(r, 0), word(r, 0)] += wire
        sources[word(r, 0)] += wire * drives[r]
        for c in range(n_bits):
            connect(word(r, c), between(r, c), device)
            if c + 1 < n_bits:
                connect(word(r, c), word(r, c + 1), wire)
            if r + 1 < n_words:
                connect(bit(r, c), bit(r + 1, c), wire)
    for c in range(n_bits):
        linear[bit(n_words - 1, c), bit(n_words - 1, c)] += wire

    top, bottom = np.arange(2 * n, 3 * n), np.arange(n, 2 * n)
    g = cells.ravel()
    voltages = np.zeros(3 * n)
    for _ in range(100):
        u = voltages[top] - voltages[bottom]
        current = g * (a1 * u + a2 * u * abs(u) + a3 * u**3)
        slope = g * (a1 + 2 * a2 * abs(u) + 3 * a3 * u**2)
        left = linear @ voltages - sources
        left[top] += current
        left[bottom] -= current
        jacobian = linear.copy()
        jacobian[top, top] += slope
        jacobian[bottom, bottom] += slope
        jacobian[top, bottom] -= slope
        jacobian[bottom, top] -= slope
        step = np.linalg.solve(jacobian, left)
        voltages -= step
        if np.abs(step).max() < 1e-15:
            break
    return wire * voltages[[bit(n_words - 1, c) for c in range(n_bits)]]


def main():
    random = np.random.default_rng(2026)
    print("array,segment_ohm,access_ohm,a1,a2,a3,word_line,bit_line,cell_microsiemens,drive_volts,current_microamperes")
    for name, n_words, n_bits, segment, access, highest, *curve in ARRAYS:
        cells = highest * (0.02 + 0.98 * random.integers(0, 4, (n_words, n_bits)) / 3)
        drives = random.integers(0, 4, n_words) / 3
        found = solve(cells * 1e-6, drives, segment, access, curve) * 1e6
        for r in range(n_words):
            for c in range(n_bits):
                numbers = [segment, access, *curve, r, c, float(cells[r, c]), float(drives[r]), float(found[c])]
                print(",".join([name, *map(repr, numbers)]))


if __name__ == "__main__":
    main()
