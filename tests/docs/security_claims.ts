/** Which test checks which sentence of docs/security.md. A title without a file is a test of security.test.ts. */

export interface Proof {
  file: string;
  title: string;
}

const proof = (file: string, title: string): Proof => ({ file, title });
const here = (title: string): Proof => ({ file: "tests/docs/security.test.ts", title });

const RIGHTS = "tests/tools/rights.test.ts";
const SCRIPTS = "tests/tools/scripts.test.ts";
const QUESTION = "tests/procedures/onepassword/install/question.test.ts";
const SECRETS = "tests/procedures/onepassword/install/apply_secrets.test.ts";
const UNINSTALL = "tests/procedures/onepassword/uninstall.test.ts";
const APPLY = "tests/procedures/onepassword/install/apply.test.ts";
const OBC = "tests/procedures/obc_sync/host.test.ts";
const TRUST = "tests/clients/route/trust.test.ts";
const PROXIED = "tests/clients/route/proxied.test.ts";
const NO_CLUSTER = "tests/checkpoints/s3/no_cluster.test.ts";
const CREATE = "tests/integration_test/create.test.ts";

/** By the name of the claim, which stands behind its sentence. */
export const PROOFS: Readonly<Record<string, readonly Proof[]>> = {
  "page.checked": [here("each claim has a test, and each test that is named is there")],
  "rights.table": [
    here("the table of rights is what deno.json says"),
    here("a task without a right is stopped by Deno when it uses it all the same"),
  ],
  "rights.environment": [here("the common variables of the environment are those that the page names")],
  "rights.readers": [proof(RIGHTS, "a task that only reads may neither write a file nor start a program")],
  "rights.save": [
    proof(RIGHTS, "a task that ends in :exec or :save is its command with that right more, and nothing else"),
  ],
  "rights.exec": [
    proof(
      RIGHTS,
      "programs are started only by the tasks that end in :exec, and by the tools of this repository",
    ),
    proof(RIGHTS, "the task that it names starts the login plugin"),
  ],
  "rights.named": [
    proof(
      RIGHTS,
      "a file that the task may not write is said before anything is read, with the task that may",
    ),
    proof(RIGHTS, "a login by a program names the task that may start it, with all that was given"),
  ],
  "rights.native": [
    proof(
      RIGHTS,
      "no task loads native libraries from everywhere, and all rights have only the lab and its bench",
    ),
    proof(RIGHTS, "DuckDB opens with the right to its own directory, and without it does not"),
  ],
  "rights.lock": [
    proof(RIGHTS, "the lockfile is frozen, so that nothing is run that was not looked at"),
    proof("tests/tools/update_dependencies.test.ts", "nothing but the update thaws the lockfile"),
  ],
  "rights.lab": [
    proof(
      RIGHTS,
      "no task loads native libraries from everywhere, and all rights have only the lab and its bench",
    ),
  ],
  "scripts.rights": [
    proof(SCRIPTS, "the first line of a script has the rights of its task, and deno as the only program"),
    proof(SCRIPTS, "the scripts have the rights of the tasks that the page about security names"),
  ],
  "scripts.deno": [
    proof(SCRIPTS, "the first line of a script has the rights of its task, and deno as the only program"),
    proof(SCRIPTS, "a process that may start deno alone runs a generated test, and starts nothing else"),
  ],
  "scripts.native": [
    proof(SCRIPTS, "DuckDB is loaded from Deno's cache in the home directory; elsewhere the task is named"),
  ],
  "health.reads": [here("health asks for what rbac.yaml grants, and every request is a GET")],
  "health.secrets": [here("health asks for the metadata of Secrets only")],
  "health.writes": [
    here("health writes no file"),
    proof(
      "tests/lab_live/cluster/health.test.ts",
      "a health run writes nothing and reads no Secret's value, says the audit log",
    ),
  ],
  "health.sends": [here("health connects to the API server alone, with the user's login")],
  "health.keeps": [here("facts hold no value of the platform and not the login, and are their owner's")],
  "health.facts": [here("facts from a file are judged without a network")],
  "status.reads": [here("1p:status asks for what it is granted, and every request is a GET")],
  "status.sends": [
    proof(
      "tests/procedures/onepassword/status/token.test.ts",
      "the token goes to Connect's pod after a yes, or with --trust-connect, and else it stays here",
    ),
    proof(
      "tests/procedures/onepassword/status/token.test.ts",
      "a store whose host only looks like a Service, and a Service that leads out, get no token",
    ),
  ],
  "status.keeps": [here("1p:status keeps nothing, and its facts do not hold the token")],
  "install.reads": [
    proof(
      "tests/procedures/onepassword/sources.test.ts",
      "the environment is asked when no flag is given, and before the user is",
    ),
    proof("tests/procedures/onepassword/sources.test.ts", "stdin is read when asked to"),
    proof(
      "tests/procedures/onepassword/sources.test.ts",
      "on a terminal it is asked for, and what is pasted is not shown",
    ),
  ],
  "install.writes": [
    proof(APPLY, "what is absent is created with the mark, and a second time nothing is written"),
    proof(
      SECRETS,
      "a Secret is created with the mark, then left alone, then changed when the value is another one",
    ),
    proof(APPLY, "what Flux keeps is never written"),
  ],
  "install.adopt": [
    proof(
      APPLY,
      "what somebody else made with other settings is refused by field, and adopted only when asked",
    ),
    proof(
      QUESTION,
      "somebody else's token is not overwritten, not even with --yes; --adopt shows whose it is",
    ),
    proof(SECRETS, "a field that somebody took between the question and the write is not forced away"),
  ],
  "install.asks": [
    proof(
      QUESTION,
      "every Secret that would be made stands before the question, and where nobody can be asked nothing is written",
    ),
  ],
  "uninstall.removes": [
    proof(
      UNINSTALL,
      "a Secret is deleted only with our mark, in our writing, kept by nobody, and holding our key alone",
    ),
    proof(UNINSTALL, "another kind is deleted only with our mark in our writing"),
    proof(UNINSTALL, "from a Secret that holds more, or that somebody else made, our key alone is taken"),
  ],
  "install.sends": [
    proof(
      "tests/lab_live/onepassword/install.test.ts",
      "one 1p:install with two files brings the platform back, in time, and shows no secret",
    ),
    proof(
      "tests/lab/written.test.ts",
      "a secret that was left behind is found, however deep, hidden, and beside a lab's state",
    ),
  ],
  "install.dry": [
    proof(
      "tests/lab_live/onepassword/install.test.ts",
      "a dry run changes nothing and shows every object without its values",
    ),
  ],
  "obc.reads": [
    proof(
      "tests/procedures/obc_sync/keys.test.ts",
      "a user's Secret is the one that its status names, or else the one that Rook makes",
    ),
    proof(
      "tests/procedures/obc_sync/names.test.ts",
      "a claim without a valid name is told as its own failure",
    ),
  ],
  "obc.writes": [
    proof(
      "tests/procedures/obc_sync/run.test.ts",
      "an item that somebody else made is refused by name, and taken over with --adopt",
    ),
  ],
  "obc.sends": [
    proof(OBC, "a store whose host is no Service of the cluster gets no token, whatever the host looks like"),
    proof(OBC, "a Service that does not exist, or leads out of the cluster, gets no token"),
  ],
  "obc.asks": [
    proof(
      OBC,
      "the question comes before the first request, and names host, Service, store, vault and context",
    ),
  ],
  "obc.redirects": [proof(OBC, "a redirect takes the token nowhere, whatever its status")],
  "obc.plain": [
    proof(OBC, "over plain http the token goes to this machine only, unless --plain-http says otherwise"),
  ],
  "obc.keeps": [
    proof(
      "tests/procedures/obc_sync/process.test.ts",
      "a run writes the items and reports, the next one changes nothing, and a fault is exit status 2",
    ),
  ],
  "s3.reads": [
    here("the S3 checkpoint reads Secrets with keys of the store, or the one that it was given"),
    proof(NO_CLUSTER, "a given store and bucket are tried without a cluster, and nothing of one is unknown"),
  ],
  "s3.writes": [
    here("the S3 checkpoint writes in its scratch buckets, and leaves the store as it was"),
    proof(
      "tests/checkpoints/s3/scratch/places.test.ts",
      "a user who may make no bucket works below a prefix of one that is there, and leaves nothing in it",
    ),
  ],
  "s3.deletes": [
    proof(
      "tests/checkpoints/s3/scratch/only_ours.test.ts",
      "a store that ignores prefixes: what was there survives in a borrowed bucket, and the report says it",
    ),
    proof(
      "tests/checkpoints/s3/scratch/sweep.test.ts",
      "what killed runs left is removed as a whole, their buckets and their prefixes, and nothing beside it",
    ),
    proof(
      "tests/checkpoints/s3/scratch/delete.test.ts",
      "a key is in a place when it begins with its prefix, and leads out of it in no way",
    ),
  ],
  "s3.sends": [
    here("the S3 checkpoint connects to the API server and the store alone"),
    proof(NO_CLUSTER, "a given store and bucket are tried without a cluster, and nothing of one is unknown"),
  ],
  "s3.keeps": [here("the S3 checkpoint keeps no key, in no file")],
  "s3.temporary": [here("the temporary files of the S3 checkpoint are gone when it ends")],
  "nessie.writes": [
    here("the Nessie checkpoint writes on scratch references, and leaves the catalog as it was"),
  ],
  "nessie.sends": [here("the Nessie checkpoint connects to the API server and the given catalog alone")],
  "nessie.keeps": [here("the Nessie checkpoint keeps nothing that no flag names")],
  "phase1.keeps": [
    proof(
      "tests/checkpoints/phase1/last_times.test.ts",
      "a file that is hostile, too large, no file or nowhere costs an estimate and nothing else",
    ),
    proof(
      "tests/checkpoints/phase1/last_times.test.ts",
      "the file is in the cache of whoever runs it",
    ),
  ],
  "create.writes": [
    proof(CREATE, "a test is written after it was seen to pass, and to fail with every fact changed"),
    proof(
      CREATE,
      "when something else was found, the difference is shown, and without a terminal nothing is written",
    ),
  ],
  "create.keeps": [
    proof(
      "tests/integration_test/subjects.test.ts",
      "the test keeps flags that say where and how to look, and none that writes a file or names one",
    ),
  ],
  "lab.writes": [here("every place of the lab is below its checkout, its cache or its run directory")],
  "demo.starts": [here("the demo starts tasks of this repository")],
  "tls.verified": [
    proof(
      "tests/clients/kubernetes/connection.test.ts",
      "a certificate of a CA that the kubeconfig does not trust",
    ),
    proof(
      "tests/clients/kubernetes/connection.test.ts",
      "insecure-skip-tls-verify accepts an expired certificate, within the same limits",
    ),
  ],
  "tls.own": [
    proof(TRUST, "another server's certificate is none of the trusted ones, also by the same CA"),
    proof(TRUST, "a trusted certificate counts for its names and its time only"),
    proof(TRUST, "a trusted certificate that expires while it is used is trusted no longer"),
  ],
  "tls.roots": [
    proof(TRUST, "without a CA in the kubeconfig, SSL_CERT_FILE and SSL_CERT_DIR say whom to trust"),
  ],
  "tls.proxy": [
    proof(PROXIED, "a certificate is verified through a proxy as without one"),
    proof(PROXIED, "a proxy gets the user and password of its URL, and no message holds them"),
  ],
  "tls.said": [
    proof(
      "tests/clients/kubernetes/connections.test.ts",
      "plain and verbose reports say which connection is not secure, and JSON how each is",
    ),
  ],
  "tls.ca": [
    proof(
      "tests/checkpoint/given_address.test.ts",
      "every client of a given address trusts the CA that was given, and without it, or with another, none does",
    ),
    proof(
      "tests/checkpoint/given_address.test.ts",
      "the CA is trusted at that address only: another connection of the same process does not trust it",
    ),
  ],
  "tls.redirects": [
    proof(
      "tests/clients/kubernetes/connection.test.ts",
      "a redirect is not followed: the token would go elsewhere",
    ),
  ],
};
