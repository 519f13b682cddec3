import type { Json } from '../base/json.ts';

/**
 * What is different between two workflows, or two versions of one. Nodes inside nodes are named by their address, `group/inner`. Where a
 * name has changed, `before` says what it was.
 */
export interface WorkflowDiff {
  readonly schemaVersion: 1;
  readonly before: DiffedWorkflow;
  readonly after: DiffedWorkflow;
  /** True when both would run the same: descriptions count, comments and the order of fields do not. */
  readonly same: boolean;
  /** True when somebody who calls the workflow has to change something. */
  readonly breaking: boolean;
  /** What callers see: inputs, then outputs, then the workflow's name. */
  readonly signature: readonly SignatureChange[];
  /** Nodes that are not as they were, in the order of the second, then those that are gone. */
  readonly nodes: readonly NodeChange[];
  /** What waits for what. An edge that only follows a node's new name is no change. */
  readonly edges: readonly EdgeChange[];
  /** What belongs to no node: limits, tiers, constants, tools, partials. */
  readonly settings: readonly FieldChange[];
  /** For each node of the second: whether outputs made by the first still stand for its own. */
  readonly reuse: readonly NodeReuse[];
  /** Nodes whose calls have another price, or are new or gone. */
  readonly prices: readonly PriceChange[];
  /** Every node and edge of both, to be drawn. */
  readonly graph: DiffGraph;
}

export interface DiffedWorkflow {
  readonly workflow: string;
  /** As it was named: `review.workflow.yml`, `HEAD:review.workflow.yml`. */
  readonly file: string;
  readonly digest: string;
}

export interface SignatureChange {
  readonly of: 'input' | 'output' | 'workflow';
  readonly name: string;
  readonly change: 'added' | 'removed' | 'renamed' | 'type' | 'default' | 'value' | 'description';
  readonly breaking: boolean;
  /** The name it had. */
  readonly before?: string;
  /** Which part of it: `findings[].severity`. */
  readonly at?: string;
  /** In a sentence, without its name. */
  readonly message: string;
}

export interface NodeChange {
  readonly node: string;
  readonly change: 'added' | 'removed' | 'renamed' | 'changed';
  /** Of a renamed one: its address before, and how alike both are, from 0 to 1. */
  readonly before?: string;
  readonly similarity?: number;
  /** Its kind, and what answers it: `llm · cheap`. */
  readonly is: string;
  readonly fields: readonly FieldChange[];
  /** Of the schema of its output, part by part. */
  readonly output: readonly SchemaChange[];
}

/** A field that is not as it was; null where it was not written. */
export interface FieldChange {
  /** As its author knows it: `prompt`, `retry.max_attempts`, `foreach.where`. */
  readonly field: string;
  /** `text`: words for a model or a person, to be compared word by word. */
  readonly holds: 'text' | 'expression' | 'value';
  readonly before: Json;
  readonly after: Json;
}

export interface SchemaChange {
  /** `findings[].severity`; empty for the whole. */
  readonly at: string;
  /** `narrowed`: fewer values fit than before; `widened`: more; `changed`: both, or it cannot be told. */
  readonly change: 'added' | 'removed' | 'required' | 'optional' | 'narrowed' | 'widened' | 'changed' | 'described';
  readonly message: string;
  /** True when a value that was right may be wrong now. */
  readonly breaksGivers: boolean;
  /** True when what is read may be missing, or be something that it never was. */
  readonly breaksReaders: boolean;
}

export interface EdgeChange {
  readonly from: string;
  readonly to: string;
  readonly change: 'added' | 'removed' | 'optional' | 'required';
  /** What makes it, or made it: `prompt reads output.kind`. */
  readonly why: string;
}

export interface NodeReuse {
  readonly node: string;
  /**
   * `kept`: what was made before still stands; `cache`: only in the cache, since earlier runs know the node by another name;
   * `may_change`: it reads what may be different; `again`: it is done again; `new`; `never`: its kind is always done again.
   */
  readonly verdict: 'kept' | 'cache' | 'may_change' | 'again' | 'new' | 'never';
  /** Empty where the verdict says it all. */
  readonly because: string;
}

/** What one call of a node costs: a price for each tier it may ask. Absent: there is no such call. */
export interface PriceChange {
  readonly node: string;
  /** One for every item or round: how many is known only when it runs. */
  readonly repeated: boolean;
  readonly before?: readonly CallPrice[];
  readonly after?: readonly CallPrice[];
}

export interface CallPrice {
  /** The first candidate, `provider/model`. */
  readonly model: string;
  /** Dollars per million tokens; null: not known. */
  readonly input: number | null;
  readonly output: number | null;
  /** Dollars for a call of 1,000 tokens in and 500 out; null: not known. */
  readonly call: number | null;
}

export type Presence = 'same' | 'added' | 'removed' | 'changed';

export interface DiffGraph {
  readonly nodes: readonly {
    readonly node: string;
    /** The address of the node it is inside of. */
    readonly inside?: string;
    readonly before?: string;
    readonly is: string;
    readonly state: Presence;
    readonly foreach: boolean;
    readonly conditional: boolean;
  }[];
  readonly edges: readonly { readonly from: string; readonly to: string; readonly optional: boolean; readonly state: Presence }[];
}
