"""The report as an HTML page: template, styles and scripts."""
