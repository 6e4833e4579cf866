/**
 * Routes behind the router (find-my-way, the one of Fastify): finds the route of a request, or says
 * which methods the path has. Built once per manifest and never changed.
 */
import { assert } from '@daybook/core';
import findMyWay from 'find-my-way';
import { API_LIMITS } from './limits.ts';
import type { Route } from './route.ts';

export type Found =
  | { readonly kind: 'route'; readonly route: Route; readonly segments: Segments }
  /** The path exists for these methods only. */
  | { readonly kind: 'method'; readonly allowed: readonly string[] }
  | { readonly kind: 'nothing' }
  /** A path segment is not percent-encoded UTF-8. */
  | { readonly kind: 'malformed' };

/** Decoded path parameters by name. */
export type Segments = Readonly<Record<string, string | undefined>>;

export interface Site {
  readonly routes: readonly Route[];
  /** @param path  without the query, as it came */
  find(method: string, path: string): Found;
}

const METHODS = ['GET', 'POST'] as const;

/** @throws AssertionError if two routes share a method and path, or an id */
export function buildSite(routes: readonly Route[]): Site {
  const malformed = Symbol('malformed');
  const router = findMyWay({
    ignoreTrailingSlash: false,
    caseSensitive: true,
    maxParamLength: API_LIMITS.urlCharactersMax,
    onBadUrl: () => undefined,
  });
  const ids = new Set<string>();
  for (const route of routes) {
    assert(!ids.has(route.id), `the route id ${route.id} is used once`);
    ids.add(route.id);
    router.on(route.method, toPattern(route.path), () => undefined, route);
  }
  const look = (method: 'GET' | 'POST', path: string): Found | typeof malformed | undefined => {
    const hit = router.find(method, path);
    if (hit === null) return undefined;
    // A path that cannot be decoded is answered by a handler without a store.
    if (hit.store === null || hit.store === undefined) return malformed;
    return { kind: 'route', route: hit.store as Route, segments: hit.params };
  };
  return {
    routes,
    find: (method, path) => {
      const wanted = METHODS.find((known) => known === method);
      const hit = wanted === undefined ? undefined : look(wanted, path);
      if (hit === malformed) return { kind: 'malformed' };
      if (hit !== undefined && typeof hit === 'object') return hit;
      const allowed = METHODS.filter((other) => {
        const there = look(other, path);
        return typeof there === 'object' && there.kind === 'route' && there.route.hidden !== true;
      });
      return allowed.length > 0 ? { kind: 'method', allowed } : { kind: 'nothing' };
    },
  };
}

/** `/a/{b}` as the router writes it. */
function toPattern(path: string): string {
  return path.replace(/\{([A-Za-z]+)\}/g, ':$1');
}
