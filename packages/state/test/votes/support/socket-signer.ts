/** A signer behind a real socket in a directory of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RemoteSigner, SignerServer, VoteSigner } from '../../../src/index.ts';
import { connectSigner, startSignerServer } from '../../../src/index.ts';
import { chain } from './votes.ts';

export interface SocketPlace {
  readonly path: string;
  remove(): void;
}

export function makeSocketPlace(): SocketPlace {
  const directory = mkdtempSync(path.join(tmpdir(), 'daybook-signer-'));
  return {
    path: path.join(directory, 'socket'),
    remove: () => rmSync(directory, { recursive: true }),
  };
}

export interface Served {
  readonly server: SignerServer;
  /** What happened at the door, with its fact. */
  readonly events: readonly string[];
  readonly fatal: readonly unknown[];
}

export async function serve(place: SocketPlace, signer: VoteSigner): Promise<Served> {
  const events: string[] = [];
  const fatal: unknown[] = [];
  const server = await startSignerServer(
    { path: place.path },
    {
      signer,
      onEvent: (event, { fact }) => events.push(fact === undefined ? event : `${event}: ${fact}`),
      onFatal: (error) => fatal.push(error),
    },
  );
  return { server, events, fatal };
}

export interface Connection {
  readonly signer: RemoteSigner;
  /** Resolves when the connection next comes or goes. */
  changed(words: 'signer connected' | 'signer away'): Promise<void>;
}

export interface ConnectionOptions {
  readonly chain?: typeof chain;
  readonly connectMsMax?: number;
  /** How fast the clock of the client runs. */
  readonly speed?: number;
}

export async function connectTo(
  place: Pick<SocketPlace, 'path'>,
  { speed = 1, ...options }: ConnectionOptions = {},
): Promise<Connection> {
  const waiting = new Map<string, () => void>();
  const signer = await connectSigner(
    { path: place.path, chain, connectMsMax: 5000, ...options },
    {
      schedule: (delayMs, task) => {
        const timer = setTimeout(task, delayMs / speed);
        return () => clearTimeout(timer);
      },
      onChange: (words) => waiting.get(words)?.(),
    },
  );
  const changed = (words: string): Promise<void> =>
    new Promise((resolve) => waiting.set(words, resolve));
  return { signer, changed };
}
