/** What a witness does with a checkpoint that extends the history: it cosigns, and tells all nodes. */
import type { Client, FollowedNode } from '@daybook/client';
import type { Signer, TreeHead } from '@daybook/core';
import { cosignNote, encodeNoteSignature, encodeTreeHead, encodeUtf8 } from '@daybook/core';
import { factOf } from './follow.ts';

/** A node that takes cosignatures. */
export interface CosignedNode extends FollowedNode {
  readonly client: Client;
}

export type CosignEvent =
  | { readonly kind: 'cosigned'; readonly size: number; readonly url: string }
  | { readonly kind: 'handed in'; readonly size: number; readonly url: string }
  | { readonly kind: 'not handed in'; readonly url: string; readonly fact: string };

export interface CosignParts {
  readonly nodes: readonly CosignedNode[];
  /** Name and key under which it cosigns. */
  readonly name: string;
  readonly signer: Signer;
  readonly nowMs: () => number;
  readonly tell: (event: CosignEvent) => void;
}

/** @param source  address of the node that served it */
export async function cosign(head: TreeHead, source: string, parts: CosignParts): Promise<void> {
  const { name, signer, nodes, tell } = parts;
  const timeS = Math.floor(parts.nowMs() / 1000);
  const line = cosignNote({ text: encodeTreeHead(head), timeS }, name, signer);
  tell({ kind: 'cosigned', size: head.size, url: source });
  const lines = encodeUtf8(encodeNoteSignature(line));
  // The node that served it first: it has the tree for certain, and passes the line on.
  const first = nodes.filter(({ url }) => url === source);
  for (const { client, url } of [...first, ...nodes.filter((node) => node.url !== source)]) {
    try {
      await client.cosign(head.size, lines);
      tell({ kind: 'handed in', size: head.size, url });
    } catch (error) {
      tell({ kind: 'not handed in', url, fact: factOf(error) });
    }
  }
}
