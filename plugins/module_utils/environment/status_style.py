# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The style sheet of the status page: light and dark, wide and narrow, on paper too."""

from __future__ import annotations

STYLE = """
:root{color-scheme:light dark;--page:#fff;--ink:#1c2430;--dim:#5d6775;--rule:#c9cfd8;--grid:#e6e9ee;--band:#f4f6f9;
--blue:#2c63b4;--green:#3c9f6c;--bad:#c03a2b;--band-bad:#fbebe9;--watch:#8a5a00;--change:#2c63b4}
@media (prefers-color-scheme:dark){:root{--page:#14181f;--ink:#e6eaf0;--dim:#a0a9b7;--rule:#465061;--grid:#2a313c;
--band:#1b212a;--blue:#5b93e6;--green:#57bd8a;--bad:#ff8577;--band-bad:#3a2220;--watch:#e3b341;--change:#8db4f0}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1120px;margin:0 auto;padding:32px 24px 48px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px;font-weight:650;letter-spacing:-.01em;text-wrap:balance}
h2{font-size:17px;line-height:1.35;margin:0 0 8px;font-weight:650;text-wrap:balance}
p{margin:0}code{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.dim{color:var(--dim)}.bad{color:var(--bad)}.watch{color:var(--watch)}
.attention{margin:18px 0 0;padding:10px 14px 10px 30px;background:var(--band-bad);overflow-wrap:anywhere}
.attention b{font-weight:650}
.promotion{margin:24px 0 0;padding:16px 18px;background:var(--band)}
.promotion p{margin-top:10px;font-size:13px;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:6px 20px 6px 0;overflow-wrap:anywhere}
.changes th,.changes td{border-top:1px solid var(--grid)}
.changes thead th{border:0;font-size:13px;font-weight:400;color:var(--dim);padding-top:0}
.changes tbody th{font-weight:600;width:14%}.changes td:last-child{padding-right:0}
.verdict.changes{color:var(--change);font-weight:600}.verdict.same{color:var(--dim)}
.verdict.nothing-proven,.verdict.unknown{color:var(--bad)}
.note{display:block;font-size:13px;color:var(--watch)}
.matrix{margin-top:28px;table-layout:fixed}
.matrix thead th{font-size:17px;font-weight:650;border-bottom:1px solid var(--rule)}
.matrix thead td{width:128px;border-bottom:1px solid var(--rule)}
.matrix tbody th{font-size:13px;font-weight:400;color:var(--dim);padding-top:8px}
.matrix tbody .section th{font-size:15px;font-weight:650;color:var(--ink);padding:26px 0 6px;
border-bottom:1px solid var(--grid)}
.matrix tbody td,.matrix tbody tr:not(.section) th{border-bottom:1px solid var(--grid)}
.bar{display:flex;height:8px;max-width:280px;margin:3px 0 4px;border-radius:2px;overflow:hidden}
.bg-blue{background:var(--blue)}.bg-green{background:var(--green)}
@media (max-width:640px){main{padding:20px 16px 32px}h1{font-size:21px}
.matrix,.changes,tbody,tr,.matrix td,.matrix th,.changes td,.changes th{display:block;width:auto}
.matrix thead,.changes thead{display:none}
.matrix tbody th,.changes tbody th{border:0!important;padding:10px 0 0;width:auto!important}
.matrix tbody .section th{padding-top:24px;border-bottom:1px solid var(--rule)!important}
.matrix tbody td,.changes td{border:0;padding:1px 0 3px;display:grid;grid-template-columns:96px 1fr;gap:0 8px}
.changes td{grid-template-columns:136px 1fr}td>*{grid-column:2;min-width:0}
td[data-label]::before{content:attr(data-label);grid-column:1;grid-row:1;font-size:13px;color:var(--dim)}
.matrix tbody tr:not(.section) th{color:var(--ink)}
.matrix tbody tr:not(.section),.changes tbody tr{border-bottom:1px solid var(--grid);padding-bottom:6px}}
@media print{main{max-width:none;padding:0}}
"""
