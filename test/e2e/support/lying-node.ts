/**
 * A node that lies to whoever asks its API: it passes requests on to an honest one and changes the
 * answers. A client cannot tell it from a node but by checking what it says.
 */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * @param target  path and query that were asked for
 * @param bytes   body of the honest answer
 * @returns       what is served instead; undefined leaves the answer as it is
 */
export type Lie = (target: string, bytes: Uint8Array) => Uint8Array | undefined;

export interface LyingNode {
  readonly url: string;
  /** From now on. */
  tell(lie: Lie): void;
  stop(): Promise<void>;
}

const HONEST: Lie = () => undefined;

async function answer(
  honestUrl: string,
  { url = '/', headers }: IncomingMessage,
  lie: Lie,
): Promise<{ readonly status: number; readonly type: string; readonly body: Uint8Array }> {
  const { accept = '*/*' } = headers;
  const honest = await fetch(`${honestUrl}${url}`, { headers: { accept } });
  const bytes = new Uint8Array(await honest.arrayBuffer());
  const type = honest.headers.get('content-type') ?? 'application/octet-stream';
  const body = honest.status === 200 ? (lie(url, bytes) ?? bytes) : bytes;
  return { status: honest.status, type, body };
}

/** Honest until it is told otherwise. */
export async function startLyingNode(honestUrl: string): Promise<LyingNode> {
  let lie = HONEST;
  const server = createServer((request, response) => {
    answer(honestUrl, request, lie)
      .then(({ status, type, body }) => {
        response.writeHead(status, { 'content-type': type }).end(body);
      })
      .catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    tell: (next) => {
      lie = next;
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
