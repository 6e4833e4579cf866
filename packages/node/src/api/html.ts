/** The pages for people: all paths, and all error codes. Self-contained, without script. Pure. */
import type { ErrorEntry } from '@daybook/core';
import type { Catalogue } from './problem.ts';
import type { Route } from './route.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as text, wherever it stands in a page. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => ESCAPES[letter] ?? '');
}

export const STYLE = `:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { border-bottom: 1px solid; margin-top: 2.5rem; }
h3 { font: 600 1rem/1.4 ui-monospace, monospace; margin: 2rem 0 0.25rem; overflow-wrap: anywhere; }
.method { display: inline-block; min-width: 3.5rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: 0.25rem 0.75rem 0.25rem 0; }
code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
.note { opacity: 0.8; }
nav ul { columns: 2; }
`;

function page(title: string, body: string): string {
  return (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">' +
    '<meta name="viewport" content="width=device-width, initial-scale=1">' +
    `<title>${escapeHtml(title)}</title><link rel="stylesheet" href="/docs/style.css"></head>\n` +
    `<body><h1>${escapeHtml(title)}</h1>\n${body}\n</body></html>\n`
  );
}

function groupByTag(routes: readonly Route[]): ReadonlyMap<string, readonly Route[]> {
  const groups = new Map<string, Route[]>();
  for (const route of routes) {
    if (route.hidden === true) continue;
    groups.set(route.tag, [...(groups.get(route.tag) ?? []), route]);
  }
  return groups;
}

/** `/docs`. */
export function renderDocsPage(title: string, routes: readonly Route[]): string {
  const groups = [...groupByTag(routes)];
  const links = groups.map(([tag]) => `<li><a href="#${anchor(tag)}">${escapeHtml(tag)}</a></li>`);
  const sections = groups.map(
    ([tag, members]) =>
      `<h2 id="${anchor(tag)}">${escapeHtml(tag)}</h2>\n${members.map(renderRoute).join('\n')}`,
  );
  const intro =
    '<p>Every answer about the ledger speaks of final blocks only and names the newest one in ' +
    '<code>head</code>. Errors are problem details (RFC 9457) with a ' +
    '<a href="/docs/errors">documented code</a>. Machines read ' +
    '<a href="/openapi.json">openapi.json</a>.</p>';
  return page(title, `${intro}\n<nav><ul>${links.join('')}</ul></nav>\n${sections.join('\n')}`);
}

function anchor(tag: string): string {
  return tag.toLowerCase().replace(/[^a-z0-9]+/g, '-');
}

function renderRoute(route: Route): string {
  const help = route.help === undefined ? '' : `<p>${escapeHtml(route.help)}</p>`;
  const answers = Object.entries(route.responses).map(
    ([status, { help: words, content }]) =>
      `<li>${status}: ${escapeHtml(words)} <span class="note">${Object.keys(content)
        .map(escapeHtml)
        .join(', ')}</span></li>`,
  );
  const problems = route.problems.map(
    (code) => `<a href="/docs/errors#${code}"><code>${code}</code></a>`,
  );
  const refusals =
    problems.length === 0 ? '' : `<p class="note">Problems: ${problems.join(', ')}</p>`;
  return (
    `<section id="${route.id}"><h3><span class="method">${route.method}</span> ` +
    `${pathLink(route)}</h3>\n<p><strong>${escapeHtml(route.title)}</strong></p>${help}` +
    `${renderParameters(route)}<ul>${answers.join('')}</ul>${refusals}</section>`
  );
}

/** A path that can be followed as it stands is a link. */
function pathLink(route: Route): string {
  const path = escapeHtml(route.path);
  const followable = route.method === 'GET' && !route.path.includes('{');
  return followable ? `<a href="${path}">${path}</a>` : path;
}

function renderParameters(route: Route): string {
  const rows = Object.entries(route.parameters).map(
    ([name, { in: place, help, expected }]) =>
      `<tr><td><code>${escapeHtml(name)}</code></td><td>${place}</td>` +
      `<td>${escapeHtml(help)} <span class="note">(${escapeHtml(expected)})</span></td></tr>`,
  );
  return rows.length === 0 ? '' : `<table>${rows.join('')}</table>`;
}

/** `/docs/errors`; each code is an anchor. */
export function renderErrorsPage(catalogue: Catalogue): string {
  const rows = [...catalogue]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, entry]) => renderError(code, entry));
  return page('Error codes', rows.join('\n'));
}

function renderError(code: string, { summary, remedy, status, receipt }: ErrorEntry): string {
  const facts = [
    ...(status === undefined ? [] : [`HTTP ${status}`]),
    ...(receipt === undefined ? [] : [`receipt ${receipt}`]),
  ];
  const note = facts.length === 0 ? '' : ` <span class="note">${facts.join(', ')}</span>`;
  return (
    `<section id="${escapeHtml(code)}"><h3>${escapeHtml(code)}${note}</h3>` +
    `<p>${escapeHtml(summary)} <em>${escapeHtml(remedy)}</em></p></section>`
  );
}
