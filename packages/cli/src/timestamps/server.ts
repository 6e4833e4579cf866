/** RFC 3161 over HTTP (3.4): a query is posted, and a reply comes back, granted or not. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { TspSigner } from '@daybook/formats';
import {
  readTimeStampRequest,
  TSP_REQUEST_BYTES_MAX,
  writeTimeStampRefusal,
  writeTimeStampToken,
} from '@daybook/formats';
import type { TimeStampAuthority } from './authority.ts';

const QUERY = 'application/timestamp-query';
const REPLY = 'application/timestamp-reply';
const REQUEST_MS_MAX = 10_000;
const CONNECTIONS_MAX = 1024;

export interface TimeStampParts {
  readonly authority: TimeStampAuthority;
  readonly signer: TspSigner;
  readonly policy: string;
}

export interface TimeStampServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** @throws the system's error when the address cannot be listened on */
export async function serveTimeStamps(
  { host, port }: { readonly host: string; readonly port: number },
  parts: TimeStampParts,
): Promise<TimeStampServer> {
  const options = { requestTimeout: REQUEST_MS_MAX, headersTimeout: REQUEST_MS_MAX };
  const server = createServer(options, (request, response) => {
    void handle(request, response, parts);
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.listen({ host, port });
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    stop: async () => {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  parts: TimeStampParts,
): Promise<void> {
  if (request.method !== 'POST') {
    response.writeHead(405, { allow: 'POST' }).end();
    return;
  }
  if (request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() !== QUERY) {
    response.writeHead(415, { accept: QUERY }).end();
    return;
  }
  // A client that leaves in the middle gets nothing, and nobody is there to be told.
  const body = await readBody(request).catch(() => undefined);
  if (body === undefined) response.destroy();
  else response.writeHead(200, { 'content-type': REPLY }).end(await answer(body, parts));
}

/** The bytes of the body, cut behind the first that is too many. */
async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Uint8Array>) {
    size += part.length;
    parts.push(part);
    if (size > TSP_REQUEST_BYTES_MAX) break;
  }
  return Buffer.concat(parts);
}

async function answer(
  body: Uint8Array,
  { authority, signer, policy }: TimeStampParts,
): Promise<Uint8Array> {
  const request = readTimeStampRequest(body);
  if (!request.ok) return writeTimeStampRefusal(request.reason);
  const asked = request.value.policy;
  if (asked !== undefined && asked !== policy) {
    return writeTimeStampRefusal({ refusal: 'unacceptedPolicy', fact: `the policy is ${policy}` });
  }
  const registered = await authority.register(request.value);
  if (!registered.ok) return writeTimeStampRefusal(registered.reason);
  const { serialNumber, genTimeMs } = registered.value;
  const info = { policy, serialNumber: BigInt(serialNumber), genTimeMs, request: request.value };
  return writeTimeStampToken(info, signer);
}
