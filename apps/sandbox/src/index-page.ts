/** What `GET /` answers: the sandbox explained to whoever opens it. */
export function indexPage(url: string): string {
  return `Postrider sandbox: scriptable fake partners.

${url}/p/<name>            any method, any trailing path and query: one fake partner per name
${url}/_sandbox/summary    what each partner received

Make a partner misbehave:
  curl -X PUT ${url}/_sandbox/partners/acme -d '{"behaviours": "500x2,ok"}'
  curl -X PUT ${url}/_sandbox/partners/acme -d '{"behaviours": "each:500x2,ok", "secret": "whsec_..."}'
  curl -X PUT ${url}/_sandbox/partners/acme -d '{"behaviours": [{"kind": "slow", "delay_ms": 500, "status": 204}]}'

Look at what it received (in a browser: ${url}/):
  curl '${url}/_sandbox/requests?partner=acme&limit=10'
  curl -X DELETE ${url}/_sandbox/requests

Fire a signed test message at it, or at your own endpoint on this machine, and see what the doctor says of a spoiled one:
  curl ${url}/_sandbox/fire -H 'content-type: application/json' -d '{"target": "/p/acme", "fault": "reserialised"}'

A script is played in order, one step a request, the last step for ever. Compact steps are name[xTIMES][:argument]:
  ok  ok:204  500  429:2s  429:2s@date  limit:20/s  slow:500ms  slow_body:100ms/5s  redirect:https://else.where/
  endless_body  reset  reset_body  garbage  nul_body  hang  close
"each:" in front counts the steps for every webhook-id on its own.
`;
}
