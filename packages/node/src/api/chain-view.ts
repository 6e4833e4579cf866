/** Chain types as views: how headers, certificates, transactions and receipts look from outside. */
import type { BodyEntry, Certificate, Header, Transaction, ValidatorSet } from '@daybook/core';
import { encodeCertificate, encodeHeader, quorumOf } from '@daybook/core';
import type { ContractViews } from './contract-view.ts';
import type { BlockOutline, FinalBlock, Head, Placement, Refusal } from './ports.ts';
import type { View, ViewMap } from './view.ts';

/** RFC 3339 in UTC. */
export function timeText(timestampMs: number): string {
  return new Date(timestampMs).toISOString();
}

/** The moment an answer speaks of. */
export function headView({ height, blockHash, timestampMs }: Head): ViewMap {
  return { height, blockHash, timestampMs, time: timeText(timestampMs) };
}

function headerView(header: Header): ViewMap {
  const { height, timestampMs } = header;
  return {
    version: header.version,
    height,
    parentHash: header.parentHash,
    timestampMs,
    time: timeText(timestampMs),
    proposer: header.proposer,
    txRoot: header.txRoot,
    stateRoot: header.stateRoot,
    resultRoot: header.resultRoot,
    historyRoot: header.historyRoot,
    validatorsHash: header.validatorsHash,
    nextValidatorsHash: header.nextValidatorsHash,
  };
}

/** A block in a list. */
export function outlineView({ header, blockHash, transactionCount }: BlockOutline): ViewMap {
  return { blockHash, ...headerView(header), transactionCount };
}

function certificateView(certificate: Certificate): ViewMap {
  const { round, validatorCount, signers } = certificate;
  return { round, validatorCount, signers, bytes: encodeCertificate(certificate) };
}

/** A block with what proves it final; `headerBytes` and the certificate's bytes can be verified. */
export function blockView(block: FinalBlock): ViewMap {
  return {
    ...outlineView(block),
    headerBytes: encodeHeader(block.header),
    ...(block.certificate !== undefined && { certificate: certificateView(block.certificate) }),
  };
}

/** One line of a block's list of transactions. */
export function resultLineView(block: FinalBlock, index: number): ViewMap | undefined {
  const result = block.results[index];
  if (result === undefined) return undefined;
  return { index, id: result.id, succeeded: result.code === 0, code: result.code };
}

function callsView({ body }: Transaction, views: ContractViews): ViewMap {
  return {
    signers: body.signers.map(({ publicKey, identity }) => ({ publicKey, identity })),
    nonce: body.nonce,
    validUntilMs: body.validUntilMs,
    calls: body.calls.map(({ contract, action, args }) => ({
      contract,
      action,
      args: views.call(contract, action, args),
    })),
  };
}

/** What was asked for, by whom. */
export function entryView(entry: BodyEntry, views: ContractViews): ViewMap {
  if (entry.type === 'transaction') {
    return { kind: 'signed', ...callsView(entry.transaction, views) };
  }
  return { kind: entry.system.kind, payload: entry.system.payload };
}

/** Why a transaction had no effect, as problem details say it. */
export interface FailureWords extends Refusal {
  readonly remedy: string;
}

/** The place and outcome of a final transaction. */
export function receiptView(
  block: FinalBlock,
  place: Placement,
  words: { readonly failure: FailureWords | undefined; readonly views: ContractViews },
): ViewMap {
  const { failure, views } = words;
  const result = block.results[place.index];
  if (result === undefined) return {};
  const { id, code, events, writes } = result;
  return {
    id,
    state: 'committed',
    ...place,
    blockHash: block.blockHash,
    timestampMs: block.header.timestampMs,
    time: timeText(block.header.timestampMs),
    succeeded: code === 0,
    code,
    ...(failure !== undefined && { failure: failureView(failure) }),
    events: events.map((event, index) => ({
      cursor: eventCursor({ ...place, event: index }),
      contract: event.contract,
      name: event.name,
      fields: views.event(event),
    })),
    writes: writes.map(({ treeKey, valueHash }) => ({ treeKey, valueHash: valueHash ?? null })),
  };
}

function failureView({ code, detail, remedy, errors }: FailureWords): View {
  return {
    code,
    detail,
    remedy,
    ...(errors !== undefined && { errors: errors.map((fault) => ({ ...fault })) }),
  };
}

/** `height.tx.index` of one event. */
export function eventCursor(place: Placement & { readonly event: number }): string {
  return `${place.height}.${place.index}.${place.event}`;
}

/** The set that signs a height. */
export function validatorsView(set: ValidatorSet): ViewMap {
  const { quorum, faultyMax } = quorumOf(set.length);
  return {
    quorum,
    faultyMax,
    validators: set.map(({ id, publicKey }, index) => ({ index, id, publicKey })),
  };
}
