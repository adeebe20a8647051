"""Makes nodal.csv: currents of small crossbars with wires, by NumPy's dense solver.

Independent of Rebias: all nodes at once, ordinary nodal analysis. Usage: python3 nodal.py > nodal.csv

Word line r is driven at its left end through one segment and ends open; bit line c is held at 0 V at its lower end
through one segment; idle word lines are driven with 0 V. Each row of the table is one cell of one array: its
conductance and the current of its bit line for 1 V on its word line alone.
"""

import numpy as np

ARRAYS = [
    # name, word lines, bit lines, segment in ohms, highest cell in microsiemens
    ("square", 8, 8, 2.5, 100.0),
    ("tall", 20, 3, 10.0, 40.0),
    ("wide", 4, 24, 1.0, 500.0),
    ("poor", 12, 12, 40.0, 1000.0),
]


def currents(cells, segment):
    """[word line][bit line]: current of each bit line for 1 V on each word line, in siemens."""
    n_words, n_bits = cells.shape
    n_cells = n_words * n_bits
    matrix = np.zeros((2 * n_cells, 2 * n_cells))
    sources = np.zeros((2 * n_cells, n_words))
    wire = 1.0 / segment

    def word(r, c):
        return r * n_bits + c

    def bit(r, c):
        return n_cells + r * n_bits + c

    def connect(a, b, conductance):
        matrix[a, a] += conductance
        matrix[b, b] += conductance
        matrix[a, b] -= conductance
        matrix[b, a] -= conductance

    for r in range(n_words):
        matrix[word(r, 0), word(r, 0)] += wire
        sources[word(r, 0), r] = wire
        for c in range(n_bits):
            connect(word(r, c), bit(r, c), cells[r, c])
            if c + 1 < n_bits:
                connect(word(r, c), word(r, c + 1), wire)
            if r + 1 < n_words:
                connect(bit(r, c), bit(r + 1, c), wire)
    for c in range(n_bits):
        matrix[bit(n_words - 1, c), bit(n_words - 1, c)] += wire
    voltages = np.linalg.solve(matrix, sources)
    # One step of refinement takes off what rounding left.
    voltages += np.linalg.solve(matrix, sources - matrix @ voltages)
    return wire * voltages[[bit(n_words - 1, c) for c in range(n_bits)], :].T


def main():
    random = np.random.default_rng(2024)
    print("array,segment_ohm,word_line,bit_line,cell_microsiemens,current_microamperes_per_volt")
    for name, n_words, n_bits, segment, highest in ARRAYS:
        levels = random.integers(0, 4, (n_words, n_bits))
        cells = highest * (0.02 + 0.98 * levels / 3)
        found = currents(cells * 1e-6, segment) * 1e6
        for r in range(n_words):
            for c in range(n_bits):
                print(f"{name},{segment},{r},{c},{cells[r, c]!r},{found[r, c]!r}".replace("np.float64(", "").replace(")", ""))


if __name__ == "__main__":
    main()
