"""How the page of `/docs` looks."""

STYLE = """
:root{--ink:#1c2430;--soft:#5b6675;--line:#e3e7ec;--paper:#fff;--side:#f6f8fa;--code:#f2f4f7;--link:#0b5cad}
@media (prefers-color-scheme:dark){:root{--ink:#e5e9f0;--soft:#9aa5b4;--line:#2c3440;--paper:#12171e;--side:#181f28;
--code:#1f2731;--link:#7db7f5}}
*{box-sizing:border-box}html{scroll-behavior:smooth;scroll-padding-top:1rem}
body{margin:0;display:grid;grid-template-columns:20rem minmax(0,1fr);color:var(--ink);background:var(--paper);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
a{color:var(--link)}
code,pre{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.86em}
nav{position:sticky;top:0;height:100vh;overflow-y:auto;padding:1.25rem 1rem 3rem;background:var(--side);
border-right:1px solid var(--line);font-size:.88rem}
nav h1{margin:0;font-size:1.25rem}nav .version{margin:.2rem 0 1rem;color:var(--soft)}
nav h2{margin:1.2rem 0 .3rem;font-size:.75rem;letter-spacing:.06em;text-transform:uppercase;color:var(--soft)}
nav ul{list-style:none;margin:0;padding:0}nav a{display:flex;gap:.5rem;align-items:baseline;padding:.2rem .3rem;
color:var(--ink);text-decoration:none;border-radius:4px}nav a:hover{background:var(--line)}
nav .version a{display:inline;color:var(--link)}nav b{flex:0 0 3.6rem;text-align:center;font-size:.62rem}
main{max-width:62rem;padding:2rem 2.5rem 6rem}
section{margin-top:2.5rem}section>h2{margin:0;padding-bottom:.3rem;border-bottom:2px solid var(--line);font-size:1.5rem}
article{margin:1.5rem 0;padding:1.1rem 1.3rem;border:1px solid var(--line);border-radius:8px}
article:target{border-color:var(--link)}
h3{display:flex;flex-wrap:wrap;gap:.7rem;align-items:center;margin:0;font-size:1rem}
h3 code{font-size:1rem;font-weight:600;
overflow-wrap:anywhere}
h4{margin:1.1rem 0 .35rem;font-size:.75rem;letter-spacing:.06em;text-transform:uppercase;color:var(--soft)}
.summary{margin:.5rem 0 0;font-weight:600}p{margin:.5rem 0}
b{display:inline-block;padding:.1rem .45rem;border-radius:4px;color:#fff;font-size:.72rem;letter-spacing:.03em}
b.get{background:#2563a8}b.post{background:#1d7a46}b.put{background:#9a5b00}b.patch{background:#7a4bb0}b.delete{background:#b3332b}
h3 i{margin-left:auto;padding:.05rem .55rem;border:1px solid var(--line);border-radius:1rem;color:var(--soft);
font-size:.75rem;font-style:normal}
table{width:100%;border-collapse:collapse;font-size:.9rem}
td{padding:.35rem .6rem .35rem 0;border-top:1px solid var(--line);
vertical-align:top;overflow-wrap:anywhere}td:first-child{width:24%}td:nth-child(2){width:32%;color:var(--soft)}
sup{margin-left:.35rem;color:#b3332b;font-size:.68rem}
code{padding:.08rem .3rem;border-radius:4px;background:var(--code)}
pre{margin:0;padding:.8rem 1rem;overflow-x:auto;border-radius:6px;background:var(--code)}
details{margin-top:.6rem;color:var(--soft);font-size:.9rem}summary{cursor:pointer}summary::before{content:"Errors: "}
code.s2{color:#1d7a46}code.s4{color:#9a5b00}code.s5{color:#b3332b}
@media (max-width:60rem){body{grid-template-columns:minmax(0,1fr)}nav{position:static;height:auto;border-right:0}
main{padding:1rem}article{padding:.9rem}}
"""
