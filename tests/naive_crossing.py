"""A loop that finds the first fall of a curve below a threshold."""


def first_fall(x, y, threshold, start=1):
    """Abscissa of the first fall after the curve has been above; None when there is none."""
    seen = False
    for i in range(start, len(y)):
        if y[i] >= threshold:
            seen = True
        elif seen:
            return x[i - 1] + (x[i] - x[i - 1]) * (y[i - 1] - threshold) / (y[i - 1] - y[i])
    return None
