/**
 * Reads JSON from people field by field and collects every fault with its JSON pointer, what was
 * expected and what came, instead of stopping at the first. Unknown fields are faults, too.
 */

import { isCanonicalText } from '../codec/cbor.ts';

/** A fault is one of type or form unless it says otherwise. */
export type InputFaultKind = 'missing' | 'unknown' | 'range';

export interface InputFault {
  /** `missing`, `unknown` field, or a value of the right type outside its `range`. */
  readonly kind?: InputFaultKind;
  /** RFC 6901 pointer of the field. */
  readonly pointer: string;
  readonly expected: string;
  /** What came, shortened. */
  readonly found: string;
}

interface TextBounds {
  readonly max: number;
}

export interface InputReader {
  text(field: string, bounds: TextBounds): string;
  optionalText(field: string, bounds: TextBounds): string | undefined;
  texts(field: string, bounds: TextBounds & { readonly countMax: number }): readonly string[];
  integer(field: string, bounds: { readonly min?: number; readonly max?: number }): number;
  boolean(field: string): boolean;
  literal(field: string, expected: string): void;
  object(field: string): InputReader;
  objects(field: string, bounds: { readonly countMax: number }): readonly InputReader[];
  /** Names of the fields present. */
  names(): readonly string[];
  /** Records a fault at a field of this object. */
  fault(field: string, expected: string, found: unknown): void;
  /** Records a fault for every field that was present and not read. */
  finish(): void;
  /** All faults of the whole document, in the order found. */
  faults(): readonly InputFault[];
}

const FOUND_CHARACTERS_MAX = 80;

function show(found: unknown): string {
  if (found === undefined) return 'nothing';
  const text = typeof found === 'string' ? JSON.stringify(found) : describe(found);
  return text.length <= FOUND_CHARACTERS_MAX ? text : `${text.slice(0, FOUND_CHARACTERS_MAX)}…`;
}

function describe(found: unknown): string {
  if (Array.isArray(found)) return `a list of ${found.length}`;
  if (typeof found === 'object' && found !== null) return 'an object';
  return String(found);
}

/** RFC 6901: `~` and `/` inside a name are escaped. */
function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

class PointerReader implements InputReader {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #pointer: string;
  readonly #faults: InputFault[];
  readonly #read = new Set<string>();

  constructor(value: unknown, pointer: string, faults: InputFault[]) {
    this.#pointer = pointer;
    this.#faults = faults;
    this.#fields = isRecord(value) ? value : {};
    if (!isRecord(value)) faults.push({ pointer, expected: 'an object', found: show(value) });
  }

  fault(field: string, expected: string, found: unknown): void {
    const pointer = `${this.#pointer}/${escapePointer(field)}`;
    this.#faults.push({ pointer, expected, found: show(found) });
  }

  #take(field: string): unknown {
    this.#read.add(field);
    return Object.hasOwn(this.#fields, field) ? this.#fields[field] : undefined;
  }

  text(field: string, { max }: TextBounds): string {
    const value = this.#take(field);
    if (isTextOf(value, max)) return value;
    this.fault(field, expectedText(max), value);
    return '';
  }

  optionalText(field: string, bounds: TextBounds): string | undefined {
    return Object.hasOwn(this.#fields, field) ? this.text(field, bounds) : undefined;
  }

  texts(field: string, bounds: TextBounds & { readonly countMax: number }): readonly string[] {
    const values = this.#list(field, bounds.countMax);
    return values.map((value, index) => {
      if (isTextOf(value, bounds.max)) return value;
      const pointer = `${this.#pointer}/${escapePointer(field)}/${index}`;
      const expected = expectedText(bounds.max);
      this.#faults.push({ pointer, expected, found: show(value) });
      return '';
    });
  }

  integer(field: string, { min, max }: { readonly min?: number; readonly max?: number }): number {
    const value = this.#take(field);
    const low = min ?? Number.MIN_SAFE_INTEGER;
    const high = max ?? Number.MAX_SAFE_INTEGER;
    const good = typeof value === 'number' && Number.isSafeInteger(value);
    if (good && value >= low && value <= high) return value;
    this.fault(field, `an integer from ${low} to ${high}`, value);
    return low;
  }

  boolean(field: string): boolean {
    const value = this.#take(field);
    if (typeof value === 'boolean') return value;
    this.fault(field, 'true or false', value);
    return false;
  }

  literal(field: string, expected: string): void {
    const value = this.#take(field);
    if (value !== expected) this.fault(field, JSON.stringify(expected), value);
  }

  object(field: string): InputReader {
    const pointer = `${this.#pointer}/${escapePointer(field)}`;
    return new PointerReader(this.#take(field), pointer, this.#faults);
  }

  objects(field: string, { countMax }: { readonly countMax: number }): readonly InputReader[] {
    const pointer = `${this.#pointer}/${escapePointer(field)}`;
    return this.#list(field, countMax).map(
      (value, index) => new PointerReader(value, `${pointer}/${index}`, this.#faults),
    );
  }

  #list(field: string, countMax: number): readonly unknown[] {
    const value = this.#take(field);
    if (Array.isArray(value) && value.length <= countMax) return value;
    this.fault(field, `a list of at most ${countMax}`, value);
    return [];
  }

  names(): readonly string[] {
    return Object.keys(this.#fields);
  }

  finish(): void {
    for (const field of Object.keys(this.#fields)) {
      if (!this.#read.has(field)) this.fault(field, 'no such field', this.#fields[field]);
    }
  }

  faults(): readonly InputFault[] {
    return this.#faults;
  }
}

/** What is read here is encoded later: text that no encoding may hold is refused where it comes in. */
function isTextOf(value: unknown, max: number): value is string {
  if (typeof value !== 'string' || value.length === 0 || value.length > max) return false;
  return isCanonicalText(value);
}

function expectedText(max: number): string {
  return `a text of 1 to ${max} characters, well-formed and in Unicode form NFC`;
}

/** A reader over parsed JSON; faults of nested readers collect in one list. */
export function createInputReader(json: unknown): InputReader {
  return new PointerReader(json, '', []);
}
