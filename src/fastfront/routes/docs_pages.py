# SPDX-License-Identifier: Apache-2.0
"""The pages that show /openapi.json. `{url}` stands for its address, `{title}` for the server's name. Data only."""

from __future__ import annotations

SWAGGER = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({url: "{url}", dom_id: "#swagger-ui", deepLinking: true})</script>
</body>
</html>
"""

REDOC = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>{title}</title>
<style>body { margin: 0; }</style>
</head>
<body>
<noscript>ReDoc needs JavaScript.</noscript>
<redoc spec-url="{url}"></redoc>
<script src="https://cdn.jsdelivr.net/npm/redoc@2/bundles/redoc.standalone.js"></script>
</body>
</html>
"""

OFFLINE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>{title}</title>
<style>
body { font: 15px/1.5 sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em; }
code, pre { font: 13px/1.4 monospace; }
pre { background: #f4f4f4; overflow: auto; padding: .7em; }
summary { cursor: pointer; }
</style>
</head>
<body>
<h1>{title}</h1>
<noscript>The document is at <a href="{url}">{url}</a>.</noscript>
<main></main>
<script>
const make = (name, text, parent) => {
  const element = document.createElement(name);
  element.textContent = text;
  parent.append(element);
  return element;
};
const show = (parent, title, value) => {
  const details = make("details", "", parent);
  make("code", title, make("summary", "", details));
  make("pre", JSON.stringify(value, null, 2), details);
};
fetch("{url}").then((response) => response.json()).then((api) => {
  const main = document.querySelector("main");
  make("h2", "Routes", main);
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      show(main, `${method.toUpperCase()} ${path}  ${operation.summary}`, operation);
    }
  }
  make("h2", "Schemas", main);
  for (const [name, schema] of Object.entries(api.components.schemas)) {
    show(main, name, schema);
  }
});
</script>
</body>
</html>
"""
