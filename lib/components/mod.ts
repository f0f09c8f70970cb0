/** The table of components, in the order of the report: the platform first, then what it stands on. */
import type { Component } from "../model.ts";
import { externalSecrets } from "./external_secrets.ts";
import { flux } from "./flux.ts";
import { kubernetes } from "./kubernetes.ts";
import { nessie } from "./nessie.ts";
import { network } from "./network_policy.ts";
import { nodesComponent } from "./nodes.ts";
import { onepasswordConnect } from "./onepassword_connect.ts";
import { postgresql } from "./postgresql.ts";
import { rookCeph } from "./rook_ceph.ts";
import { s3User } from "./s3_user.ts";
import { sparkClient, sparkHistoryServer, sparkOperator } from "./spark.ts";
import { storage } from "./storage.ts";
import { workloads } from "./workloads.ts";

export const components: readonly Component[] = [
  nessie,
  postgresql,
  sparkOperator,
  sparkHistoryServer,
  sparkClient,
  s3User,
  flux,
  externalSecrets,
  onepasswordConnect,
  rookCeph,
  storage,
  network,
  workloads,
  nodesComponent,
  kubernetes,
];
