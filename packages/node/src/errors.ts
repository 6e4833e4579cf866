/**
 * The failures of the node itself: configuration, the way of a transaction into the mempool, and
 * every answer of the HTTP API that is not a success. Codes are never reused after removal.
 */
import { defineErrors } from '@daybook/core';

export const NODE_ERRORS = defineErrors({
  // configuration and start
  NODE_CONFIG_UNREADABLE: {
    summary: 'The configuration file cannot be read.',
    remedy: 'Check the path given with --config, and that the service user may read the file.',
  },
  NODE_CONFIG_INVALID: {
    summary: 'The configuration file has faults.',
    remedy: 'Correct each line that is named; docs/reference/config.md lists all settings.',
  },
  NODE_COMMAND_WRONG: {
    summary: 'The command line is none that daybookd takes.',
    remedy: 'daybookd --help lists the verbs, daybookd VERB --help says what each takes.',
  },
  NODE_FILE_FAILED: {
    summary: 'The operating system refused to read or write a file or folder.',
    remedy:
      'Check the path, who owns it, and the space on its disk; run the verbs of daybookd as the ' +
      'service user.',
  },
  NODE_API_LISTEN_FAILED: {
    summary: 'The HTTP API cannot listen on its configured address.',
    remedy: 'Free the port, or change api.host and api.port.',
  },
  NODE_NOTIFY_FAILED: {
    summary: 'The service manager could not be told about the state of the node.',
    remedy: 'Install systemd-notify (package systemd), or use Type=exec without a watchdog.',
  },
  // transactions
  NODE_TRANSACTION_CHAIN: {
    summary: 'The transaction was made for another chain.',
    remedy: 'Build it with the chain id that GET /v1/genesis shows.',
    status: 422,
  },
  NODE_TRANSACTION_EXPIRED: {
    summary: 'The time until which the transaction was valid has passed.',
    remedy: 'Build it again with a new nonce and a later validUntil, sign and submit it.',
    status: 422,
  },
  NODE_TRANSACTION_VALIDITY: {
    summary: 'The transaction would stay valid for longer than the chain allows.',
    remedy: 'Choose an earlier validUntil; the parameter validityMaxMs is the limit.',
    status: 422,
  },
  NODE_TRANSACTION_REPLAYED: {
    summary: 'A transaction with this id is final already.',
    remedy: 'Read its receipt with GET /v1/transactions/{id}; to act again, use a new nonce.',
    status: 409,
  },
  NODE_TRANSACTION_KEY: {
    summary: 'A signer key is not a good Ed25519 public key.',
    remedy: 'Use a key made by `daybook key`; small-order and mixed-order points are refused.',
    status: 422,
  },
  NODE_TRANSACTION_RELEASE: {
    summary: 'The transaction proposes a contract version that this release does not bring.',
    remedy:
      'Name a version that exists, and install its release on every node before proposing it.',
    status: 422,
  },
  NODE_TRANSACTION_SIGNATURE: {
    summary: 'A signature does not match its signer and body.',
    remedy: 'Sign the exact body bytes with the key that the signer entry names.',
    status: 422,
  },
  NODE_TRANSACTION_FAILED: {
    summary: 'The transaction is final but was refused by a contract, so it changed nothing.',
    remedy: 'Look up the code of the receipt in /docs/errors.',
    status: 422,
  },
  NODE_QUOTA_EXCEEDED: {
    summary: 'The organisation has as many transactions waiting as its lane may hold.',
    remedy: 'Wait until some are final, then submit again; nothing was lost on the chain.',
    status: 429,
  },
  NODE_MEMPOOL_FULL: {
    summary: 'This node holds as many waiting transactions as it may.',
    remedy: 'Submit again in a few seconds, or to another node.',
    status: 503,
  },
  NODE_SYNCING: {
    summary: 'This node is still catching up with the chain and takes no transactions yet.',
    remedy: 'Submit to another node, or wait until GET /readyz answers 200.',
    status: 503,
  },
  NODE_SQL_OFF: {
    summary: 'This node keeps no SQL tables.',
    remedy: 'Ask a node whose setting readmodel.state is on.',
    status: 404,
  },
  NODE_STOPPING: {
    summary: 'This node is being stopped.',
    remedy: 'Use another node, or wait until it is started again.',
    status: 503,
  },
  // requests
  NODE_REQUEST_MALFORMED: {
    summary: 'The request is not well-formed HTTP, or its path is not properly encoded.',
    remedy: 'Percent-encode path segments as UTF-8 and compare with GET /openapi.json.',
    status: 400,
  },
  NODE_HOST_REFUSED: {
    summary: 'The request names a host that this node does not answer for.',
    remedy: 'Use a name listed in api.hostNames of the node.',
    status: 421,
  },
  NODE_ROUTE_UNKNOWN: {
    summary: 'There is nothing at this path.',
    remedy: 'GET /docs lists all paths.',
    status: 404,
  },
  NODE_TABLE_UNKNOWN: {
    summary: 'There is no SQL table of this name.',
    remedy: 'SHOW TABLES lists them; each is named contract_record, for example treasury_payment.',
    status: 404,
  },
  NODE_METHOD_UNSUPPORTED: {
    summary: 'The path exists, but not for this method.',
    remedy: 'Use a method of the Allow header.',
    status: 405,
  },
  NODE_REPRESENTATION_UNAVAILABLE: {
    summary: 'None of the media types in Accept can be served here.',
    remedy: 'Accept application/json; many resources also come as application/cbor.',
    status: 406,
  },
  NODE_MEDIA_TYPE_UNSUPPORTED: {
    summary: 'The body has a media type that is not taken here.',
    remedy: 'Send a Content-Type that GET /openapi.json names for this path.',
    status: 415,
  },
  NODE_BODY_TOO_LARGE: {
    summary: 'The body has more bytes than this path takes.',
    remedy: 'Send smaller batches.',
    status: 413,
  },
  NODE_BODY_MALFORMED: {
    summary: 'The body is not what its Content-Type says.',
    remedy: 'Send well-formed UTF-8 JSON without repeated or dangerous member names.',
    status: 400,
  },
  NODE_HEADERS_TOO_LARGE: {
    summary: 'The request line and headers have more bytes than the server takes.',
    remedy: 'Shorten the URL and leave out headers.',
    status: 431,
  },
  NODE_REQUEST_TIMEOUT: {
    summary: 'The request did not arrive completely in time.',
    remedy: 'Send it again over a better line, or in smaller parts.',
    status: 408,
  },
  NODE_RATE_LIMITED: {
    summary: 'This client sends more than its share.',
    remedy: 'Wait as many seconds as Retry-After says; use batches for many transactions.',
    status: 429,
  },
  NODE_OVERLOADED: {
    summary: 'The node has as many requests in hand as it can hold.',
    remedy: 'Send it again after the seconds that Retry-After says, or to another node.',
    status: 503,
  },
  NODE_STREAMS_EXHAUSTED: {
    summary: 'As many event streams are open as this node serves.',
    remedy: 'Close streams you no longer read, try again later, or use another node.',
    status: 503,
  },
  NODE_INPUT_INVALID: {
    summary: 'One or more values of the request are not as they must be.',
    remedy: 'Correct the values named in `errors`; GET /openapi.json has the schema.',
    status: 400,
  },
  NODE_CURSOR_INVALID: {
    summary: 'The cursor was not made by this list, or is damaged.',
    remedy: 'Start again without a cursor and follow `next` as it is.',
    status: 400,
  },
  NODE_BATCH_TOO_MANY: {
    summary: 'The batch has more transactions than one request may carry.',
    remedy: 'Split it.',
    status: 413,
  },
  NODE_INTERNAL: {
    summary: 'The node failed to answer; the fault is not yours.',
    remedy: 'Try again; if it lasts, tell the operator the time and the path of the request.',
    status: 500,
  },
  // resources
  NODE_TRANSACTION_UNKNOWN: {
    summary: 'This node knows no transaction with this id.',
    remedy: 'Check the id; a transaction that was never accepted leaves no trace: submit it again.',
    status: 404,
  },
  NODE_BLOCK_UNKNOWN: {
    summary: 'There is no such final block yet.',
    remedy: 'GET /v1/status shows the newest height.',
    status: 404,
  },
  NODE_BLOCK_PRUNED: {
    summary: 'This node no longer keeps the block.',
    remedy: 'Ask an archive node, or read the archived segment.',
    status: 410,
  },
  NODE_CHECKPOINT_UNKNOWN: {
    summary: 'There is no such checkpoint here.',
    remedy: 'GET /v1/checkpoint is the newest; the last two minutes are kept, others are proven.',
    status: 404,
  },
  NODE_TREE_SIZE: {
    summary: 'The history has no tree of this size, or not in this order.',
    remedy: 'Sizes go from 1 to the newest height + 1; from must not be larger than to.',
    status: 422,
  },
  NODE_WITNESS_UNKNOWN: {
    summary: 'The cosignature is of no registered witness.',
    remedy: 'Have the witness registered first; see docs/operations/checkpoints.md.',
    status: 403,
  },
  NODE_VALIDATORS_UNKNOWN: {
    summary: 'The validators of that height are not known here.',
    remedy: 'Ask for a height from 1 to the newest height + 1.',
    status: 404,
  },
  NODE_STATE_UNKNOWN: {
    summary: 'The height is above the newest final block.',
    remedy: 'GET /v1/status shows the newest height.',
    status: 404,
  },
  NODE_STATE_PRUNED: {
    summary: 'This node no longer keeps the state of that height.',
    remedy: 'Ask for a newer height, or read the history of the record.',
    status: 410,
  },
  NODE_CONTRACT_UNKNOWN: {
    summary: 'There is no contract of this name.',
    remedy: 'GET /v1/contracts lists them.',
    status: 404,
  },
  NODE_ACTION_UNKNOWN: {
    summary: 'The contract has no action of this name.',
    remedy: 'GET /v1/contracts/{contract}/schema lists its actions.',
    status: 404,
  },
  NODE_RECORD_SET_UNKNOWN: {
    summary: 'The contract has no records or queries of this name.',
    remedy: 'GET /v1/contracts/{contract}/schema lists them.',
    status: 404,
  },
  NODE_RECORD_UNKNOWN: {
    summary: 'There is no record with this key at that height.',
    remedy: 'List the records; ask with proof=bundle for a proof that it does not exist.',
    status: 404,
  },
  NODE_PROOF_EARLY: {
    summary: 'The chain is at genesis, which no certificate proves.',
    remedy: 'Ask again when the first block is final, or for a height from 1 on.',
    status: 409,
  },
  NODE_FEED_PRUNED: {
    summary: 'The events after this cursor are no longer kept here.',
    remedy: 'Resume at an archive node, or start from the oldest block of GET /v1/status.',
    status: 410,
  },
  // the node's own data
  NODE_GENESIS_INVALID: {
    summary: 'The genesis file cannot be used.',
    remedy: 'Get the file that all founders signed; `daybook init check` names each fault.',
  },
  NODE_GENESIS_MISMATCH: {
    summary:
      'The data directory belongs to another chain, or to other contracts, than the genesis file.',
    remedy:
      'Point genesisFile at the file this directory was started with, or use a new directory.',
  },
  NODE_BLOCK_MISSING: {
    summary: 'A block that the node must have is not in its block log.',
    remedy: 'Restore the segment files, or start with an empty data directory and sync from peers.',
  },
  NODE_DATA_NONE: {
    summary: 'There are no data of a node in this directory.',
    remedy:
      'Check node.dataDirectory in the configuration; the first start of a node makes its data, and ' +
      'there is nothing to check or repair before.',
  },
  NODE_BEGINNING_DAMAGED: {
    summary: 'What this node keeps of the time before its snapshot fails its checksum.',
    remedy: 'Move the data directory away and let the node join again; the disk may be failing.',
  },
  NODE_CHECKPOINT_CONTRADICTED: {
    summary:
      'The history that the others serve, or that is stored here, does not go through the checkpoint ' +
      'named here.',
    remedy:
      'Compare sync.checkpoint or sync.checkpointFile with another department. If it is right, keep ' +
      'the log and the data and tell all of them: somebody serves another chain.',
  },
  NODE_CHECKPOINT_OLD: {
    summary: 'The checkpoint is older than 30 days, so trust is not extended from it.',
    remedy: 'Ask another department for a recent block, or for its answer to GET /v1/checkpoint.',
  },
  NODE_SNAPSHOT_FORGED: {
    summary: 'A peer gave a part of a snapshot that contradicts what the validators signed.',
    remedy: 'None needed: the peer is cut off, and the part comes from another. Tell its operator.',
  },
  NODE_CHAIN_BROKEN: {
    summary: 'Two neighbouring blocks of the block log do not link.',
    remedy: 'The log was altered: keep a copy, then sync from peers into an empty data directory.',
  },
  NODE_CERTIFICATE_BROKEN: {
    summary: 'A block of the log lacks a valid certificate.',
    remedy: 'The log was altered: keep a copy, then sync from peers into an empty data directory.',
  },
  NODE_STATE_DIVERGED: {
    summary: 'Executing a final block gives another state than its header names.',
    remedy:
      'Check release, memory and disk of this node, then run `daybookd repair` while it is down.',
  },
  NODE_DATA_DAMAGED: {
    summary: 'What was asked for lies in a damaged part of the data of this node.',
    remedy: 'Ask another node; its operator stops this one and runs `daybookd repair`.',
    status: 503,
  },
  // archives
  NODE_ARCHIVE_DAMAGED: {
    summary: 'An archive is damaged or was altered at this place.',
    remedy:
      'Copy the named file again from the node or from another archive of the same chain; ' +
      'everything before the place holds.',
    status: 503,
  },
  NODE_ARCHIVE_AWAY: {
    summary: 'The archive that holds older blocks does not answer.',
    remedy:
      'Check archive.source, and that the folder or web server hands out the file that is named; ' +
      'newer blocks are served without it.',
    status: 503,
  },
  NODE_ARCHIVE_INCOMPLETE: {
    summary: 'The folder lacks blocks that this node has moved to an archive.',
    remedy:
      'Name their folder as archive.source, write into it, or copy them and archive.json from it ' +
      'first.',
  },
  NODE_ARCHIVE_INSIDE: {
    summary: 'An archive or backup cannot be written among the data of the node.',
    remedy: 'Name a folder of its own outside of node.dataDirectory, best on another disk.',
  },
  NODE_ARCHIVE_OWN: {
    summary: 'archive.source leads to the data of this node, which are no archive of them.',
    remedy:
      'Name a folder that neither lies in node.dataDirectory nor contains it, best on another disk, ' +
      'and fill it with `daybookd archive write`.',
  },
  NODE_ARCHIVE_OTHER: {
    summary: 'The folder holds an archive of another chain, or one that begins at another height.',
    remedy: 'Name another folder, or move the archive that is there away.',
  },
  NODE_ARCHIVE_GENESIS: {
    summary: 'An archive without a usable genesis file proves nothing.',
    remedy: 'Put genesis.json into the folder, or name the file with --genesis.',
  },
  NODE_ARCHIVE_EMPTY: {
    summary: 'There are no blocks in this folder.',
    remedy: 'Name the folder that holds the files blocks-*.log.',
  },
  NODE_BACKUP_UNUSABLE: {
    summary: 'This folder is no complete backup.',
    remedy: 'Use another backup, or start with an empty data directory and sync from peers.',
  },
  NODE_BACKUP_IMPOSSIBLE: {
    summary:
      'The running node did not give its state, which its backup needs: it joined by a snapshot.',
    remedy:
      'Check api.host, api.port and api.hostNames and run this verb again, or stop the node and run ' +
      'it then.',
  },
  NODE_RESTORE_OCCUPIED: {
    summary: 'A backup is restored only where there are no blocks and no state.',
    remedy: 'Move the folder away, and leave votes and keys where they are; then restore again.',
  },
  // blocks of others
  NODE_BLOCK_FIELD: {
    summary: 'A header field of a block contradicts its parent or its body.',
    remedy: 'Nothing to do here; tell the operator of the proposer if it repeats.',
  },
  NODE_BLOCK_TOO_LARGE: {
    summary: 'A block is larger than the parameter blockBytesMax allows.',
    remedy: 'Nothing to do here; tell the operator of the proposer if it repeats.',
  },
  NODE_BLOCK_TRANSACTION: {
    summary: 'A transaction in a block may not stand there.',
    remedy: 'Nothing to do here; tell the operator of the proposer if it repeats.',
  },
  NODE_BLOCK_ROOT: {
    summary: 'Executing a block gives another root than its header names.',
    remedy:
      'Compare release and Node.js version with the proposer; keep the block for examination.',
  },
  // messages of others
  NODE_MESSAGE_UNSIGNED: {
    summary: 'A consensus message is not signed by the validator it names.',
    remedy: 'Nothing to do here: it was ignored.',
  },
  NODE_MESSAGE_UNBOUND: {
    summary: 'A proposal does not fit its own header or justification.',
    remedy: 'Nothing to do here: it was ignored.',
  },
  NODE_MESSAGE_UNCERTIFIED: {
    summary: 'A certificate inside a message is not valid.',
    remedy: 'Nothing to do here: it was ignored.',
  },
  NODE_MESSAGE_OUT_OF_PLACE: {
    summary: 'A peer sent a message on a channel where it does not belong.',
    remedy: 'Compare the release of that peer with this one.',
  },
  NODE_RECOVERY_UNREADABLE: {
    summary: 'A recovery file cannot be read.',
    remedy: 'Correct what is named, or get the file again from whoever drafted it.',
  },
  NODE_FORK_PROOF_PRESENT: {
    summary: 'This node stopped because it saw a fork, and stays down until a person acts.',
    remedy:
      'Check the file with daybook verify, send it to all departments, and follow ' +
      'docs/operations/recovery.md; move the file away only when the consortium has decided.',
  },
  NODE_READY_REFUSED: {
    summary: 'A READY is of a key that nobody waits for, or names a block too old or too new.',
    remedy: 'Nothing to do here: it was ignored. The validator sends another one by itself.',
  },
  NODE_SYSTEM_POOL_FULL: {
    summary: 'As many proven faults as this node keeps wait for a block already.',
    remedy: 'Nothing to do here: more are taken when those that wait are recorded.',
  },
  NODE_SYSTEM_UNEXPECTED: {
    summary: 'A peer passed on a system transaction that comes from operators only.',
    remedy: 'Nothing to do here: it was ignored.',
  },
  // health
  NODE_UNHEALTHY: {
    summary: 'Blocks should advance and do not, or the node cannot do its duty.',
    remedy: 'GET /v1/why says what it waits for; docs/operations/runbook.md says what to do.',
    status: 503,
  },
  NODE_NOT_READY: {
    summary: 'The node has not caught up yet, or is being stopped.',
    remedy: 'Wait; GET /v1/status shows the progress.',
    status: 503,
  },
});

export type NodeCode = keyof typeof NODE_ERRORS;

/** The world denied the node something it cannot do without. */
export class NodeError extends Error {
  override readonly name = 'NodeError';
  readonly code: NodeCode;
  /** One sentence with the facts. */
  readonly detail: string;

  /** @param facts.detail  one sentence with the facts */
  constructor(code: NodeCode, facts: { readonly detail: string; readonly cause?: unknown }) {
    super(`${NODE_ERRORS[code].summary} ${facts.detail}`, { cause: facts.cause });
    this.code = code;
    this.detail = facts.detail;
  }
}
