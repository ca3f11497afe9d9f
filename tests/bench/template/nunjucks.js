// nunjucks.js DIRECTORY TEMPLATE BODY.json COUNT [OUTPUT]: as render.c, by
// nunjucks with every template precompiled.  nunjucks cannot read the shipped
// templates (no namespace(), format() or map()), so nunjucks/ has the same
// mail in its dialect, with the filters below.
"use strict";
const fs = require("fs");
const path = require("path");
const nunjucks = require("nunjucks");

const [directory, name, bodyPath, count, output] = process.argv.slice(2);

function names(folder, prefix) {
  return fs.readdirSync(folder, {withFileTypes: true}).flatMap((entry) =>
    entry.isDirectory() ? names(path.join(folder, entry.name), prefix + entry.name + "/") : [prefix + entry.name]);
}

function addFilters(environment) {
  const number = (digits) => new Intl.NumberFormat("en-US", {minimumFractionDigits: digits, maximumFractionDigits: digits});
  const formats = [number(0), number(1), number(2)];
  environment.addFilter("decimals", (value, digits) => formats[digits].format(value));
  environment.addFilter("repeat", (text, times) => new nunjucks.runtime.SafeString(text.toString().repeat(times)));
  return environment;
}

const compiler = addFilters(new nunjucks.Environment(null, {autoescape: true}));
global.window = {};  // where precompiled templates put themselves
for (const template of names(directory, ""))
  eval(nunjucks.precompile(path.join(directory, template), {name: template, env: compiler}));
const loader = new nunjucks.PrecompiledLoader(global.window.nunjucksPrecompiled);
const environment = addFilters(new nunjucks.Environment([loader], {autoescape: true}));
const template = environment.getTemplate(name, true);
const body = JSON.parse(fs.readFileSync(bodyPath, "utf8"));
const context = {...body, body};

const text = template.render(context);
if (output)
  fs.writeFileSync(output, text);
for (let warm = 0; warm < 2000; warm++)
  template.render(context);
const start = process.cpuUsage();
for (let left = Number(count); left > 0; left--)
  template.render(context);
const used = process.cpuUsage(start);
console.log(((used.user + used.system) / 1e6).toFixed(6));
