/**
 * Writing a staged tree: the buckets with their values, then nodes from the deepest up, so that
 * every record names only records before it. Afterwards the nodes are ordinary stored ones and the inner ones stay in
 * the cache.
 */
import type { Height } from '@daybook/core';
import { TREE_WIDTH } from '@daybook/core';
import { setRefAt } from './bucket.ts';
import type { Child } from './child.ts';
import { RECORD_KINDS, writeInner } from './inner.ts';
import type { NodeStore } from './node-store.ts';
import type { InnerNode, MemoryNode, StagedBucket } from './nodes.ts';
import { BASE_AT, REPLACED_AT } from './nodes.ts';
import { copyBytes } from './numbers.ts';
import type { RecordLog } from './record-log.ts';
import type { TreeStage } from './tree-stage.ts';
import { adoptPlace, buryInner } from './tree-stage.ts';
import { writePending } from './values.ts';

export interface PersistParts {
  readonly nodes: NodeStore;
  readonly values: RecordLog;
  /** The block that is being stored. */
  readonly height: Height;
}

/**
 * Writes all nodes of a stage and gives them places; `stage.dead` grows by what they replace.
 * Nodes of an ancestor have places already: states are committed in the order of heights.
 */
export function persistStage(root: Child, stage: TreeStage, parts: PersistParts): Child {
  if (root.node === undefined) return root;
  for (const bucket of stage.buckets) persistBucket(bucket, parts);
  for (const bucket of stage.moved) persistBucket(bucket, parts);
  // Level by level and not along the tree: the nodes lie in memory in nearly this order.
  for (const level of stage.levels()) {
    for (const node of level) persistInner(node, stage, parts.nodes);
  }
  return { ...root, ref: root.node.ref, node: undefined };
}

function persistInner(node: InnerNode, stage: TreeStage, nodes: NodeStore): void {
  const { refs } = node;
  const replacedRef = refs[REPLACED_AT] ?? 0;
  const baseRef = refs[BASE_AT] ?? 0;
  writeInner(nodes.log, node);
  tellParent(node);
  nodes.replace(replacedRef, node);
  if (replacedRef === 0) return;
  const isBaseUsed = refs[BASE_AT] === baseRef;
  if (replacedRef !== baseRef || !isBaseUsed) stage.dead.push(replacedRef);
  if (replacedRef !== baseRef && !isBaseUsed) stage.dead.push(baseRef);
}

function tellParent({ parent, slot, ref }: MemoryNode): void {
  if (parent !== undefined) parent.refs[slot] = ref;
}

function persistBucket(bucket: StagedBucket, parts: PersistParts): void {
  if (bucket.isDropped) return;
  const { bytes, at, layout, values } = bucket;
  const bodySize = layout.end - at;
  for (let index = 0; index < values.length; index++) {
    const pending = values[index];
    if (pending === undefined) continue;
    setRefAt(bytes, layout, index, writePending(parts.values, pending, parts.height));
  }
  const { log } = parts.nodes;
  const start = log.begin(bodySize);
  copyBytes(bytes, at, log.buffer, start, bodySize);
  bucket.ref = log.finish(RECORD_KINDS.bucket, bodySize);
  tellParent(bucket);
}

/**
 * After an ancestor was written: a stage that was built on its nodes in memory refers to their
 * places from now on, so that their memory may be given back.
 */
export function rebaseStage(root: Child, stage: TreeStage): Child {
  rebaseDead(stage);
  const { node } = root;
  if (node === undefined) return root;
  if (node.stage === stage.id) {
    rebaseNode(node, stage);
    return root;
  }
  return node.ref === 0 ? root : { ...root, ref: node.ref, node: undefined };
}

function rebaseDead(stage: TreeStage): void {
  const staged = stage.deadStaged.splice(0);
  for (const node of staged) {
    if (node.ref === 0) stage.deadStaged.push(node);
    else if (node.isInner) buryInner(node, stage.dead);
    else stage.dead.push(node.ref);
  }
}

function rebaseNode(node: MemoryNode, stage: TreeStage): void {
  if (!node.isInner) {
    rebaseValues(node);
    return;
  }
  const { kids, replacedStaged } = node;
  if (replacedStaged !== undefined && replacedStaged.ref !== 0) adoptPlace(node, replacedStaged);
  for (let slot = 0; kids !== undefined && slot < TREE_WIDTH; slot++) {
    const kid = kids[slot];
    if (kid === undefined) continue;
    if (kid.stage === stage.id) {
      rebaseNode(kid, stage);
    } else if (kid.ref !== 0) {
      node.refs[slot] = kid.ref;
      kids[slot] = undefined;
    }
  }
}

function rebaseValues({ bytes, layout, values }: StagedBucket): void {
  for (const [index, pending] of values.entries()) {
    if (pending === undefined || pending.ref === 0) continue;
    setRefAt(bytes, layout, index, pending.ref);
    values[index] = undefined;
  }
}

/**
 * Gives back the memory of a stage: it was written and cached, or it never will be. Stages built on
 * it have been rebased or released before.
 */
export function releaseStage(stage: TreeStage, nodes: NodeStore): void {
  for (const node of stage.inner) nodes.stagePool.give(node);
  stage.inner.length = 0;
  stage.buckets.length = 0;
  stage.moved.length = 0;
  stage.arena.release();
  nodes.limitFree();
}
