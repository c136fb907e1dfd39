# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The style sheet of the report page and of its timeline: light and dark, wide and narrow, on paper too."""

from __future__ import annotations

STYLE = """
:root{color-scheme:light dark;--page:#fff;--ink:#1c2430;--dim:#5d6775;--faint:#98a1ae;--rule:#c9cfd8;--grid:#e6e9ee;
--band:#f4f6f9;--watch:#fbf3dc;--blue:#2c63b4;--green:#3c9f6c;--text-green:#217a4c;--bad:#c03a2b;--band-bad:#fbebe9;--good:#217a4c}
@media (prefers-color-scheme:dark){:root{--page:#14181f;--ink:#e6eaf0;--dim:#a0a9b7;--faint:#717b8a;--rule:#465061;
--grid:#2a313c;--band:#1b212a;--watch:#2b2719;--blue:#5b93e6;--green:#57bd8a;--text-green:#6bcf9c;--bad:#ff8577;--band-bad:#3a2220;
--good:#6bcf9c}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1040px;margin:0 auto;padding:32px 24px 48px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px;font-weight:650;letter-spacing:-.01em;text-wrap:balance}
h2{font-size:16px;margin:36px 0 8px;font-weight:650}
p{margin:0}p+p{margin-top:8px}.dim{color:var(--dim);fill:var(--dim)}.good{color:var(--good)}.bad{color:var(--bad)}
.neutral{color:var(--dim)}.text-blue{color:var(--blue);fill:var(--blue)}
.text-green{color:var(--text-green);fill:var(--text-green)}.text-ink{fill:var(--ink)}.text-faint{fill:var(--dim)}
.text-bad{fill:var(--bad)}
.sides{margin:14px 0 0;display:grid;grid-template-columns:max-content max-content 1fr;gap:2px 16px}
.sides code{overflow-wrap:anywhere;display:block}
.facts{margin:16px 0 0;display:grid;grid-template-columns:max-content 1fr;gap:4px 16px}
.facts div{overflow-wrap:anywhere}.facts ul{margin:0;padding-left:18px}.facts code,p code{color:var(--ink)}
.bar{display:flex;height:8px;max-width:320px;margin:3px 0 5px;border-radius:2px;overflow:hidden}
.bg-blue{background:var(--blue)}.bg-green{background:var(--green)}
a{color:inherit}ul{margin:4px 0;padding-left:20px}li{margin:2px 0}details{margin:14px 0}summary{cursor:pointer}
pre{margin:8px 0;padding:10px 14px;background:var(--band);overflow-x:auto;
font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
code{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;color:var(--dim)}
dl{display:flex;flex-wrap:wrap;gap:12px 36px;margin:22px 0 26px;padding:14px 0;border:solid var(--rule);
border-width:1px 0}
dt{font-size:13px;color:var(--dim)}dd{margin:0;font-size:22px;line-height:1.3;font-weight:600}
dd small{font-size:13px;font-weight:400;color:var(--dim)}
.wide{overflow-x:auto}
svg{display:block;width:100%;min-width:860px;height:auto}
svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;fill:var(--ink)}
svg .title{font-weight:600;paint-order:stroke;stroke:var(--page);stroke-width:5px;
stroke-linejoin:round}svg .tick{fill:var(--dim);font-size:11px}
svg .dim{fill:var(--dim)}svg .label{font-weight:600}svg .inside{fill:#fff}
@media (prefers-color-scheme:dark){svg .inside{fill:#10151c}}
svg .text-blue{fill:var(--blue)}svg .text-green{fill:var(--text-green)}svg .text-bad{fill:var(--bad)}
svg .text-faint{fill:var(--dim);font-weight:400}
.rule{stroke:var(--rule)}.grid{stroke:var(--grid)}.leader{stroke:var(--rule);stroke-width:1}
.band0{fill:var(--band)}.band1{fill:none}.band-bad{fill:var(--band-bad)}.band-watch{fill:var(--watch)}
.line{fill:none;stroke-width:2;stroke-linejoin:round}.line.blue{stroke:var(--blue)}.line.green{stroke:var(--green)}
.line.ink{stroke:var(--ink);stroke-width:1.5}.line.faint{stroke:var(--faint);stroke-width:1.5}
.area.blue{fill:var(--blue)}.area.green{fill:var(--green)}.area.bad{fill:var(--bad)}
.tip{fill:transparent}.tip:hover{fill:var(--ink);fill-opacity:.09}
table{border-collapse:collapse;width:100%}
th{font-size:13px;font-weight:400;color:var(--dim);text-align:left}
th,td{padding:5px 20px 5px 0;border-bottom:1px solid var(--grid);vertical-align:top}
td.n,th.n{text-align:right;white-space:nowrap}td:last-child{padding-right:0;color:var(--dim);overflow-wrap:anywhere}
.shots{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));gap:16px}figure{margin:0}
figure img{display:block;width:100%;border:1px solid var(--rule)}figcaption{font-size:13px;color:var(--dim)}
footer{margin-top:28px;font-size:13px;color:var(--dim)}
@media (max-width:640px){main{padding:20px 16px 32px}h1{font-size:21px}dl{gap:10px 24px}
.facts,.sides{grid-template-columns:1fr;gap:0 12px}.facts div{margin-bottom:8px}
.sides{grid-template-columns:max-content 1fr}
.sides div{grid-column:1/-1;margin-bottom:6px}
table,tbody,tr,td{display:block}tr:has(>th){display:none}tr{padding:8px 0;border-bottom:1px solid var(--grid)}
td,td.n{border:0;padding:0;text-align:left;display:inline;margin-right:10px;overflow-wrap:anywhere}
td:first-child,td:last-child{display:block;margin:0}
td[data-label]::before{content:attr(data-label) " ";color:var(--dim)}}
@media print{main{max-width:none;padding:0}svg{min-width:0}}
"""
