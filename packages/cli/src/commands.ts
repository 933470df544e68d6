/**
 * The command line of each command. What a command does is imported only when it runs: help and a mistyped option need none
 * of it.
 */
import type { Command } from 'commander'
import type { Ending, Streams } from './ending.js'

const MAP_HELP = `
FILE is a module, in JavaScript or TypeScript, that exports tasks (task() of @troupe/actors/farm).
Each line of the input is a task's input as JSON; each line of the output is what the task returned.
A line that fails has no line in the output: it is told on stderr, or has a record in the --errors file.

Exit status: 0 all lines done; 1 some failed; 2 could not run;
  130 after Ctrl-C, 143 after SIGTERM; 141 when the reader of the output went away.
Ctrl-C once finishes what has begun; twice, or SIGTERM, stops at once.

Example:
  ls *.txt | jq -R '{path: .}' -c | troupe map digest.ts > digests.ndjson`

const WORKER_HELP = `
FILE is a module, in JavaScript or TypeScript, that exports the tasks of the farm, and maybe others.
The farm is one that was started with Farm.start({ endpoint, joinable: true }). When it ends, the workers wait for it
to come back. What tasks write with console.log goes to stderr.

Ctrl-C or SIGTERM once leaves the farm when the tasks that run are done; twice stops at once. It ends by that signal.
Exit status: 2 when it could not join, or not any more.

Example:
  troupe worker tasks.ts --join tcp://10.0.0.5:7000 --slots 8 --tags gpu eu`

const SERVE_HELP = `
FILE is a module, in JavaScript or TypeScript, that exports what implement(contract, handlers) of @troupe/actors/rpc makes.
Where it listens is told on stderr. What handlers write with console.log goes to stderr too.

Ctrl-C or SIGTERM once finishes the calls that run; twice stops at once. It ends by that signal.
Exit status: 2 when it could not serve, or not any more.

Example:
  troupe serve pricing.ts --endpoint tcp://127.0.0.1:7000 --workers 4`

const CALL_HELP = `
The server is asked for its contract. A stream from it is written as NDJSON, each item as it comes;
a stream to it is read as NDJSON from stdin. Bytes in the output are base64.

Exit status: 0 done; 1 the call failed; 2 it could not be made;
  130 after Ctrl-C, which cancels the call; 141 when the reader of the output went away.

Examples:
  troupe call tcp://127.0.0.1:7000 pricing.quote '{"ticker": "ACME"}'
  troupe call tcp://127.0.0.1:7000 pricing.ticks '{"ticker": "ACME"}' | head -3`

const PING_HELP = `
Each answer is a line of JSON: the health of the server, and the round trip as ms.

Exit status: 0 all answered; 1 some did not; 2 it could not ask.`

const TOP_HELP = `
ENDPOINT is where a farm was told to be looked at (Farm.start({ inspect }), troupe map --inspect), or where a service listens.
On a terminal it is shown in place until it ends or Ctrl-C; elsewhere, and with --once, it is written once.

Exit status: 0 it was shown, or has stopped; 1 it failed, or does not answer any more; 2 it could not be shown;
  130 after Ctrl-C; 141 when the reader of the output went away.

Examples:
  troupe top tcp://127.0.0.1:7700
  troupe top tcp://127.0.0.1:7700 --json --every 10000 >> night.ndjson`

const DESCRIBE_HELP = `
FILE is a module, in JavaScript or TypeScript, that exports a contract, or handlers with their contract.
What has a schema that its library cannot write as JSON Schema is told on stderr.`

const JOURNAL_SHOW_HELP = `
A journal that a running farm uses cannot be looked at. What is damaged is dropped, as a farm would.

Exit status: 0 it is whole; 1 it was damaged; 2 it cannot be read.`

const CERT_NEW_HELP = `
PATH is to give away, and PATH_secret to keep: its owner alone can read it. Both are files of czmq. The public key is written.

Example:
  troupe cert new server.cert --name pricing
  troupe cert new ann.cert --name Ann --email ann@example.org --meta role=trader
  mkdir clients && cp ann.cert clients
  troupe serve pricing.ts --endpoint tcp://0.0.0.0:7000 --cert server.cert --trust clients
  troupe call tcp://10.0.0.5:7000 pricing.quote '{"ticker": "ACME"}' --cert ann.cert --trust server.cert`

const CERT_SHOW_HELP = `
PATH is a certificate, or a folder of them. Secret keys are never shown, only whether they are there and who can read them.

Exit status: 0 all can be used; 1 some cannot; 2 there is none.`

type Ended = (how: Ending) => void

/** Adds all commands; `ended` is told how the one ended that was run. */
export function addCommands(program: Command, streams: Streams, ended: Ended): void {
  for (const add of [addMap, addWorker, addServe, addCall, addPing, addTop, addDescribe, addJournal, addCert])
    add(program, streams, ended)
}

function addMap(program: Command, streams: Streams, ended: Ended): void {
  program
    .command('map')
    .description('run a task over every line of an NDJSON stream, on supervised worker processes')
    .argument('<FILE[#task]>', 'the file of the task, and its name where the file exports several')
    .option('--input <FILE>', 'read NDJSON from this file; - is stdin (default: -)')
    .option('--output <FILE>', 'write NDJSON to this file; - is stdout (default: -)')
    .option('--errors <FILE>', 'write a record for each failed line to this file')
    .option('--workers <N>', 'worker processes (default: one a core)')
    .option('--concurrency <N>', 'tasks at once in a worker, for tasks that wait (default: 1)')
    .option('--unordered', 'write results as they come, not in the order of the input')
    .option('--retries <N>', 'how often a failed task is tried again (default: as the task says, or 0)')
    .option('--timeout-ms <N>', 'how long one try may take, 0 for no limit (default: as the task says, or 0)')
    .option('--speculate', 'run stragglers at the end a second time, where the task says that it is idempotent')
    .option('--journal <DIR>', 'keep what is done in this folder, so that the run can be gone on with')
    .option('--resume', 'go on with the run of the journal, if it holds one')
    .option('--inspect <ENDPOINT>', 'be looked at there while it runs, by troupe top')
    .option('--cert <PATH>', 'its own certificate, with the secret file beside it, for --inspect')
    .option('--trust <PATH>', 'whose keys may look: a certificate or a folder of them')
    .option('--insecure', 'with --inspect: listen beyond loopback without, for whoever reaches it')
    .option('--quiet', 'no progress and no report; failures are still told')
    .addHelpText('after', MAP_HELP)
    .action(async (file: string, options: unknown) => {
      const { map } = await import('./map.js')
      ended(await map(file, options, streams))
    })
}

function addWorker(program: Command, streams: Streams, ended: Ended): void {
  program
    .command('worker')
    .description('join a farm that runs elsewhere, and work for it')
    .argument('<FILE>', 'the file of the tasks')
    .requiredOption('--join <ENDPOINT>', 'where the farm listens, as tcp://10.0.0.5:7000')
    .option('--slots <N>', 'how many workers, each a process (default: one a core)')
    .option('--tags <TAG...>', 'what they have that tasks may ask for')
    .option('--inbox <ENDPOINT>', 'where each listens for the farm (default: a free port of the way to the farm)')
    .option('--advertise <HOST[:PORT]>', 'under which address the farm reaches the inbox, where it is another')
    .option('--join-timeout-ms <N>', 'how long the farm may take to welcome them, 0 for ever (default: 30000)')
    .option('--cert <PATH>', 'their certificate, for a farm that is secured by CURVE')
    .option('--trust <PATH>', 'the certificate of the farm, if that is secured')
    .option('--insecure', 'listen beyond loopback without, for whoever reaches it')
    .addHelpText('after', WORKER_HELP)
    .action(async (file: string, options: unknown) => {
      const { worker } = await import('./worker.js')
      ended(await worker(file, options, streams))
    })
}

function addServe(program: Command, streams: Streams, ended: Ended): void {
  program
    .command('serve')
    .description('serve the handlers of a contract over RPC, in this process or on supervised workers')
    .argument('<FILE>', 'the file of the handlers')
    .option('--export <NAME>', 'what of it to serve, where it exports several')
    .option('--endpoint <E>', 'where to listen, several with commas (default: a free port of 127.0.0.1)')
    .option('--workers <N>', 'workers that run the handlers (default: none, this process does)')
    .option('--isolation <WHERE>', 'each worker in a process or thread of its own (default: process)')
    .option('--concurrency <N>', 'calls at once, in each worker if there are any (default: 1024)')
    .option('--max-queued <N>', 'calls that may wait; one more is refused (default: 4096)')
    .option('--drain-ms <N>', 'how long a stop waits for the calls that run (default: 5000)')
    .option('--cert <PATH>', 'be secured by CURVE: its own certificate, with the secret file beside it')
    .option('--trust <PATH>', 'whose keys are let in: a certificate, a folder of them, or anyone')
    .option('--insecure', 'listen beyond loopback without, for whoever reaches it')
    .addHelpText('after', SERVE_HELP)
    .action(async (file: string, options: unknown) => {
      const { serve } = await import('./serve.js')
      ended(await serve(file, options, streams))
    })
}

function addCall(program: Command, streams: Streams, ended: Ended): void {
  program
    .command('call')
    .description('call a procedure of a server')
    .argument('<ENDPOINT>', 'where the server listens, as tcp://127.0.0.1:7000')
    .argument('<service.procedure>', 'what to call')
    .argument('[input]', 'its input as JSON; - reads it from stdin')
    .option(
      '--timeout, --timeout-ms <N>',
      'how long the call may take, 0 for ever (default: as the contract says, or 5000)',
    )
    .option('--metadata <key=value...>', 'goes with the call')
    .option('--cert <PATH>', 'its own certificate, for a server that is secured (default: a new key)')
    .option('--trust <PATH>', 'the certificate of the server, if that is secured')
    .addHelpText('after', CALL_HELP)
    .action(async (endpoint: string, name: string, input: string | undefined, options: unknown) => {
      const { call } = await import('./call.js')
      ended(await call({ endpoint, name, input }, options, streams))
    })
}

function addPing(program: Command, streams: Streams, ended: Ended): void {
  program
    .command('ping')
    .description('ask a server for its health')
    .argument('<ENDPOINT>', 'where the server listens, as tcp://127.0.0.1:7000')
    .option('--count <N>', 'how many times (default: 1)')
    .option('--interval-ms <N>', 'the rest between (default: 1000)')
    .option('--timeout, --timeout-ms <N>', 'how long an answer may take, 0 for ever (default: 5000)')
    .option('--cert <PATH>', 'its own certificate, for a server that is secured (default: a new key)')
    .option('--trust <PATH>', 'the certificate of the server, if that is secured')
    .addHelpText('after', PING_HELP)
    .action(async (endpoint: string, options: unknown) => {
      const { ping } = await import('./ping.js')
      ended(await ping(endpoint, options, streams))
    })
}

function addTop(program: Command, streams: Streams, ended: Ended): void {
  program
    .command('top')
    .description('show a running farm or service')
    .argument('<ENDPOINT>', 'where it can be looked at, as tcp://127.0.0.1:7700')
    .option('--every <MS>', 'how often to look (default: 1000)')
    .option('--once', 'look once')
    .option('--json', 'write what is seen as NDJSON')
    .option('--timeout, --timeout-ms <N>', 'how long an answer may take, 0 for ever (default: 5000)')
    .option('--cert <PATH>', 'its own certificate, for a server that is secured (default: a new key)')
    .option('--trust <PATH>', 'the certificate of the server, if that is secured')
    .addHelpText('after', TOP_HELP)
    .action(async (endpoint: string, options: unknown) => {
      const { top } = await import('./top.js')
      ended(await top(endpoint, options, streams))
    })
}

function addDescribe(program: Command, streams: Streams, ended: Ended): void {
  program
    .command('describe')
    .description('write a contract as JSON Schemas or as an AsyncAPI document')
    .argument('<FILE|ENDPOINT>', 'the file of the contract, or where a server of it listens')
    .option('--export <NAME>', 'which of the file, where it exports several')
    .option('--format <FORMAT>', 'json-schema or asyncapi (default: json-schema)')
    .option('--cert <PATH>', 'its own certificate, for a server that is secured (default: a new key)')
    .option('--trust <PATH>', 'the certificate of the server, if that is secured')
    .addHelpText('after', DESCRIBE_HELP)
    .action(async (fileOrEndpoint: string, options: unknown) => {
      const { describe } = await import('./describe.js')
      ended(await describe(fileOrEndpoint, options, streams))
    })
}

function addJournal(program: Command, streams: Streams, ended: Ended): void {
  program
    .command('journal')
    .description('look at the journal of durable runs')
    .command('show')
    .description('write what a journal holds: its runs, and how far each is')
    .argument('<PATH>', 'the folder of the journal')
    .option('--json', 'write one line of JSON')
    .addHelpText('after', JOURNAL_SHOW_HELP)
    .action(async (path: string, options: unknown) => {
      const { showJournal } = await import('./journal.js')
      ended(await showJournal(path, options, streams))
    })
}

function addCert(program: Command, streams: Streams, ended: Ended): void {
  const cert = program
    .command('cert')
    .description('make and show certificates, by which the ends of CURVE know each other')
  cert
    .command('new')
    .description('make a certificate')
    .argument('<PATH>', 'its file')
    .option('--name <TEXT>', 'whose it is')
    .option('--email <TEXT>', 'how that one is reached')
    .option('--meta <key=value...>', 'what else it says')
    .option('--force', 'replace what is there')
    .addHelpText('after', CERT_NEW_HELP)
    .action(async (path: string, options: unknown) => {
      const { newCertificate } = await import('./cert.js')
      ended(await newCertificate(path, options, streams))
    })
  cert
    .command('show')
    .description('write what a certificate says, or each of a folder')
    .argument('<PATH>', 'its file, or the folder')
    .option('--json', 'write a line of JSON for each')
    .addHelpText('after', CERT_SHOW_HELP)
    .action(async (path: string, options: unknown) => {
      const { showCertificates } = await import('./cert.js')
      ended(await showCertificates(path, options, streams))
    })
}
