/**
 * Overrides from the environment: `DAYBOOK_API_PORT` is `api.port`, `DAYBOOK_NETWORK_LISTEN` a list
 * with commas. A variable of one of our sections that names no setting is a fault, not ignored.
 */
import type { SettingRow } from './config.ts';
import type { ConfigFault, RawSetting, RawSettings } from './config-yaml.ts';
import { suggest } from './config-yaml.ts';

const PREFIX = 'DAYBOOK_';

/** The variable that overrides a setting. */
export function variableOf(name: string): string {
  return (
    PREFIX +
    name
      .replace(/([a-z])([A-Z])/g, '$1_$2')
      .replace('.', '_')
      .toUpperCase()
  );
}

/** @param rows  all settings by dotted name */
export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  rows: ReadonlyMap<string, SettingRow>,
): RawSettings {
  const byVariable = new Map([...rows.keys()].map((name) => [variableOf(name), name]));
  const sections = [...rows.keys()].map(
    (name) => `${PREFIX}${name.slice(0, name.indexOf('.')).toUpperCase()}_`,
  );
  const settings: RawSetting[] = [];
  const faults: ConfigFault[] = [];
  for (const [variable, text] of Object.entries(env)) {
    if (text === undefined || !variable.startsWith(PREFIX)) continue;
    const name = byVariable.get(variable);
    if (name !== undefined) {
      settings.push({ name, place: variable, value: typed(rows.get(name)?.type, text) });
    } else if (sections.some((section) => variable.startsWith(section))) {
      const near = suggest(variable, [...byVariable.keys()]);
      faults.push({
        place: variable,
        setting: '',
        expected: 'there is no such setting',
        ...(near !== undefined && { hint: `did you mean ${near}?` }),
      });
    }
  }
  return { settings, faults };
}

function typed(type: string | undefined, text: string): unknown {
  if (type === 'list') return text === '' ? [] : text.split(',').map((item) => item.trim());
  if (type === 'integer' && /^[0-9]{1,15}$/.test(text)) return Number(text);
  return text === '' ? null : text;
}
