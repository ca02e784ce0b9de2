"""Published methods, one a file: XParams, XResult, compute_x."""
