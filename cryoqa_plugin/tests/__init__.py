"""Tests for ``scipion tests``: what is installed runs in the Scipion that it was installed into."""
