"""Sphinx: how the pages of this folder become a site. ``sphinx-build -W --keep-going -b html docs build/docs``."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(HERE, "extensions")]

import cryoqa_plugin  # noqa: E402  the checkout beside this folder, whatever is installed

project = "cryoqa"
author = "the cryoqa developers"
copyright = author
version = release = cryoqa_plugin.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "page_links", "capability_reference", "notebook_pages"]
exclude_patterns = ["extensions", "notebooks", "pictures"]
highlight_language = "text"
html_theme = "furo"
html_title = "cryoqa " + version
html_show_copyright = False
html_copy_source = False

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_rtype = False
