/** Server-sent events (HTML standard): bytes in pieces to messages, within a bound. */

/** One dispatched message, or an id that stands alone and only moves the cursor. */
export interface SseMessage {
  readonly id: string | undefined;
  /** `message` where the stream names none. */
  readonly event: string;
  /** Undefined for a message without data. */
  readonly data: string | undefined;
}

export interface SseParser {
  /**
   * Takes the next piece of the stream.
   * @returns the messages it completed, or undefined when one is larger than the bound
   */
  push(piece: Uint8Array): readonly SseMessage[] | undefined;
}

/** Largest message; events carry the fields of one contract event. */
const MESSAGE_CHARACTERS_MAX = 1024 * 1024;

interface Fields {
  id?: string;
  event?: string;
  data: string[];
}

class PieceParser implements SseParser {
  readonly #decoder = new TextDecoder();
  /** What has come of the present line, and half of a line break behind it. */
  #rest = '';
  #half = '';
  #fields: Fields = { data: [] };
  #size = 0;

  push(piece: Uint8Array): readonly SseMessage[] | undefined {
    // Only what is new is looked through: a long line may come byte by byte.
    const text = this.#half + this.#decoder.decode(piece, { stream: true });
    // A carriage return at the end may be half of a line break.
    const end = text.endsWith('\r') ? text.length - 1 : text.length;
    const lines = text.slice(0, end).split(/\r\n|\n|\r/);
    this.#half = text.slice(end);
    lines[0] = this.#rest + (lines[0] ?? '');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > MESSAGE_CHARACTERS_MAX) return undefined;
    const messages: SseMessage[] = [];
    for (const line of lines) {
      this.#size += line.length;
      if (this.#size > MESSAGE_CHARACTERS_MAX) return undefined;
      if (line !== '') this.#readLine(line);
      else messages.push(...this.#dispatch());
    }
    return messages;
  }

  #readLine(line: string): void {
    const colon = line.indexOf(':');
    if (colon === 0) return; // a comment: a sign of life
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') this.#fields.data.push(value);
    else if (name === 'event') this.#fields.event = value;
    else if (name === 'id') this.#fields.id = value;
  }

  #dispatch(): readonly SseMessage[] {
    const { id, event, data } = this.#fields;
    this.#fields = { data: [] };
    this.#size = 0;
    if (id === undefined && data.length === 0) return [];
    const text = data.length === 0 ? undefined : data.join('\n');
    return [{ id, event: event ?? 'message', data: text }];
  }
}

export function createSseParser(): SseParser {
  return new PieceParser();
}
