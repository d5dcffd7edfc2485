"""The HTML report in a real browser: every chart is drawn, nothing is fetched, nothing fails."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tickmargin.cli.app import app

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
OFFLINE = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--virtual-time-budget=20000",
)


@pytest.mark.skipif(BROWSER is None, reason="CHROMIUM ABSENT: the report was not opened")
def test_every_chart_of_the_demo_s_report_is_drawn(tmp_path: Path) -> None:
    page = tmp_path / "demo.html"
    arguments = ["demo", "--accounts", "300", "--positions", "3000", "--out", str(page)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    command = [str(BROWSER), *OFFLINE, f"--user-data-dir={tmp_path / 'profile'}"]
    shown = subprocess.run(
        [*command, "--enable-logging=stderr", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    charts = len(re.findall(r'class="figure\b[^"]*"', shown.stdout))
    drawn = len(re.findall(r'class="figure js-plotly-plot"', shown.stdout))
    assert charts >= 6
    assert drawn == charts
    assert "Uncaught" not in shown.stderr
    assert "Content Security Policy" not in shown.stderr
