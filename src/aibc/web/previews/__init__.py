"""Handed-in files as a reviewer sees them: in a frame without an origin, at most 5 MB of each.

`preview_url` and `comparison_url` make the address of such a frame, after their caller has made
sure that the viewer may see the files. What a frame shows is text that was escaped here, a picture
inside an `<img>`, or the pages that pdf.js draws; nothing a learner wrote is ever markup or script.
"""

from aibc.web.previews.links import LIFETIME, comparison_url, preview_url

__all__ = ["LIFETIME", "comparison_url", "preview_url"]
