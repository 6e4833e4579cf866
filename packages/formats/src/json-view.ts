/**
 * A look at one object of exact JSON: its fields by type, and the JSON pointer of each. A value of
 * another type counts as absent, because the schema of the format has reported it already.
 */
import type { ExactJson, ExactObject } from './exact-json.ts';
import { isExactNumber, isExactObject } from './exact-json.ts';

/** RFC 6901 pointer of a field of an object: `~` and `/` inside a name are escaped. */
export function pointerTo(pointer: string, name: string): string {
  return `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

export class JsonView {
  readonly json: ExactObject;
  /** RFC 6901 pointer of this object within its file. */
  readonly pointer: string;

  constructor(json: ExactObject, pointer: string) {
    this.json = json;
    this.pointer = pointer;
  }

  at(name: string): string {
    return pointerTo(this.pointer, name);
  }

  get(name: string): ExactJson | undefined {
    return Object.hasOwn(this.json, name) ? this.json[name] : undefined;
  }

  /** A text that is not empty. */
  text(name: string): string | undefined {
    const value = this.get(name);
    return typeof value === 'string' && value !== '' ? value : undefined;
  }

  /** An identifier: formats allow a text or a number. */
  id(name: string): string | undefined {
    const value = this.get(name);
    return isExactNumber(value) ? value.toString() : this.text(name);
  }

  /** The text of a number. */
  number(name: string): string | undefined {
    const value = this.get(name);
    return isExactNumber(value) ? value.toString() : undefined;
  }

  texts(name: string): readonly string[] {
    return listOf(this.get(name)).filter((value) => typeof value === 'string');
  }

  object(name: string): JsonView | undefined {
    const value = this.get(name);
    return isExactObject(value) ? new JsonView(value, this.at(name)) : undefined;
  }

  objects(name: string): readonly JsonView[] {
    const pointer = this.at(name);
    return listOf(this.get(name)).flatMap((value, index) =>
      isExactObject(value) ? new JsonView(value, `${pointer}/${index}`) : [],
    );
  }
}

function listOf(value: ExactJson | undefined): readonly ExactJson[] {
  return Array.isArray(value) ? value : [];
}
