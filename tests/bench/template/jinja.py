#!/usr/bin/python3
"""jinja.py DIRECTORY TEMPLATE BODY.json COUNT [OUTPUT]: as render.c, by Jinja2
with the template held in memory; prints the processor seconds of COUNT
renderings."""
import json
import sys
import time

import jinja2

directory, name, body_path, count, *output = sys.argv[1:]
environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(directory),
    autoescape=jinja2.select_autoescape(["html", "htm", "xml"]))
template = environment.get_template(name)
with open(body_path, encoding="utf-8") as file:
    body = json.load(file)
context = {**body, "body": body}
text = template.render(context)
if output:
    with open(output[0], "w", encoding="utf-8", newline="") as file:
        file.write(text)
start = time.process_time()
for _ in range(int(count)):
    template.render(context)
print(f"{time.process_time() - start:.6f}")
