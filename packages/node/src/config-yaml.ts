/**
 * YAML into raw settings, each with the line it stands on. Nothing of YAML's cleverness gets
 * through: no anchors, no tags, no merging, no repeated keys; two levels and no more.
 */
import type { Node, Scalar, YAMLMap } from 'yaml';
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';

/** One thing wrong with the configuration. */
export interface ConfigFault {
  /** `file:line:column`, the name of an environment variable, or the file alone. */
  readonly place: string;
  /** Dotted name, empty when the fault is not about one setting. */
  readonly setting: string;
  readonly expected: string;
  readonly found?: string;
  readonly hint?: string;
}

/** A value as it was written, before it is checked against its row. */
export interface RawSetting {
  readonly name: string;
  readonly place: string;
  /** Scalars as YAML read them; lists item by item. */
  readonly value: unknown;
}

export interface RawSettings {
  readonly settings: readonly RawSetting[];
  readonly faults: readonly ConfigFault[];
}

type Locate = (node: Node | null | undefined) => string;

/** @param file  name to show in places */
export function readYaml(text: string, file: string): RawSettings {
  const counter = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: counter,
    version: '1.2',
    schema: 'core',
    merge: false,
    uniqueKeys: true,
    stringKeys: true,
    prettyErrors: false,
  });
  const placeAt = (offset: number): string => {
    const { line, col } = counter.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const locate: Locate = (node) => (node?.range ? placeAt(node.range[0]) : file);

  const broken = [...document.errors, ...document.warnings];
  if (broken.length > 0) {
    const faults = broken.map((error) => ({
      place: placeAt(error.pos[0]),
      setting: '',
      expected: `is not plain YAML: ${error.message}`,
    }));
    return { settings: [], faults };
  }
  const clever = findCleverness(document.contents, locate);
  if (clever.length > 0) return { settings: [], faults: clever };
  if (document.contents === null) return { settings: [], faults: [] };
  if (!isMap(document.contents)) {
    return { settings: [], faults: [shapeFault(locate(document.contents), '', 'sections')] };
  }
  return readSections(document.contents, locate);
}

function findCleverness(contents: Node | null, locate: Locate): ConfigFault[] {
  const faults: ConfigFault[] = [];
  visit(contents, {
    Node: (_key, node) => {
      const anchored = !isAlias(node) && node.anchor !== undefined;
      if (isAlias(node) || anchored || node.tag?.startsWith('!') === true) {
        faults.push(shapeFault(locate(node), '', 'plain values without anchors, aliases or tags'));
      }
    },
  });
  return faults;
}

function shapeFault(place: string, setting: string, words: string): ConfigFault {
  return { place, setting, expected: `expected ${words}` };
}

function readSections(root: YAMLMap, locate: Locate): RawSettings {
  const settings: RawSetting[] = [];
  const faults: ConfigFault[] = [];
  for (const pair of root.items) {
    const key = pair.key as Scalar;
    const section = String(key.value);
    const value = pair.value as Node | null;
    // A section whose lines are all commented out reads as null.
    if (isScalar(value) && value.value === null) continue;
    if (!isMap(value)) {
      faults.push(shapeFault(locate(key), section, 'a section with settings under it'));
      continue;
    }
    settings.push(...readSection(section, value, locate));
  }
  return { settings, faults };
}

function readSection(section: string, map: YAMLMap, locate: Locate): readonly RawSetting[] {
  return map.items.map((pair) => {
    const key = pair.key as Scalar;
    const node = pair.value as Node | null;
    const name = `${section}.${String(key.value)}`;
    return { name, place: locate(key), value: plainOf(node) };
  });
}

function plainOf(node: Node | null): unknown {
  if (isScalar(node)) return node.value;
  if (isSeq(node)) return node.items.map((item) => (isScalar(item) ? item.value : item));
  return node;
}

const DISTANCE_MAX = 4;

/** The name most like a mistyped one, if any is near enough to be meant. */
export function suggest(name: string, names: readonly string[]): string | undefined {
  const last = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  const sameKey = names.find((other) => other.toLowerCase().endsWith(`.${last}`));
  if (sameKey !== undefined) return sameKey;
  const ranked = names
    .map((other) => ({ other, distance: editDistance(name.toLowerCase(), other.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= DISTANCE_MAX ? best.other : undefined;
}

/** Levenshtein distance of two short names. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
