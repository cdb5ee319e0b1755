import sys,re
from concurrent.futures import ThreadPoolExecutor
import importlib, pkgutil
from pathlib import Path
import formal.blocks
from .run import Job, run
jobs=[]
quick='-q' in sys.argv
sel=[a for a in sys.argv[1:] if a!='-q']
for info in pkgutil.iter_modules(formal.blocks.__path__):
    name=f"formal.blocks.{info.name}"
    if sel and not any(info.name.startswith(s.split(':')[0]) for s in sel): continue
    for p in importlib.import_module(name).PROOFS:
        if sel and not any(':' not in s or p.name.startswith(s.split(':')[1]) for s in sel): continue
        jobs.append(Job(name,p,"prove"))
        if quick: continue
        if p.cover: jobs.append(Job(name,p,"cover"))
        jobs += [Job(name,p,"mutant",k) for k in range(len(p.mutants))]
with ThreadPoolExecutor(2) as pool:
    for o in pool.map(lambda j: run(j, Path("/work/tmp_prove/keep")), jobs):
        print(o.job.proof.name,o.job.kind,o.job.mutant,o.verdict,"ok" if o.good else "BAD",round(o.seconds,1),flush=True)
        if not o.good: print("\n".join(l for l in o.log.splitlines() if re.search("ssert failed|summary|Error|ERROR|step", l) and 'Trying' not in l)[-1500:])
