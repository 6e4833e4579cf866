/** Calls that wait on the ledger, whatever contract they are of. */
import type { Client } from '@daybook/client';
import { fromHex } from '@daybook/core';
import { contractNamed } from '../actions/contracts.ts';
import type { PendingCall } from './present.ts';

/** In the order of their keys, those that are over included. */
export async function* pendingCalls(client: Client): AsyncGenerator<PendingCall> {
  const records = client.contractBy(await contractNamed('ledger', client)).records('pending');
  for await (const { row, overdue = [] } of records.list()) {
    const { call, contract, status, args } = row;
    yield {
      call: String(call),
      contract: String(contract),
      status: String(status),
      isExpired: overdue.includes('expires'),
      args: fromHex(String(args)) ?? new Uint8Array(),
    };
  }
}
