/** Reads a stream of server-sent events, message by message. */
import { expect } from 'chai';

export interface StreamMessage {
  readonly id: string | undefined;
  readonly event: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into data of every shape.
  readonly data: any;
}

export interface EventReader {
  readonly status: number;
  /** The next message that carries data. */
  next(): Promise<StreamMessage>;
  /** The next message of any kind, comments and bare ids included. */
  nextRaw(): Promise<string>;
  close(): void;
}

export async function openEvents(
  url: string,
  headers: Record<string, string> = {},
): Promise<EventReader> {
  const controller = new AbortController();
  const response = await fetch(url, { headers, signal: controller.signal });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = '';
  const nextRaw = async (): Promise<string> => {
    while (true) {
      const end = buffer.indexOf('\n\n');
      if (end >= 0) {
        const text = buffer.slice(0, end);
        buffer = buffer.slice(end + 2);
        return text;
      }
      const chunk = await reader?.read();
      expect(chunk?.done, 'the stream goes on').to.equal(false);
      buffer += chunk?.value ?? '';
    }
  };
  return {
    status: response.status,
    nextRaw,
    next: async () => {
      while (true) {
        const lines = new Map(
          (await nextRaw()).split('\n').map((line) => {
            const at = line.indexOf(': ');
            return [line.slice(0, at), line.slice(at + 2)] as const;
          }),
        );
        const data = lines.get('data');
        if (data === undefined) continue;
        return { id: lines.get('id'), event: lines.get('event'), data: JSON.parse(data) };
      }
    },
    close: () => controller.abort(),
  };
}
