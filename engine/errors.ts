import type { Diagnostic } from './contracts/diagnostic.ts';

/** Something the user has to mend before anything runs. `exitCode`: 2 for a workflow or its inputs, 3 for configuration and credentials. */
export class DagrunError extends Error {
  readonly exitCode: 2 | 3;
  /** What is wrong and where, when there is a place. */
  readonly diagnostics: readonly Diagnostic[];
  /** One action that mends it. */
  readonly help: string | undefined;

  constructor(message: string, details: { exitCode: 2 | 3; diagnostics?: readonly Diagnostic[]; help?: string }) {
    super(message);
    this.name = 'DagrunError';
    this.exitCode = details.exitCode;
    this.diagnostics = details.diagnostics ?? [];
    this.help = details.help;
  }
}

/** The file has mistakes: `diagnostics` holds them all, warnings included. */
export class WorkflowInvalid extends DagrunError {
  constructor(file: string, diagnostics: readonly Diagnostic[]) {
    const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
    super(`${file} has ${errors === 1 ? 'a mistake' : `${errors} mistakes`}`, { exitCode: 2, diagnostics });
    this.name = 'WorkflowInvalid';
  }
}

/** The values given for a workflow's inputs do not fit. */
export class InputsInvalid extends DagrunError {
  constructor(workflow: string, diagnostics: readonly Diagnostic[]) {
    super(`the inputs do not fit ${workflow}`, { exitCode: 2, diagnostics });
    this.name = 'InputsInvalid';
  }
}
