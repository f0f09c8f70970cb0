/** The table of components, in the order of the report: the platform first, then what it stands on. */
import type { Component } from "../engine/model.ts";
import { externalSecrets } from "./external_secrets/mod.ts";
import { flux } from "./flux/mod.ts";
import { kubernetes } from "./kubernetes/mod.ts";
import { nessie } from "./nessie/mod.ts";
import { network } from "./kubernetes/network_policy.ts";
import { nodesComponent } from "./kubernetes/nodes.ts";
import { onepasswordConnect } from "./onepassword/mod.ts";
import { postgresql } from "./postgresql/mod.ts";
import { rookCeph } from "./rook_ceph/mod.ts";
import { s3User } from "./object_store/mod.ts";
import { sparkClient, sparkHistoryServer, sparkOperator } from "./spark/mod.ts";
import { storage } from "./kubernetes/storage.ts";
import { workloads } from "./workloads/mod.ts";

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
