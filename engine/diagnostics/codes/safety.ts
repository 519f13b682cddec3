import type { CodeEntries } from '../code-entry.ts';

/** DAG6xx: secrets, and what reaches the world outside. */
export const SAFETY_CODES: CodeEntries = {
  DAG601: {
    title: 'a secret cannot stand here',
    explanation:
      'Secrets may stand in `headers` and `env` of `http` and `command` only, as `{{secrets.<name>}}`, alone or inside text. There the journal, the cache and every message hold the name and not the value. Anywhere else the value would be kept, printed or sent to a model.',
    wrong: `dagrun: 1
name: weather
nodes:
  weather:
    kind: http
    url: https://api.example.com/weather?key={{secrets.weather}}
outputs: { weather: nodes.weather.output }
`,
    right: `dagrun: 1
name: weather
nodes:
  weather:
    kind: http
    url: https://api.example.com/weather
    headers: { authorization: "Bearer {{secrets.weather}}" }
outputs: { weather: nodes.weather.output }
`,
  },
  DAG602: {
    title: 'a secret that is not configured',
    explanation: `Secrets are named in dagrun.config.yml: \`secrets: { github: "\${GH_TOKEN}" }\`. The workflow reads them by that name.`,
  },
};
