"""Twin of core/local_falloff: the same likelihood, maximised by scipy at each point."""
import numpy as np
from scipy.optimize import minimize


def fit(total, noise, signal, count, offset, ridge=(0.05, 0.02)):
    """Gains and slopes, float64 [v] each."""
    out = []
    for v in range(total.shape[1]):
        def cost(x, v=v):
            expected = signal * np.exp(x[0] + x[1] * offset) + noise[:, v]
            return float((count * (np.log(expected) + total[:, v] / expected)).sum() + (ridge[0] * x[0] ** 2 + ridge[1] * x[1] ** 2) / 2)
        out.append(minimize(cost, np.zeros(2), method="Nelder-Mead", options=dict(xatol=1e-6, fatol=1e-10, maxiter=2000)).x)
    return tuple(np.array(out).T)
